import PluginAPI
import Values

/// Decodes a value as Go decodes JSON into a type. Input: a JSON tree and a type. Output: the tree as that type would
/// be encoded, in the order of the input.
///
/// | found | result |
/// | --- | --- |
/// | a member that the type does not have | nothing, and its pointer in `dropped` |
/// | a member in another case (`mountpath`) | the member with the type's spelling |
/// | null | nothing; in a list or map the zero value, but no item in `settle` if the items are structs |
/// | the zero value of a member with omitempty | nothing; for a pointer in Go, the zero value |
/// | an amount (`2000m`, 0.5) | its canonical text |
/// | a number or bool instead of a string | classic: its text; modern: an error |
///
/// Most values are already right and are not copied.
enum TypedDecoding {
    enum Mode: Sendable {
        /// The classic form: a number or bool instead of a string becomes its text.
        case lenient
        /// The modern form: a number instead of a string is an error.
        case strict
        /// As `strict`, but keeps what a strategic merge needs: zero values, nulls and directives (`$patch`).
        case patch
        /// The user's own object: as `strict`, but keeps members that the type does not have.
        case keeping
        /// A value decoded as `patch` that has nothing to be merged into: removes zero values, nulls and directives
        /// silently.
        case settle
    }

    struct Result: Sendable {
        var value: Value
        /// JSON pointers of the members that the type does not have, the first 1000. They are not in `value`, except in
        /// mode `keeping`.
        var dropped: [String] = []
        /// In mode `patch`: the places in `value` that `settle` would remove. Only the root if there is a directive or
        /// more than `unsettledLimit` places.
        var unsettled: [[PathStep]] = []
        /// The already known results of `settled` for some parts with such places.
        var settledParts: [(path: [PathStep], value: Value)] = []
        /// Whether `settle` would not change the value.
        var isSettled: Bool { unsettled.isEmpty }

        /// Adds the unsettled places of further parts of the value.
        mutating func note(_ places: [[PathStep]], _ parts: [(path: [PathStep], value: Value)]) {
            unsettled += places
            if unsettled.count > TypedDecoding.unsettledLimit { unsettled = [[]] }
            settledParts += parts
        }

        mutating func note(dropped pointers: [String]) {
            guard !pointers.isEmpty else { return }
            dropped += pointers.prefix(TypedDecoding.droppedLimit - dropped.count)
        }
    }

    /// The maximum number of pointers in `dropped`: a text of a megabyte may have 100,000 unknown members.
    static let droppedLimit = 1000

    /// The maximum number of places in `unsettled`. Templates leave a few zeros and nulls; with more, everything is
    /// settled.
    static let unsettledLimit = 16

    static func decode(_ value: Value, as type: ObjectType, _ mode: Mode) throws(SchemaError) -> Result {
        var decoder = TypedDecoder(mode: mode)
        let outcome = try decoder.decode(value, as: type)
        var result = Result(value: value, dropped: decoder.dropped, unsettled: decoder.unsettled)
        switch outcome {
        case .same: break
        case .changed(let changed): result.value = changed
        case .absent: result.value = .null
        }
        return result
    }

    /// Whether omitempty omits the value. It never omits structs and pointers.
    static func isZero(_ value: Value, _ type: ObjectType) -> Bool {
        switch type.kind {
        case .bool: value == .bool(false)
        case .string, .enumeration, .bytes: value == .string("")
        case .int: value == .int(0)
        case .float: value == .int(0) || value == .double(0)
        case .slice: value.array?.isEmpty ?? false
        case .map: value.object?.isEmpty ?? false
        default: false
        }
    }

    /// The result of a patch that has nothing to be merged into.
    static func settled(_ patch: Value, as type: ObjectType) throws(SchemaError) -> Value {
        try decode(patch, as: type, .settle).value
    }
}

