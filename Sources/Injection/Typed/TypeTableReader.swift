import Glibc
import PluginAPI
import Values

/// Reads the embedded table of types; its format is described in Sources/CAssets/generate/types.py.
///
/// All types are created at once, without content; the content of a struct or an enum is read on first use. Reading all
/// of it took 1.4 ms, longer than the rest of a process's start; creating the types takes 0.2 ms.
///
/// The table is part of the program, so there are no errors: an entry in another format is omitted, and the tests of
/// every type would fail.
final class TypeTableReader: @unchecked Sendable {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let proxyDefaults: Object
    /// The types by their number in the table. Only `init` writes it, before the content of any type can be read.
    private(set) var types: [ObjectType] = []

    /// - Parameters:
    ///   - bytes: the table, which must live as long as the process.
    ///   - proxyDefaults: the members that `protoToJSON` omits from a proxy configuration.
    init(_ bytes: UnsafeBufferPointer<UInt8>, proxyDefaults: Object) {
        self.bytes = bytes
        self.proxyDefaults = proxyDefaults
        var elements: [Int] = []
        var names: [(kind: ObjectType.Kind, name: String)] = []
        elements.reserveCapacity(640)
        names.reserveCapacity(640)
        var cursor = TableCursor(bytes, at: 0)
        while cursor.isInside, cursor.byte != UInt8(ascii: "=") {
            let kind = Self.kind(cursor.byte)
            _ = cursor.column()
            names.append((kind, String(decoding: cursor.column(), as: UTF8.self)))
            elements.append(cursor.isAtLineEnd ? -1 : cursor.number())
            cursor.nextLine()
        }
        let bodies = Self.bodies(cursor, count: names.count)
        types.reserveCapacity(names.count)
        for (index, entry) in names.enumerated() {
            let body = bodies[index]
            types.append(
                body < 0
                    ? ObjectType(name: entry.name, kind: entry.kind)
                    : ObjectType(name: entry.name, kind: entry.kind) { self.content(at: body) })
        }
        for (index, element) in elements.enumerated() where element >= 0 {
            types[index].complete(element: types[element])
        }
    }

    /// The position of each type's content, by number; -1 for a type without content.
    private static func bodies(_ start: TableCursor, count: Int) -> [Int] {
        var bodies = [Int](repeating: -1, count: count)
        var cursor = start
        while cursor.isInside {
            if cursor.byte == UInt8(ascii: "=") {
                let number = cursor.number()
                cursor.nextLine()
                if bodies.indices.contains(number) { bodies[number] = cursor.place }
            } else {
                cursor.nextLine()
            }
        }
        return bodies
    }

    private static func kind(_ letter: UInt8) -> ObjectType.Kind {
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
        default: .any
        }
    }

    private func content(at place: Int) -> ObjectType.Content {
        var cursor = TableCursor(bytes, at: place)
        var fields: [ObjectType.Field] = []
        var methods: [String: ObjectType.Method] = [:]
        var enumeration: [(name: String, number: Int)] = []
        var defaults: Object?
        while cursor.isInside, cursor.byte != UInt8(ascii: "=") {
            let mark = cursor.byte
            let name = String(decoding: cursor.column().dropFirst(), as: UTF8.self)
            switch mark {
            case UInt8(ascii: "."):
                let (field, hasGetter) = self.field(name, &cursor)
                if hasGetter { methods["Get" + name] = .getter(field: fields.count) }
                fields.append(field)
            case UInt8(ascii: "+"):
                enumeration.append((name, cursor.number()))
            case UInt8(ascii: "d"):
                defaults = proxyDefaults
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
            cursor.nextLine()
        }
        return ObjectType.Content(
            fields: fields, methods: methods, enumeration: enumeration, protoDefaults: defaults)
    }

    private func field(
        _ name: String, _ cursor: inout TableCursor
    ) -> (field: ObjectType.Field, hasGetter: Bool) {
        let jsonName = String(decoding: cursor.column(), as: UTF8.self)
        let type = types[cursor.number()]
        var omitEmpty = false
        var isInline = false
        var isOneOf = false
        var hasGetter = false
        var isMerged = false
        var keepsKeys = false
        for flag in cursor.column() {
            switch flag {
            case UInt8(ascii: "o"): omitEmpty = true
            case UInt8(ascii: "i"): isInline = true
            case UInt8(ascii: "x"): isOneOf = true
            case UInt8(ascii: "g"): hasGetter = true
            case UInt8(ascii: "m"): isMerged = true
            default: keepsKeys = true
            }
        }
        let mergeKey = cursor.isAtLineEnd ? nil : String(decoding: cursor.column(), as: UTF8.self)
        let field = ObjectType.Field(
            name: name, jsonName: jsonName, type: type, omitEmpty: omitEmpty, isInline: isInline,
            isOneOf: isOneOf,
            patchStrategy: isMerged ? keepsKeys ? "merge,retainKeys" : "merge" : nil, patchMergeKey: mergeKey)
        return (field, hasGetter)
    }
}

/// A place in the table: lines of columns, each of which ends in a tab or the line's end.
private struct TableCursor {
    private let bytes: UnsafeBufferPointer<UInt8>
    private(set) var place: Int

    init(_ bytes: UnsafeBufferPointer<UInt8>, at place: Int) {
        self.bytes = bytes
        self.place = place
    }

    var isInside: Bool { place < bytes.count }
    var byte: UInt8 { isInside ? bytes[place] : 0 }
    /// Whether the line has no further column.
    var isAtLineEnd: Bool { !isInside || bytes[place] == 0x0a }

    /// The next column. Empty at the end of the line, which is not passed.
    mutating func column() -> UnsafeBufferPointer<UInt8> {
        let start = place
        while place < bytes.count, bytes[place] != 0x09, bytes[place] != 0x0a { place += 1 }
        let end = place
        if place < bytes.count, bytes[place] == 0x09 { place += 1 }
        return UnsafeBufferPointer(rebasing: bytes[start..<end])
    }

    /// The number in the next column.
    mutating func number() -> Int {
        var result = 0
        for byte in column() where byte >= 0x30 && byte <= 0x39 { result = result * 10 + Int(byte - 0x30) }
        return result
    }

    mutating func nextLine() {
        guard isInside, let base = bytes.baseAddress else { return }
        guard let end = memchr(base + place, 0x0a, bytes.count - place) else {
            place = bytes.count
            return
        }
        place = UnsafeRawPointer(base).distance(to: end) + 1
    }
}
