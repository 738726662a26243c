import Values

/// Writes a map as TOML: first the plain members, then the tables, both sorted by key. Nested tables are indented by
/// two spaces.
struct TOMLWriter: ~Copyable {
    private var output = ByteBuffer()
    private let call: Call

    /// - Throws: a message if TOML cannot represent a value at its place. A scalar or a list at the top level is
    ///   written as it would be inline.
    static func text(_ value: GoValue, _ call: Call) throws(FunctionError) -> [UInt8] {
        var writer = TOMLWriter(call: call)
        guard value.memberCount != nil else {
            let isTables = try isListOfTables(value)
            if isTables {
                throw .message("toml: top-level values must be Go maps or structs")
            }
            try writer.inline(value, depth: 0)
            return writer.output.bytes
        }
        try writer.table(value, path: [])
        return writer.output.bytes
    }

    private init(call: Call) { self.call = call }

    private static func isTable(_ value: GoValue) -> Bool { value.memberCount != nil }

    private static func isListOfTables(_ value: GoValue) throws(FunctionError) -> Bool {
        guard let items = value.items, !items.isEmpty else { return false }
        if items.contains(where: \.isNil) { throw .message("toml: cannot encode array with nil element") }
        return items.allSatisfy(isTable)
    }

    /// Returns the members that are written on a line of their own, and those that are tables or lists of tables. nil
    /// ones are omitted.
    private static func parted(_ members: [(key: String, value: GoValue)]) throws(FunctionError)
        -> (lines: [(key: String, value: GoValue)], tables: [(key: String, value: GoValue)])
    {
        var lines: [(key: String, value: GoValue)] = []
        var tables: [(key: String, value: GoValue)] = []
        for member in members where !member.value.isNil {
            let isTables = try isListOfTables(member.value)
            if isTables || isTable(member.value) { tables.append(member) } else { lines.append(member) }
        }
        return (lines, tables)
    }

    private mutating func table(_ value: GoValue, path: [String]) throws(FunctionError) {
        if path.count > Structure.depthLimit { throw .message("toml: a table nests too deeply") }
        let (lines, tables) = try TOMLWriter.parted(value.sortedMembers ?? [])
        try call.work(lines.count + tables.count)
        try call.room(bytes: output.count)
        let indent = path.count * 2
        for (key, member) in lines {
            output.append(repeating: 0x20, count: indent)
            output.append(TOMLWriter.key(key) + " = ")
            try inline(member, depth: 0)
            output.append(0x0A)
        }
        for (key, member) in tables {
            let path = path + [TOMLWriter.key(key)]
            if Self.isTable(member) {
                heading("[", path, "]")
                try table(member, path: path)
                continue
            }
            for item in member.items ?? [] {
                heading("[[", path, "]]")
                try table(item, path: path)
            }
        }
    }

    private mutating func heading(_ open: String, _ path: [String], _ close: String) {
        // An empty line before each item of a list of tables, and before tables at the top level.
        if output.count > 0 && (path.count == 1 || open == "[[") { output.append(0x0A) }
        output.append(repeating: 0x20, count: (path.count - 1) * 2)
        output.append(open + path.joined(separator: ".") + close + "\n")
    }

    private static func key(_ text: String) -> String {
        let isBare = !text.isEmpty && text.utf8.allSatisfy { SemanticVersion.isIdentifier($0) || $0 == 0x5F }
        return isBare ? text : quoted(text)
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{8}": result += "\\b"
            case "\u{C}": result += "\\f"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let hex = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.utf8.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// Appends a float as Go's `%g`, with `.0` if it would look like an integer.
    private mutating func append(_ number: Double) {
        guard number.isFinite else {
            output.append((number.sign == .minus ? "-" : "") + (number.isNaN ? "nan" : "inf"))
            return
        }
        var text = ByteBuffer()
        GoFloat.append(number, verb: UInt8(ascii: "g"), precision: -1, isSingle: false, into: &text)
        output.append(text.bytes)
        if !text.bytes.contains(where: { $0 == 0x2E || $0 == 0x65 }) { output.append(".0") }
    }

    private mutating func inline(_ value: GoValue, depth: Int) throws(FunctionError) {
        if depth > Structure.depthLimit { throw .message("toml: a list nests too deeply") }
        switch value {
        case .none: throw .message("reflect: call of reflect.Value.Type on zero Value")
        case .bool(let flag): output.append(flag ? "true" : "false")
        case .float64(let number):
            append(number)
        case .int, .int64, .signed, .unsigned: output.append(try call.printed(value))
        case .native(let native as NativeTime): output.append(native.ownJSONText)
        case .native:
            output.append(TOMLWriter.quoted(String(decoding: try call.printed(value), as: UTF8.self)))
        default:
            if let text = value.stringText { return output.append(TOMLWriter.quoted(text)) }
            if let items = value.items {
                output.append(0x5B)
                for (index, item) in items.enumerated() {
                    if item.isNil { throw .message("toml: cannot encode array with nil element") }
                    if index > 0 { output.append(", ") }
                    try inline(item, depth: depth + 1)
                }
                return output.append(0x5D)
            }
            guard let members = value.sortedMembers else {
                throw .message("toml: unsupported type: \(value.typeName)")
            }
            output.append(0x7B)
            let (lines, tables) = try TOMLWriter.parted(members)
            for (index, member) in (lines + tables).enumerated() {
                if index > 0 { output.append(", ") }
                output.append(TOMLWriter.key(member.key) + " = ")
                try inline(member.value, depth: depth + 1)
            }
            output.append(0x7D)
        }
    }
}
