import PluginAPI
import Values

/// One call of a function as its body sees it: arguments by place, and what it may use besides.
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

    /// To be called before building that many bytes.
    func room(bytes: Int) throws(FunctionError) { try context.checkSize(bytes) }

    /// To be called before multiplying lengths: neither factor is negative.
    func room(bytes: Int, times: Int) throws(FunctionError) {
        let (product, overflow) = bytes.multipliedReportingOverflow(by: times)
        try context.checkSize(overflow ? .max : product)
    }

    /// To be called before building a list or map of that many items: one takes some 32 bytes.
    func room(items: Int) throws(FunctionError) { try room(bytes: items, times: 32) }

    /// How many bytes of text a function may handle for one step: about what an instruction costs.
    static let bytesPerStep = 64

    /// Work in proportion to an input, on the account of the steps.
    func work(_ units: Int) throws(FunctionError) { try context.count(steps: units) }
}

/// A row of a function table. `template` is an example and `output` what it prints; both are documentation and a
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
        // Functions that multiply lengths check before they build; this bounds those that add a little each time
        // (quote, b64enc) and are called in a loop.
        let built = result.textSize
        try context.checkSize(built)
        // Texts are work too: without this, hashing 3 MB a thousand times would count a thousand steps.
        let handled = arguments.reduce(built &+ result.listSize) { $0 &+ $1.textSize }
        if handled >= Call.bytesPerStep { try context.count(steps: handled / Call.bytesPerStep) }
        return result
    }
}

extension TemplateFunction {
    /// The same function under another name; the example is written for that name.
    func alias(_ name: String) -> TemplateFunction {
        var alias = TemplateFunction(
            name, signatureText, isPure: isPure, mutates: mutates, summary: "another name of \(self.name)",
            example: writtenExample, call: call)
        alias.exampleName = exampleName ?? self.name
        return alias
    }
}

extension String {
    /// The first place where `word` stands, changed to `other`.
    func replacingWord(_ word: String, with other: String) -> String {
        let bytes = Array(utf8)
        guard let place = ByteText.index(of: Array(word.utf8), in: bytes) else { return self }
        return String(decoding: bytes[..<place], as: UTF8.self) + other
            + String(decoding: bytes[(place + word.utf8.count)...], as: UTF8.self)
    }
}

/// Go's panics, in its words.
enum Panic {
    static let nilPointer = FunctionError.message(
        "runtime error: invalid memory address or nil pointer dereference")
    static let nilMap = FunctionError.message("assignment to entry in nil map")
    static let divideByZero = FunctionError.message("runtime error: integer divide by zero")
    static let makeSlice = FunctionError.message("runtime error: makeslice: len out of range")

    static func slice(_ bounds: String) -> FunctionError {
        .message("runtime error: slice bounds out of range [\(bounds)]")
    }

    /// `[:9] with length 5`
    static func slice(_ bounds: String, _ measure: String, _ size: Int) -> FunctionError {
        .message("runtime error: slice bounds out of range [\(bounds)] with \(measure) \(size)")
    }
}

extension GoValue {
    /// Whether it is a string.
    var isString: Bool { stringBytes != nil }

    /// Bytes of a text; 0 for anything else.
    var textSize: Int {
        switch self {
        case .string(let text): text.utf8.count
        case .rawString(let bytes), .bytes(let bytes): bytes.count
        default: 0
        }
    }

    /// What a list weighs as work, in bytes of text: making one of 90,000 items is 5,600 steps.
    var listSize: Int {
        switch self {
        case .list(let items): items.count &* 4
        case .strings(let items): items.count &* 4
        case .slice(let slice): slice.items.count &* 4
        default: 0
        }
    }

    /// `reflect.Kind` of the value, by name.
    var kindName: String { type.kind.name }

    /// The value of a key where this is a map that has it.
    func member(_ key: String) -> GoValue? {
        switch self {
        case .object(let object): object[key].map { GoValue($0) }
        case .map(let map): map[key]
        case .typed(let typed) where typed.type.kind == .map:
            typed.value.object?[key].map { GoValue($0, type: typed.type.element) }
        default: nil
        }
    }

    /// As `member`, for asking about many keys of one map: a large map of the data is hashed first, because it is
    /// searched from its start for each key.
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

    /// Up to that many members, searching is as quick as hashing.
    private static let searchedMembers = 16

    /// How many members looking for a key may touch: objects of the data are searched from their start.
    var searchedMembers: Int {
        switch self {
        case .object(let object): object.count
        case .typed(let typed): typed.value.object?.count ?? 0
        default: 0
        }
    }

    /// How many members a map has.
    var memberCount: Int? {
        switch self {
        case .object(let object): object.count
        case .map(let map): map.count
        case .typed(let typed) where typed.type.kind == .map: typed.value.object?.count ?? 0
        default: nil
        }
    }

    /// Whether it is the untyped nil or a nil pointer, map, slice.
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

    /// As Go's `reflect.Kind.String` has it.
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
