import Values

/// Writes and parses JSON as Go's encoding/json does: maps are sorted by key, structs have the order of their fields,
/// and `<`, `>` and `&` are escaped by default. Parsed numbers become float64.
struct GoJSON: ~Copyable {
    private var output = ByteBuffer()
    private let call: Call
    /// The number of spaces per level; nil for a single line.
    private let indent: Int?
    private let escapesHTML: Bool

    static func text(
        _ value: GoValue, _ call: Call, indent: Int? = nil, escapesHTML: Bool = true
    ) throws(FunctionError) -> [UInt8] {
        var writer = GoJSON(call: call, indent: indent, escapesHTML: escapesHTML)
        try writer.append(value, depth: 0)
        return writer.output.bytes
    }

    private init(call: Call, indent: Int?, escapesHTML: Bool) {
        self.call = call
        self.indent = indent
        self.escapesHTML = escapesHTML
    }

    private mutating func append(_ value: GoValue, depth: Int) throws(FunctionError) {
        if depth > Structure.depthLimit {
            throw .message("json: unsupported value: encountered a cycle via \(value.typeName)")
        }
        try call.work(1)
        try call.room(bytes: output.count)
        switch value {
        case .none: output.append("null")
        case .bool(let flag): output.append(flag ? "true" : "false")
        case .int(let number): NumberFormat.append(Int64(number), into: &output)
        case .int64(let number), .signed(_, let number): NumberFormat.append(number, into: &output)
        case .unsigned(_, let number): NumberFormat.append(number, into: &output)
        case .float64(let number): try append(number)
        case .float32(let number): try append(Double(number))
        case .complex: throw .message("json: unsupported type: complex128")
        case .string, .rawString: append(text: value.stringText ?? "")
        case .bytes(let bytes): append(text: Base64.encode(bytes))
        case .typed(let typed): try append(TypedJSON.value(typed.value, typed.type), depth: depth)
        case .native(let native as any JSONStructured): try append(native.jsonFields, depth: depth)
        case .native(let native): append(text: native.jsonText)
        case .array(let items):
            try list(items.count, depth) { (writer: inout GoJSON, index) throws(FunctionError) in
                try writer.append(GoValue(items[index]), depth: depth + 1)
            }
        case .list, .strings, .slice:
            let items = value.items ?? []
            try list(items.count, depth) { (writer: inout GoJSON, index) throws(FunctionError) in
                try writer.append(items[index], depth: depth + 1)
            }
        case .object, .map: try members(value.sortedMembers ?? [], depth)
        }
    }

    /// Appends the result of a typed view, whose members are in order already.
    private mutating func append(_ value: Value, depth: Int) throws(FunctionError) {
        if case .object(let object) = value {
            try members(object.members.map { ($0.key, GoValue($0.value)) }, depth)
        } else {
            try append(GoValue(value), depth: depth)
        }
    }

    private mutating func append(_ number: Double) throws(FunctionError) {
        guard number.isFinite else {
            throw .message("json: unsupported value: \(number.isNaN ? "NaN" : number < 0 ? "-Inf" : "+Inf")")
        }
        NumberFormat.appendJSON(number, into: &output)
    }

    private mutating func append(text: String) {
        JSON.writeString(text, into: &output, escapesHTML: escapesHTML, escapesLineSeparators: true)
    }

    private mutating func newLine(_ depth: Int) {
        guard let indent else { return }
        output.append(0x0A)
        output.append(repeating: 0x20, count: indent * depth)
    }

    private mutating func list(
        _ count: Int, _ depth: Int, _ item: (inout GoJSON, Int) throws(FunctionError) -> Void
    ) throws(FunctionError) {
        output.append(0x5B)
        for index in 0..<count {
            if index > 0 { output.append(0x2C) }
            newLine(depth + 1)
            try item(&self, index)
        }
        if count > 0 { newLine(depth) }
        output.append(0x5D)
    }

    private mutating func members(_ members: [(key: String, value: GoValue)], _ depth: Int)
        throws(FunctionError)
    {
        output.append(0x7B)
        for (index, member) in members.enumerated() {
            if index > 0 { output.append(0x2C) }
            newLine(depth + 1)
            append(text: member.key)
            output.append(0x3A)
            if indent != nil { output.append(0x20) }
            try append(member.value, depth: depth + 1)
        }
        if !members.isEmpty { newLine(depth) }
        output.append(0x7D)
    }

    /// Parses a text as encoding/json does for an `interface {}`.
    static func read(_ text: [UInt8]) throws(FunctionError) -> GoValue {
        let value: Value
        do { value = try JSON.read(text) } catch { throw .message(JSONComplaint.text(text, error)) }
        return decoded(value)
    }

    /// Converts numbers to float64 and objects to mutable maps. The depth is bounded by that of the JSON parser.
    static func decoded(_ value: Value) -> GoValue {
        switch value {
        case .int(let number): return .float64(Double(number))
        case .array(let items): return .list(items.map(decoded))
        case .object(let object):
            let map = GoMap()
            for member in object.members { map[member.key] = decoded(member.value) }
            return .map(map)
        default: return GoValue(value)
        }
    }
}

extension NativeValue {
    /// The value as encoding/json writes it: its printed text, unless the type has a JSON form of its own.
    var jsonText: String { (self as? any JSONTextual)?.ownJSONText ?? printed }
}

/// A native value that is a JSON object with its exported fields.
protocol JSONStructured {
    var jsonFields: GoValue { get }
}

/// A native value whose JSON differs from the output of `print`.
protocol JSONTextual {
    var ownJSONText: String { get }
}
