import PluginAPI
import Values

/// One call of a function, as the function's body sees it: the arguments by index, and the context of the call.
struct Call {
    let arguments: [GoValue]
    let context: FunctionContext

    var count: Int { arguments.count }
    subscript(index: Int) -> GoValue { arguments[index] }

    func bytes(_ index: Int) -> [UInt8] { arguments[index].stringBytes ?? [] }
    func text(_ index: Int) -> String { arguments[index].stringText ?? "" }
    func int(_ index: Int) -> Int { Int(truncatingIfNeeded: Cast.int64(arguments[index])) }
    func bool(_ index: Int) -> Bool { if case .bool(let value) = arguments[index] { value } else { false } }
    func rest(from index: Int) -> ArraySlice<GoValue> { arguments.dropFirst(index) }

    /// Throws if that many bytes exceed the limit. Call it before building them.
    func room(bytes: Int) throws(FunctionError) { try context.checkSize(bytes) }

    /// Throws if the product exceeds the limit. Call it before multiplying lengths. Neither factor is negative.
    func room(bytes: Int, times: Int) throws(FunctionError) {
        let (product, overflow) = bytes.multipliedReportingOverflow(by: times)
        try context.checkSize(overflow ? .max : product)
    }

    /// Throws if that many items exceed the limit, at about 32 bytes each. Call it before building a list or map.
    func room(items: Int) throws(FunctionError) { try room(bytes: items, times: 32) }

    /// The number of bytes of text that a function may handle for one step. They cost about as much as an instruction.
    static let bytesPerStep = 64

    /// Counts steps for work in proportion to an input.
    func work(_ units: Int) throws(FunctionError) { try context.count(steps: units) }
}

/// Builds a row of a function table. `template` is an example and `output` its result. Both are documentation and a
/// test.
func function(
    _ name: String, _ signature: String, _ summary: String, _ template: String, _ output: String,
    isPure: Bool = true, mutates: Bool = false,
    _ body: @escaping @Sendable (Call) throws(FunctionError) -> GoValue
) -> TemplateFunction {
    TemplateFunction(
        name, signature, isPure: isPure, mutates: mutates, summary: summary,
        example: (template: template, output: output)
    ) { (arguments: [GoValue], context: FunctionContext) throws(FunctionError) -> GoValue in
        let result = try body(Call(arguments: arguments, context: context))
        // Functions that multiply lengths check the size before they build. This check bounds functions that add a
        // little each time (quote, b64enc) and are called in a loop.
        let built = result.textSize
        try context.checkSize(built)
        // Handling text is work too: without this, hashing 3 MB a thousand times would count as a thousand steps.
        let handled = arguments.reduce(built &+ result.listSize) { $0 &+ $1.textSize }
        if handled >= Call.bytesPerStep { try context.count(steps: handled / Call.bytesPerStep) }
        return result
    }
}

extension TemplateFunction {
    /// Returns the same function under another name. The example is written for the original name.
    func alias(_ name: String) -> TemplateFunction {
        var alias = TemplateFunction(
            name, signatureText, isPure: isPure, mutates: mutates, summary: "another name of \(self.name)",
            example: writtenExample, call: call)
        alias.exampleName = exampleName ?? self.name
        return alias
    }
}

extension String {
    /// Replaces the first occurrence of `word` with `other`.
    func replacingWord(_ word: String, with other: String) -> String {
        let bytes = Array(utf8)
        guard let place = ByteText.index(of: Array(word.utf8), in: bytes) else { return self }
        return String(decoding: bytes[..<place], as: UTF8.self) + other
            + String(decoding: bytes[(place + word.utf8.count)...], as: UTF8.self)
    }
}

/// Go's panics, with Go's messages.
enum Panic {
    static let nilPointer = FunctionError.message(
        "runtime error: invalid memory address or nil pointer dereference")
    static let nilMap = FunctionError.message("assignment to entry in nil map")
    static let divideByZero = FunctionError.message("runtime error: integer divide by zero")
    static let makeSlice = FunctionError.message("runtime error: makeslice: len out of range")

