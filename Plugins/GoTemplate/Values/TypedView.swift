import PluginAPI
import Values

/// Accesses a value through its Go type: fields, methods, nil pointers, zero values.
extension TypedValue {
    /// The greatest depth of embedded structs. The types' own tables have a depth of three.
    private static let embeddingLimit = 8

    /// Whether this is a nil pointer, map or slice, which it is if JSON has null or no value.
    var isNil: Bool {
        switch type.kind {
        case .pointer, .map, .slice, .bytes, .wrapper, .duration: value.isNull
        default: false
        }
    }

    /// The number of an enum's value.
    var enumerationNumber: Int64 {
        if let number = value.int { return number }
        guard case .string(let name) = value else { return 0 }
        return type.enumeration.first { $0.name == name }.map { Int64($0.number) } ?? 0
    }

    /// The target of a pointer; the value itself if it is nil or not a pointer.
    var pointee: GoValue {
        if type.kind == .pointer, !value.isNull { return GoValue(value, type: type.element) }
        return .typed(self)
    }

    /// The struct type of a struct or of a pointer to one.
    private var structure: ObjectType? {
        if type.kind == .structure { return type }
        if type.kind == .pointer, let element = type.element, element.kind == .structure { return element }
        return nil
    }

    /// Returns the result of a method without arguments; nil if no such name exists.
    func callMethod(named name: String) -> GoValue? {
        guard let method = type.methods[name] ?? (type.kind == .pointer ? type.element?.methods[name] : nil)
        else {
            return nil
        }
        switch method {
        case .getter(let index):
            guard let structure, structure.fields.indices.contains(index) else { return nil }
            return field(structure.fields[index])
        case .string: return .string(printed)
        case .value: return wrapped
        case .isZero: return .bool(isZero)
        case .function(let function):
            return function.parameters == 0 ? GoValue(function.call(value, [])) : nil
        }
    }

    /// Returns a method with string parameters; nil if no such name exists.
    func textMethod(named name: String) -> NativeMethod? {
        let method = type.methods[name] ?? (type.kind == .pointer ? type.element?.methods[name] : nil)
        guard case .function(let function)? = method, function.parameters > 0 else { return nil }
        let value = value
        return NativeMethod([GoType](repeating: .string, count: function.parameters)) {
            arguments, _ throws(FunctionError) in
            GoValue(function.call(value, arguments.map { $0.stringText ?? "" }))
        }
    }

    /// Whether the struct (or the pointer's target) has a field of that name.
    func hasField(named name: String) -> Bool { field(named: name) != nil }

    /// Returns a field of the struct or of structs embedded in it; nil if it does not exist.
    func field(named name: String) -> GoValue? { field(named: name, depth: 0) }

    private func field(named name: String, depth: Int) -> GoValue? {
        if type.kind == .wrapper, name == "Value" { return wrapped }
        guard let structure else { return nil }
        if let index = structure.fieldIndex[name] { return field(structure.fields[index]) }
        guard depth < TypedValue.embeddingLimit else { return nil }
        for embedded in structure.fields where embedded.isInline {
            guard case .typed(let inner) = field(embedded) else { continue }
            if let found = inner.field(named: name, depth: depth + 1) { return found }
        }
        return nil
    }

    func field(_ field: ObjectType.Field) -> GoValue {
        // Without a name in JSON, the members of an embedded struct are among those of this one.
        if field.isInline, field.jsonName.isEmpty { return GoValue(value, type: field.type) }
        return GoValue(value[field.jsonName] ?? .null, type: field.type)
    }

    /// The value of a protobuf wrapper or a quantity.
    private var wrapped: GoValue {
        switch type.kind {
        case .quantity:
            if case .int(let number) = value { return .int64(number) }
            return .int64(value.string.flatMap { Int64($0) } ?? 0)
        default:
            let inner = type.element?.kind == .wrapper ? type.element?.element : type.element
            return GoValue(value, type: inner)
        }
    }

