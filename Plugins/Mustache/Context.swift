import PluginAPI
import Values

/// A type of the typed view. Types live as long as the process, so no reference is counted.
struct TypeReference {
    private let reference: Unmanaged<ObjectType>

    init(_ type: ObjectType) { reference = .passUnretained(type) }

    var type: ObjectType { reference._withUnsafeGuaranteedRef { $0 } }

    /// What a list of this type holds.
    var element: TypeReference? { type.held.map(TypeReference.init) }
}

/// A value that names are looked up in, with its Go type where there is one.
struct Context {
    var value: Value
    var type: TypeReference?
    /// Where the value is in the data, as far as it is tainted; nil where it is not, and where nobody asks.
    var path: TaintedPath?

    init(value: Value, type: TypeReference?, path: TaintedPath? = nil) {
        self.value = value
        self.type = type
        self.path = path
    }

    /// The member of that name, or nil if it does not exist.
    ///
    /// Names are those of the JSON. Where the type is known, a struct's Go names are understood too (`Spec.NodeName`
    /// for `spec.nodeName`); a field that the JSON does not have is null, not a name to look for further out.
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

    /// Structs within structs within structs: deeper embedding has no type of Kubernetes.
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
    /// The type behind a pointer, or this one; its fields and its element are what names lead to.
    fileprivate var structure: ObjectType? { kind == .pointer ? element : self }

    /// What a list or map of this type holds, also behind a pointer.
    fileprivate var held: ObjectType? { kind == .pointer ? element?.element : element }
}

extension Value {
    /// What a section takes for true: not null, false, zero, the empty text or the empty list. An object is true,
    /// also without members. (The specification leaves this to the language; this is JavaScript's answer.)
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