/// The recursion over a value and its types. The types are not recursive, so their depth limits it.
private struct TypedDecoder {
    enum Outcome {
        case same
        case changed(Value)
        case absent
    }

    let mode: TypedDecoding.Mode
    var dropped: [String] = []
    var unsettled: [[PathStep]] = []
    private var path: [PathStep] = []
    /// The innermost struct type, for messages.
    private var owner: ObjectType?

    init(mode: TypedDecoding.Mode) {
        self.mode = mode
        path.reserveCapacity(12)
    }

    mutating func decode(_ value: Value, as type: ObjectType) throws(SchemaError) -> Outcome {
        if case .null = value {
            if mode != .patch { return .absent }
            noteUnsettled(path)
            return .same
        }
        switch type.kind {
        case .any: return .same
        case .structure:
            guard case .object(let object) = value else { throw mismatch(value, type) }
            return isDeleted(object) ? .absent : try decodeStruct(object, type)
        case .pointer:
            guard let element = type.element else { return .same }
            return try decode(value, as: element)
        case .slice:
            guard case .array(let items) = value else { throw mismatch(value, type) }
            return try decodeList(items, type.element ?? .any)
        case .map:
            guard case .object(let object) = value else { throw mismatch(value, type) }
            return isDeleted(object) ? .absent : try decodeMap(object, type.element ?? .any)
        case .string, .enumeration, .duration:
            if case .string = value { return .same }
            if mode == .lenient, let text = Self.text(value) { return .changed(.string(text)) }
            throw mismatch(value, type)
        case .bytes, .time:
            if case .string = value { return .same }
            throw mismatch(value, type)
        case .bool:
            if case .bool = value { return .same }
            throw mismatch(value, type)
        case .int: return try decodeInteger(value, type)
        case .float:
            switch value {
            case .int, .double: return .same
            default: throw mismatch(value, type)
            }
        case .quantity: return try decodeQuantity(value, type)
        case .intOrString:
            if case .string = value { return .same }
            return try decodeInteger(value, .int)
        case .wrapper:
            return try decode(value, as: type.element ?? .any)
        }
    }

    private mutating func decodeStruct(_ object: Object, _ type: ObjectType) throws(SchemaError) -> Outcome {
        let outer = owner
        owner = type
        var changed: Object?
        for (index, member) in object.members.enumerated() {
            guard let place = place(of: member.key, in: type) else {
                start(&changed, object, index)
                continue
            }
            guard place.index >= 0 else {
                if changed != nil { changed?.members.append(member) }
                continue
            }
            let memberType = type.memberType(at: place.index)
            path.append(.member(member.key))
            var outcome = try decode(member.value, as: memberType)
            path.removeLast()
            let final: Value
            if case .changed(let value) = outcome { final = value } else { final = member.value }
            if type.memberOmitsEmpty(at: place.index), TypedDecoding.isZero(final, memberType) {
                if mode == .patch {
                    noteUnsettled(path + [.member(member.key)])
                } else {
                    outcome = .absent
                }
            }
            switch outcome {
            case .same where place.isExact:
                if changed != nil { changed?.members.append(member) }
            case .absent:
                start(&changed, object, index)
            default:
                start(&changed, object, index)
                let key = place.isExact ? member.key : type.members[place.index].jsonName
                changed?.members.append(Member(key, final))
            }
        }
        owner = outer
        return changed.map { .changed(.object($0)) } ?? .same
    }

    private mutating func noteUnsettled(_ place: [PathStep]) {
        if place.isEmpty || unsettled.count >= TypedDecoding.unsettledLimit {
            unsettled = [[]]
        } else if unsettled.first?.isEmpty != true {
            unsettled.append(place)
        }
    }

    private struct Place {
        /// The index of the member; -1 for an unknown member that is kept.
        var index: Int
        var isExact = true
    }

    /// Whether a patch deletes the object. If there is nothing to delete, nothing is added either, because applying the
    /// patch again would delete it.
    private func isDeleted(_ object: Object) -> Bool { mode == .settle && object["$patch"] == "delete" }