    static func slice(_ bounds: String) -> FunctionError {
        .message("runtime error: slice bounds out of range [\(bounds)]")
    }

    /// For example `[:9] with length 5`.
    static func slice(_ bounds: String, _ measure: String, _ size: Int) -> FunctionError {
        .message("runtime error: slice bounds out of range [\(bounds)] with \(measure) \(size)")
    }
}

extension GoValue {
    /// Whether it is a string.
    var isString: Bool { stringBytes != nil }

    /// The number of bytes of a string; 0 for anything else.
    var textSize: Int {
        switch self {
        case .string(let text): text.utf8.count
        case .rawString(let bytes), .bytes(let bytes): bytes.count
        default: 0
        }
    }

    /// The work of making a list, in bytes of text: a list of 90,000 items costs 5,600 steps.
    var listSize: Int {
        switch self {
        case .list(let items): items.count &* 4
        case .strings(let items): items.count &* 4
        case .slice(let slice): slice.items.count &* 4
        default: 0
        }
    }

    /// The name of the value's `reflect.Kind`.
    var kindName: String { type.kind.name }

    /// Returns the value of a key; nil if this is not a map or has no such key.
    func member(_ key: String) -> GoValue? {
        switch self {
        case .object(let object): object[key].map { GoValue($0) }
        case .map(let map): map[key]
        case .typed(let typed) where typed.type.kind == .map:
            typed.value.object?[key].map { GoValue($0, type: typed.type.element) }
        default: nil
        }
    }

    /// As `member`, for looking up many keys of one map. A large map of the data is hashed first, because a lookup in
    /// it searches from its start.
    var keyed: (String) -> GoValue? {
        let object: Object
        let type: ObjectType?
        switch self {
        case .object(let members): (object, type) = (members, nil)
        case .typed(let typed) where typed.type.kind == .map:
            (object, type) = (typed.value.object ?? Object(), typed.type.element)
        default: return member
        }
        guard object.count > Self.searchedMembers else { return member }
        var places: [ExactKey: Int] = [:]
        places.reserveCapacity(object.count)
        for (place, member) in object.members.enumerated() { places[ExactKey(member.key)] = place }
        return { key in places[ExactKey(key)].map { GoValue(object.members[$0].value, type: type) } }
    }

    /// The number of members up to which searching is as quick as hashing.
    private static let searchedMembers = 16

    /// The largest number of members that a lookup of a key may compare: objects of the data are searched from their
    /// start.
    var searchedMembers: Int {
        switch self {
        case .object(let object): object.count
        case .typed(let typed): typed.value.object?.count ?? 0
        default: 0
        }
    }

    /// The number of members of a map; nil for anything else.
    var memberCount: Int? {
        switch self {
        case .object(let object): object.count
        case .map(let map): map.count
        case .typed(let typed) where typed.type.kind == .map: typed.value.object?.count ?? 0
        default: nil
        }
    }

    /// Whether it is the untyped nil or a nil pointer, map or slice.
    var isNil: Bool {
        switch self {
        case .none: true
        case .typed(let typed): typed.value.isNull && GoType.Kind.pointerLike.contains(type.kind)
        default: false
        }
    }
}

extension GoType.Kind {
    static let pointerLike: [GoType.Kind] = [.pointer, .map, .slice, .interface]

    /// The name that Go's `reflect.Kind.String` returns.
    var name: String {
        switch self {
        case .invalid: "invalid"
        case .bool: "bool"
        case .int: "int"
        case .int8: "int8"
        case .int16: "int16"
        case .int32: "int32"
        case .int64: "int64"
        case .uint: "uint"
        case .uint8: "uint8"
        case .uint16: "uint16"
        case .uint32: "uint32"
        case .uint64: "uint64"
        case .float32: "float32"
        case .float64: "float64"
        case .complex128: "complex128"
        case .string: "string"
        case .interface: "interface"
        case .map: "map"
        case .pointer: "ptr"
        case .slice: "slice"
        case .structure: "struct"
        case .function: "func"
        }
    }
}
