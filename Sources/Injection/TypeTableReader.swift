import PluginAPI
import Values

/// Reads the embedded table of types; its format is described in Sources/CAssets/generate/types.py.
///
/// The table is part of the program and is read whole; what does not follow the format is left out, which the tests
/// over every type would notice.
struct TypeTableReader {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var place = 0
    private var types: [ObjectType] = []
    private var elements: [Int] = []

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    /// All named types by name.
    ///
    /// - Parameter proxyDefaults: the members that `protoToJSON` leaves out of a proxy configuration.
    mutating func read(proxyDefaults: Object) -> [String: ObjectType] {
        types.reserveCapacity(700)
        elements.reserveCapacity(700)
        readTypes()
        for (index, element) in elements.enumerated() where element >= 0 {
            types[index].complete(element: types[element])
        }
        while place < bytes.count { readBody(proxyDefaults) }
        var named: [String: ObjectType] = [:]
        named.reserveCapacity(types.count)
        for type in types { named[type.name] = type }
        return named
    }

    /// The columns of the next line.
    private mutating func line() -> [UnsafeBufferPointer<UInt8>] {
        var columns: [UnsafeBufferPointer<UInt8>] = []
        columns.reserveCapacity(5)
        var start = place
        while place < bytes.count {
            let byte = bytes[place]
            if byte == 0x09 || byte == 0x0a {
                columns.append(UnsafeBufferPointer(rebasing: bytes[start..<place]))
                start = place + 1
            }
            place += 1
            if byte == 0x0a { break }
        }
        return columns
    }

    private var next: UInt8 { place < bytes.count ? bytes[place] : 0 }

    private func text(_ column: UnsafeBufferPointer<UInt8>) -> String {
        String(decoding: column, as: UTF8.self)
    }

    private func number(_ column: some Sequence<UInt8>) -> Int {
        var result = 0
        for byte in column where byte >= 0x30 && byte <= 0x39 { result = result * 10 + Int(byte - 0x30) }
        return result
    }

    private mutating func readTypes() {
        while place < bytes.count, next != UInt8(ascii: "=") {
            let columns = line()
            guard columns.count >= 2, let letter = columns[0].first, let kind = Self.kind(letter) else {
                continue
            }
            types.append(ObjectType(name: text(columns[1]), kind: kind))
            elements.append(columns.count > 2 ? number(columns[2]) : -1)
        }
    }

    private static func kind(_ letter: UInt8) -> ObjectType.Kind? {
        switch letter {
        case UInt8(ascii: "s"): .structure
        case UInt8(ascii: "*"): .pointer
        case UInt8(ascii: "["): .slice
        case UInt8(ascii: "m"): .map
        case UInt8(ascii: "t"): .string
        case UInt8(ascii: "b"): .bool
        case UInt8(ascii: "i"): .int
        case UInt8(ascii: "f"): .float
        case UInt8(ascii: "y"): .bytes
        case UInt8(ascii: "q"): .quantity
        case UInt8(ascii: "o"): .intOrString
        case UInt8(ascii: "c"): .time
        case UInt8(ascii: "d"): .duration
        case UInt8(ascii: "w"): .wrapper
        case UInt8(ascii: "e"): .enumeration
        case UInt8(ascii: "a"): .any
        default: nil
        }
    }

    private mutating func readBody(_ proxyDefaults: Object) {
        let head = line()
        guard let first = head.first, first.first == UInt8(ascii: "=") else { return }
        let index = number(first.dropFirst())
        guard types.indices.contains(index) else { return }
        let type = types[index]
        var fields: [ObjectType.Field] = []
        var methods: [String: ObjectType.Method] = [:]
        var enumeration: [(name: String, number: Int)] = []
        while place < bytes.count, next != UInt8(ascii: "=") {
            let mark = next
            let columns = line()
            let name = String(decoding: columns[0].dropFirst(), as: UTF8.self)
            switch mark {
            case UInt8(ascii: "."):
                if columns[3].contains(UInt8(ascii: "g")) {
                    methods["Get" + name] = .getter(field: fields.count)
                }
                fields.append(field(name, columns))
            case UInt8(ascii: "+"):
                enumeration.append((name, number(columns[1])))
            default:
                for letter in name.utf8 {
                    switch letter {
                    case UInt8(ascii: "s"): methods["String"] = .string
                    case UInt8(ascii: "v"): methods["Value"] = .value
                    case UInt8(ascii: "g"): methods["GetValue"] = .value
                    default: methods["IsZero"] = .isZero
                    }
                }
            }
        }
        let element = elements[index] >= 0 ? types[elements[index]] : nil
        let isProxyConfig = type.name == "v1alpha1.ProxyConfig"
        type.complete(
            element: element, fields: fields, methods: methods, enumeration: enumeration,
            protoDefaults: isProxyConfig ? proxyDefaults : nil)
    }

    private func field(_ name: String, _ columns: [UnsafeBufferPointer<UInt8>]) -> ObjectType.Field {
        let flags = columns[3]
        let isMerged = flags.contains(UInt8(ascii: "m"))
        let keepsKeys = flags.contains(UInt8(ascii: "r"))
        return ObjectType.Field(
            name: name, jsonName: text(columns[1]), type: types[number(columns[2])],
            omitEmpty: flags.contains(UInt8(ascii: "o")), isInline: flags.contains(UInt8(ascii: "i")),
            isOneOf: flags.contains(UInt8(ascii: "x")),
            patchStrategy: isMerged ? (keepsKeys ? "merge,retainKeys" : "merge") : nil,
            patchMergeKey: columns.count > 4 ? text(columns[4]) : nil)
    }
}
