public import Values

/// The data of a ConfigMap.
public struct ConfigMap: Sendable, Equatable {
    public let reference: ObjectReference
    private let data: [String: String]

    public init(_ object: Value, _ reference: ObjectReference) {
        self.reference = reference
        var data: [String: String] = [:]
        for member in object["data"]?.object?.members ?? [] { data[member.key] = member.value.string }
        self.data = data
    }

    /// The name of a key's text in messages: `configmap istio-system/istio, key mesh`.
    public func name(of key: String) -> String { "configmap \(reference), key \(key)" }

    public func has(_ key: String) -> Bool { data[key] != nil }

    /// - Throws: if there is no such key; the error lists the existing ones.
    public func bytes(_ key: String) throws(APIError) -> [UInt8] {
        guard let text = data[key] else {
            let keys = data.isEmpty ? "no keys" : data.keys.sorted().prefix(20).joined(separator: ", ")
            throw APIError(.malformed, "configmap \(reference) has no key \"\(key)\"; it has \(keys)")
        }
        return Array(text.utf8)
    }
}