    private var isZero: Bool {
        switch value {
        case .null: true
        case .string(let text): text.isEmpty || type.kind == .quantity && text == "0"
        case .int(let number): number == 0
        case .double(let number): number == 0
        case .bool(let bool): !bool
        case .array(let items): items.isEmpty
        case .object(let members): members.isEmpty
        }
    }

    /// Whether printing calls a method of the value instead of printing its fields.
    var printsByMethod: Bool {
        switch type.kind {
        case .enumeration, .quantity, .time, .duration, .intOrString, .wrapper: true
        case .structure: if case .string? = type.methods["String"] { true } else { false }
        case .pointer:
            !value.isNull && (type.methods["String"] != nil || type.element?.methods["String"] != nil)
        default: false
        }
    }

    /// The result of the `String` method.
    var printed: String {
        let kind = type.kind == .pointer ? type.element?.kind ?? .any : type.kind
        let names = type.kind == .pointer ? type.element?.enumeration ?? [] : type.enumeration
        switch kind {
        case .enumeration:
            if case .string(let name) = value { return name }
            let number = Int(value.int ?? 0)
            return names.first { $0.number == number }?.name ?? String(number)
        case .wrapper:
            if value.isNull { return "<nil>" }
            return "value:" + GoFormat.text(wrapped)
        case .intOrString, .quantity:
            return value.isNull ? "0" : GoFormat.text(GoValue(value))
        case .time:
            return TypedValue.timeText(value.string)
        case .structure where type.name == "types.NamespacedName":
            return (value["namespace"]?.string ?? "") + "/" + (value["name"]?.string ?? "")
        case .structure:
            // Protobuf's text format: members by JSON name.
            let members = (value.object ?? Object()).members
            return members.map { member in
                if case .string(let text) = member.value {
                    return member.key + ":"
                        + String(decoding: GoFormat.printf("%q", [.string(text)]), as: UTF8.self)
                }
                return member.key + ":" + GoFormat.text(GoValue(member.value))
            }.joined(separator: " ")
        default:
            return value.isNull ? "<nil>" : GoFormat.text(GoValue(value))
        }
    }

    /// Returns time.Time's String for an RFC 3339 text as Kubernetes writes it, with whole seconds in UTC. nil is the
    /// zero time.
    private static func timeText(_ text: String?) -> String {
        guard let text else { return "0001-01-01 00:00:00 +0000 UTC" }
        let bytes = Array(text.utf8)
        guard bytes.count == 20, bytes[10] == UInt8(ascii: "T"), bytes[19] == UInt8(ascii: "Z") else {
            return text
        }
        return String(decoding: bytes[..<10], as: UTF8.self) + " "
            + String(decoding: bytes[11..<19], as: UTF8.self) + " +0000 UTC"
    }

    /// Whether it is true in Go: it is not the zero value. A struct is always true.
    var isTrue: Bool {
        switch type.kind {
        case .structure, .quantity, .time, .intOrString: true
        case .pointer, .wrapper, .duration: !value.isNull
        case .enumeration:
            if case .string(let name) = value {
                (type.enumeration.first { $0.name == name }?.number ?? 1) != 0
            } else {
                (value.int ?? 0) != 0
            }
        default: !isZero
        }
    }

    /// Returns a map's entry; nil if there is no such entry.
    func entry(named key: String) -> GoValue? {
        guard let found = value[key] else { return nil }
        return GoValue(found, type: type.element)
    }
}

extension ObjectType {
    /// Whether Go can compare values of the type. It cannot compare maps, slices and structs that contain any.
    var isComparable: Bool {
        switch kind {
        case .map, .slice, .bytes: false
        case .structure: fields.allSatisfy { $0.type.isComparable }
        default: true
        }
    }
}

extension GoValue {
    init(_ result: ObjectMethod.Result) {
        switch result {
        case .value(let value): self.init(value)
        case .typed(let value, let type): self.init(value, type: type)
        case .text(let bytes): self = .text(bytes)
        }
    }
}
