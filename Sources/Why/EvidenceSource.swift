public import Kubernetes
public import Values

/// A source of objects: a cluster or saved files.
public protocol EvidenceSource {
    /// Reads an object.
    mutating func object(_ resource: APIResource, namespace: String?, name: String) -> Reading<Value>
    /// Reads the objects of one kind, at most `listLimit`.
    ///
    /// - Parameters:
    ///   - labels: labels that each object has; nil for all objects.
    ///   - fields: the field selector of an API server, which files do not evaluate.
    mutating func objects(
        _ resource: APIResource, namespace: String?, labels: Object?, fields: [(name: String, value: String)]
    ) -> Reading<[Value]>
}

/// The largest number of objects of a list that are read. Injectors have few pods, and a cluster has few webhook
/// configurations.
let listLimit = 500

/// Reads objects from a cluster, with at most 12 requests.
public struct ClusterEvidence: EvidenceSource {
    /// The largest number of requests: a diagnosis must not burden an API server that may be overloaded already.
    public static let requestLimit = 12

    private let client: APIClient
    public private(set) var requests = 0

    public init(_ client: APIClient) { self.client = client }

    public mutating func object(_ resource: APIResource, namespace: String?, name: String) -> Reading<Value> {
        ask { client throws(APIError) in
            try client.get(resource, namespace: resource.isNamespaced ? namespace : nil, name: name)
        }
    }

    public mutating func objects(
        _ resource: APIResource, namespace: String?, labels: Object?, fields: [(name: String, value: String)]
    ) -> Reading<[Value]> {
        ask { client throws(APIError) in
            try client.firstPage(
                resource, namespace: resource.isNamespaced ? namespace : nil,
                labels: (labels?.members ?? []).compactMap { member in
                    member.value.string.map { (member.key, $0) }
                },
                fields: fields, limit: listLimit)
        }
    }

    private mutating func ask<Found>(_ body: (APIClient) throws(APIError) -> Found) -> Reading<Found> {
        guard requests < Self.requestLimit else {
            return .notRead("the limit of \(Self.requestLimit) requests to the API server is reached")
        }
        requests += 1
        do throws(APIError) {
            return .found(try body(client))
        } catch {
            switch error.kind {
            case .notFound: return .missing(error.message)
            case .forbidden: return .denied(right: error.right ?? error.message)
            default: return .failed(error.message)
            }
        }
    }
}

/// Reads objects that `kubectl get … -o yaml` saved.
public struct SavedEvidence: EvidenceSource {
    private var all: [Value] = []

    /// The largest number of objects, and the largest depth of Lists within Lists.
    private static let mostObjects = 100_000
    private static let listDepth = 8

    public init(_ documents: [Value]) {
        for document in documents { add(document, kind: nil, depth: 0) }
    }

    private mutating func add(_ value: Value, kind: (kind: String, version: String)?, depth: Int) {
        guard all.count < Self.mostObjects, depth <= Self.listDepth, var object = value.object else { return }
        if let stated = object["kind"]?.string, stated.ends(with: "List"), let items = object["items"]?.array
        {
            // Items of a PodList have no kind.
            let inner = String(stated.dropLast(4))
            let version = object["apiVersion"]?.string ?? ""
            for item in items { add(item, kind: inner.isEmpty ? nil : (inner, version), depth: depth + 1) }
            return
        }
        if let kind, object["kind"] == nil {
            object["kind"] = .string(kind.kind)
            object["apiVersion"] = .string(kind.version)
        }
        all.append(.object(object))
    }

    public var isEmpty: Bool { all.isEmpty }

    /// Returns the namespace of the only object with that kind and name; nil if there are none or several.
    public func namespace(of target: WhyTarget) -> String? {
        let found = all(target.kind.resource).filter { $0["metadata"]?["name"]?.string == target.name }
        return found.count == 1 ? found[0]["metadata"]?["namespace"]?.string ?? "default" : nil
    }

    private func all(_ resource: APIResource) -> [Value] {
        all.filter { object in
            guard object["kind"]?.string == resource.kind else { return false }
            let version = object["apiVersion"]?.string ?? ""
            let group = version.contains(byte: "/") ? String(version.prefix { $0 != "/" }) : ""
            return group == resource.group
        }
    }

    public func object(_ resource: APIResource, namespace: String?, name: String) -> Reading<Value> {
        let found = all(resource).first { object in
            object["metadata"]?["name"]?.string == name
                && (!resource.isNamespaced
                    || (object["metadata"]?["namespace"]?.string ?? "default") == namespace)
        }
        if let found { return .found(found) }
        // Every namespace has this ConfigMap, so files that contain it contain all ConfigMaps of the namespace.
        let isWhole =
            resource == .configMaps
            && all(resource).contains { object in
                object["metadata"]?["name"] == "kube-root-ca.crt"
                    && object["metadata"]?["namespace"]?.string == namespace
            }
        return isWhole
            ? .missing("\(resource.kind) \"\(name)\" is not among those of namespace \"\(namespace ?? "")\"")
            : .notRead("no file holds \(resource.kind) \"\(name)\"")
    }

    public func objects(
        _ resource: APIResource, namespace: String?, labels: Object?, fields: [(name: String, value: String)]
    ) -> Reading<[Value]> {
        let all = all(resource)
        guard !all.isEmpty else { return .notRead("no file holds a \(resource.kind)") }
        return .found(
            Array(
                all.lazy.filter { object in
                    guard namespace == nil || object["metadata"]?["namespace"]?.string == namespace else {
                        return false
                    }
                    let own = object["metadata"]?["labels"]
                    return (labels?.members ?? []).allSatisfy { own?[$0.key] == $0.value }
                }.prefix(listLimit)))
    }
}
