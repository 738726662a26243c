import TestSupport
import Values
import YAML

/// A manifest as kubectl reads it: UTF-16 if it has that byte order mark, else UTF-8. Ignores marks at line starts.
struct ManifestText {
    let text: String

    init(_ bytes: [UInt8]) {
        text = Self.decoded(bytes).replacing("\n\u{FEFF}", with: "\n").trimmingPrefix("\u{FEFF}").description
    }

    private static func decoded(_ bytes: [UInt8]) -> String {
        guard bytes.count >= 2, bytes[..<2] == [0xFF, 0xFE] || bytes[..<2] == [0xFE, 0xFF] else {
            return String(decoding: bytes, as: UTF8.self)
        }
        let low = bytes[0] == 0xFF ? 0 : 1
        let units = stride(from: 2, to: bytes.count - 1, by: 2).map {
            UInt16(bytes[$0 + low]) | UInt16(bytes[$0 + 1 - low]) << 8
        }
        return String(decoding: units, as: UTF16.self)
    }

    /// The lines, without line ends.
    var lines: [String] {
        text.replacing("\r\n", with: "\n").split(separator: "\n", omittingEmptySubsequences: false)
            .map(String.init)
    }

    /// The values of a JSON stream, or of all YAML documents that are not empty.
    func documents() throws -> [Value] {
        if let values = jsonStream() { return values }
        return try YAMLReader.documents(Array(text.utf8)).map(\.value).filter { $0 != .null }
    }

    /// nil if the text is not a sequence of JSON objects.
    private func jsonStream() -> [Value]? {
        let bytes = Array(text.utf8)
        var values: [Value] = []
        var (depth, start, inString, escaped) = (0, 0, false, false)
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case _ where escaped: escaped = false
            case UInt8(ascii: "\\") where inString: escaped = true
            case UInt8(ascii: "\""): inString.toggle()
            case _ where inString: continue
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                if depth == 0 { start = index }
                depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                guard depth == 0 else { continue }
                guard let value = try? JSON.read(Array(bytes[start...index])) else { return nil }
                values.append(value)
            case _ where depth == 0 && ![9, 10, 13, 32].contains(byte): return nil
            default: continue
            }
        }
        return depth == 0 && !values.isEmpty ? values : nil
    }
}

extension Value {
    /// The value at the end of a path of member names and indices.
    func at(_ path: Value) throws(Unmet) -> Value {
        var value = self
        for step in path.array ?? [] {
            var next = step.string.flatMap { value[$0] }
            if let index = step.int.map(Int.init), let items = value.array, items.indices.contains(index) {
                next = items[index]
            }
            guard let next else { throw Unmet("there is nothing at \(JSON.text(path))") }
            value = next
        }
        return value
    }

    /// The number of containers istio-proxy in this pod's spec.
    var proxies: Int {
        ["containers", "initContainers"].reduce(0) { $0 + containers($1, named: "istio-proxy").count }
    }

    func containers(_ key: String, named name: String) -> [Value] {
        (self[key]?.array ?? []).filter { $0["name"]?.string == name }
    }

    /// All pod specs in the value.
    var podSpecs: [Value] {
        let within = (array ?? object?.members.map(\.value) ?? []).flatMap(\.podSpecs)
        let isOne = self["containers"]?.array != nil || self["initContainers"]?.array != nil
        return (isOne ? [self] : []) + within
    }

    /// The value without members that are null, zero or empty.
    var bare: Value {
        if let items = array { return .array(items.map(\.bare)) }
        guard let object else { return self }
        var kept = Object()
        for member in object.members {
            let value = member.value.bare
            let defaults: [Value] = [
                .null, .int(0), .string(""), .array([]), .object(Object()), .bool(false),
            ]
            if !defaults.contains(value) { kept[member.key] = value }
        }
        return .object(kept)
    }
}