    /// The place of the key in the type; nil for a member that is dropped.
    private mutating func place(of key: String, in type: ObjectType) -> Place? {
        if let index = type.memberIndex(of: key) { return Place(index: index) }
        if key.utf8.first == UInt8(ascii: "$"), Directive(key) != nil {
            noteUnsettled([])
            if mode == .patch { return Place(index: -1) }
            if mode == .settle { return nil }
        }
        if mode == .keeping { return Place(index: -1) }
        if let index = type.memberIndexIgnoringCase(of: key) { return Place(index: index, isExact: false) }
        if dropped.count < TypedDecoding.droppedLimit {
            path.append(.member(key))
            dropped.append(pointer)
            path.removeLast()
        }
        return nil
    }

    /// Prepares the first change: copies the members before it.
    private func start(_ changed: inout Object?, _ object: Object, _ count: Int) {
        if changed == nil { changed = Object(Array(object.members[..<count])) }
    }

    private mutating func decodeList(_ items: [Value], _ element: ObjectType) throws(SchemaError) -> Outcome {
        var changed: [Value]?
        for (index, item) in items.enumerated() {
            if mode == .settle, case .object(let object) = item, let directive = object["$patch"],
                directive != "merge", !directive.isNull
            {
                // The item deletes or replaces items that do not exist.
                if changed == nil { changed = Array(items[..<index]) }
                continue
            }
            path.append(.item(index))
            let outcome = try decode(item, as: element)
            path.removeLast()
            switch outcome {
            case .same: changed?.append(item)
            case .changed(let value):
                if changed == nil { changed = Array(items[..<index]) }
                changed?.append(value)
            case .absent:
                if changed == nil { changed = Array(items[..<index]) }
                // Go decodes null as the zero value. In a rendered pod, null items of structs are omitted.
                if mode != .settle || element.kind != .structure { changed?.append(Self.zero(element)) }
            }
        }
        return changed.map { .changed(.array($0)) } ?? .same
    }

    private mutating func decodeMap(_ object: Object, _ element: ObjectType) throws(SchemaError) -> Outcome {
        var changed: Object?
        for (index, member) in object.members.enumerated() {
            if member.key.utf8.first == UInt8(ascii: "$"), mode == .settle, Directive(member.key) != nil {
                start(&changed, object, index)
                continue
            }
            if member.key == "$patch", mode == .patch {
                noteUnsettled([])
                changed?.members.append(member)
                continue
            }
            path.append(.member(member.key))
            let outcome = try decode(member.value, as: element)
            path.removeLast()
            switch outcome {
            case .same: changed?.members.append(member)
            case .changed(let value):
                start(&changed, object, index)
                changed?.members.append(Member(member.key, value))
            case .absent:
                start(&changed, object, index)
                // In a merge, null deletes; otherwise Go decodes it as the zero value.
                if mode != .settle { changed?.members.append(Member(member.key, Self.zero(element))) }
            }
        }
        return changed.map { .changed(.object($0)) } ?? .same
    }

    private func decodeInteger(_ value: Value, _ type: ObjectType) throws(SchemaError) -> Outcome {
        let number: Int64
        var outcome = Outcome.same
        switch value {
        case .int(let integer): number = integer
        case .double(let fraction):
            // YAML's 1e3 is parsed as a fraction, but is 1000 in the JSON to which Go converts it.
            guard let integer = Int64(exactly: fraction) else { throw mismatch(value, type) }
            number = integer
            outcome = .changed(.int(integer))
        default: throw mismatch(value, type)
        }
        let fits =
            switch type.name {
            case "int32": Int32(exactly: number) != nil
            case "uint32": UInt32(exactly: number) != nil
            case "uint64": number >= 0
            case "uint8": UInt8(exactly: number) != nil
            default: true
            }
        guard fits else { throw mismatch(value, type) }
        return outcome
    }

