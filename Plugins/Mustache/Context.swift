import PluginAPI
import Values

/// A reference to a type of the typed view. Types live as long as the process, so no reference is counted.
struct TypeReference {
    private let reference: Unmanaged<ObjectType>

    init(_ type: ObjectType) { reference = .passUnretained(type) }

    var type: ObjectType { reference._withUnsafeGuaranteedRef { $0 } }

    /// The type of the elements of a list or map of this type.
    var element: TypeReference? { type.held.map(TypeReference.init) }
}

/// A value in which names are looked up, with its Go type if it has one.
struct Context {
    var value: Value
    var type: TypeReference?
    /// The path of the value in the data; nil if nothing in it is tainted or origins are not tracked.
    var path: TaintedPath?

    init(value: Value, type: TypeReference?, path: TaintedPath? = nil) {
        self.value = value
        self.type = type
        self.path = path
    }

    /// Returns the member of that name; nil if it does not exist.
    ///
    /// Names are those of the JSON. If the type is known, a struct's Go names are accepted too (`Spec.NodeName` for
    /// `spec.nodeName`). A field that is missing in the JSON is null, so that the name is not looked up in outer
    /// contexts.
    func member(_ name: String, work: inout Int) -> Context? {
        guard case .object(let object) = value else { return nil }
        work &+= object.members.count
        guard let type else {
            for member in object.members where member.key == name {
                return Context(value: member.value, type: nil, path: path?.member(name))
            }
            return nil
        }
        let structure = type.type.structure
        if let found = object[name] {
            let field =
                structure.flatMap { Self.field(of: $0, jsonName: name, depth: 0) } ?? structure?.element
            return Context(value: found, type: field.map(TypeReference.init), path: path?.member(name))
        }
        guard let structure, let field = Self.field(of: structure, goName: name, depth: 0) else { return nil }
        return Context(
            value: object[field.jsonName] ?? .null, type: TypeReference(field.type), path: path?.member(name))
    }

    /// The greatest depth of embedded structs. No Kubernetes type has a greater one.
    private static let deepestEmbedding = 4

    private static func field(of type: ObjectType, goName: String, depth: Int) -> ObjectType.Field? {
        if let index = type.fieldIndex[goName] { return type.fields[index] }
        guard depth < deepestEmbedding else { return nil }
        for field in type.fields where field.isInline {
            if let inner = field.type.structure,
                let found = self.field(of: inner, goName: goName, depth: depth + 1)
            {
                return found
            }
        }
        return nil
    }

    private static func field(of type: ObjectType, jsonName: String, depth: Int) -> ObjectType? {
        for field in type.fields where field.jsonName == jsonName { return field.type }
        guard depth < deepestEmbedding else { return nil }
        for field in type.fields where field.isInline {
            if let inner = field.type.structure,
                let found = self.field(of: inner, jsonName: jsonName, depth: depth + 1)
            {
                return found
            }
        }
        return nil
    }
}

extension ObjectType {
    /// The target type of a pointer, or this type itself. Names refer to its fields and its element.
    fileprivate var structure: ObjectType? { kind == .pointer ? element : self }

    /// The element type of a list or map, or of a pointer to one.
    fileprivate var held: ObjectType? { kind == .pointer ? element?.element : element }
}

extension Value {
    /// Whether a section treats it as true: it is not null, false, zero, an empty string or an empty list. An object is
    /// always true, even without members. (The specification leaves this to the language; these are JavaScript's
    /// rules.)
    var isTrue: Bool {
        switch self {
        case .null: false
        case .bool(let value): value
        case .int(let value): value != 0
        case .double(let value): value != 0
        case .string(let value): !value.isEmpty
        case .array(let items): !items.isEmpty
        case .object: true
        }
    }
}