    private func decodeQuantity(_ value: Value, _ type: ObjectType) throws(SchemaError) -> Outcome {
        let text: String
        switch value {
        case .string(let given): text = given
        case .int(let number): text = String(number)
        case .double(let number):
            // Uses the spelling of the JSON to which Go converts YAML: 1e9 is 1000000000 there, and so 1G.
            var output = ByteBuffer(capacity: 32)
            NumberFormat.appendJSON(number, into: &output)
            text = output.text
        default: throw mismatch(value, type)
        }
        guard let canonical = Quantity.canonical(text) else {
            throw SchemaError(
                pointer: pointer, found: Self.describe(value), expected: "an amount such as 500m or 1Gi",
                message: Quantity.syntaxMessage)
        }
        if case .string = value, canonical == text { return .same }
        return .changed(.string(canonical))
    }

    /// The text of a scalar as Go's YAML decoder converts it to a string: numbers in their shortest 32-bit form.
    private static func text(_ value: Value) -> String? {
        switch value {
        case .bool(let flag): return flag ? "true" : "false"
        case .int(let number): return String(number)
        case .double(let number):
            var output = ByteBuffer(capacity: 32)
            NumberFormat.append(Float(number), style: .general, into: &output)
            return output.text
        default: return nil
        }
    }

    private static func zero(_ type: ObjectType) -> Value {
        switch type.kind {
        case .bool: .bool(false)
        case .string, .enumeration, .bytes: .string("")
        case .int, .float, .intOrString: .int(0)
        case .quantity: .string("0")
        case .structure: .object(Object())
        default: .null
        }
    }
}

// MARK: Errors

extension TypedDecoder {
    private var pointer: String { JSONPointer.text(of: path) }

    private static func describe(_ value: Value) -> String {
        switch value {
        case .null: "null"
        case .bool(let flag): "bool \(flag)"
        case .int(let number): "number \(number)"
        case .double(let number): "number \(NumberFormat.text(number, style: .general))"
        case .string(let text): "string \"\(text.prefix(60))\""
        case .array: "array"
        case .object: "object"
        }
    }

    /// Go's message: `json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type
    /// string`. List indices are not in it, but in `pointer`.
    private func mismatch(_ value: Value, _ type: ObjectType) -> SchemaError {
        let kind =
            switch value {
            case .null: "null"
            case .bool: "bool"
            case .int(let number): type.kind == .int ? "number \(number)" : "number"
            case .double(let number):
                type.kind == .int ? "number \(NumberFormat.text(number, style: .general))" : "number"
            case .string: "string"
            case .array: "array"
            case .object: "object"
            }
        let names = path.compactMap { step -> String? in if case .member(let key) = step { key } else { nil }
        }
        let place =
            names.isEmpty
            ? "Go value"
            : "Go struct field "
                + ([owner.map { String($0.name.drop { $0 != "." }.dropFirst()) } ?? ""] + names).joined(
                    separator: ".")
        return SchemaError(
            pointer: pointer, found: Self.describe(value), expected: Self.expected(type),
            message: "json: cannot unmarshal \(kind) into \(place) of type \(type.name)")
    }

    private static func expected(_ type: ObjectType) -> String {
        switch type.kind {
        case .any: "anything"
        case .bool: "true or false"
        case .string, .enumeration: "a string"
        case .int: "a whole number (\(type.name))"
        case .float: "a number"
        case .bytes: "a string in base64"
        case .pointer, .structure: "an object (\(type.name))"
        case .slice: "a list"
        case .map: "an object"
        case .quantity: "an amount such as 500m or 1Gi"
        case .intOrString: "a whole number or a string"
        case .time: "a time such as 2006-01-02T15:04:05Z"
        case .duration: "a duration such as 45s"
        case .wrapper: type.element.map { expected($0) } ?? "a value"
        }
    }
}
