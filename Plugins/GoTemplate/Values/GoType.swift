import Values

/// A Go type that a template can encounter: its name as `%T` prints it, its kind, and its element type.
///
/// Several instances may represent the same Go type. They have the same `name`; compare them with `==`.
public final class GoType: Sendable, Equatable {
    /// Go's `reflect.Kind`.
    public enum Kind: Sendable {
        case invalid, bool
        case int, int8, int16, int32, int64
        case uint, uint8, uint16, uint32, uint64
        case float32, float64, complex128
        case string, interface, map, pointer, slice, structure, function

        /// Whether it is int, int8 … int64.
        public var isSigned: Bool {
            switch self {
            case .int, .int8, .int16, .int32, .int64: true
            default: false
            }
        }
        /// Whether it is uint, uint8 … uint64.
        public var isUnsigned: Bool {
            switch self {
            case .uint, .uint8, .uint16, .uint32, .uint64: true
            default: false
            }
        }
        /// Whether `nil` is a value of the kind.
        public var canBeNil: Bool {
            switch self {
            case .interface, .map, .pointer, .slice, .function: true
            default: false
            }
        }
    }

    public let name: String
    public let kind: Kind
    /// The type of the elements of a slice or map, or of a pointer's target.
    public let element: GoType?

    public init(name: String, kind: Kind, element: GoType? = nil) {
        self.name = name
        self.kind = kind
        self.element = element
    }

    public static func == (left: GoType, right: GoType) -> Bool { left === right || left.name == right.name }

    public static let invalid = GoType(name: "<nil>", kind: .invalid)
    public static let bool = GoType(name: "bool", kind: .bool)
    public static let int = GoType(name: "int", kind: .int)
    public static let int8 = GoType(name: "int8", kind: .int8)
    public static let int16 = GoType(name: "int16", kind: .int16)
    public static let int32 = GoType(name: "int32", kind: .int32)
    public static let int64 = GoType(name: "int64", kind: .int64)
    public static let uint = GoType(name: "uint", kind: .uint)
    public static let uint8 = GoType(name: "uint8", kind: .uint8)
    public static let uint16 = GoType(name: "uint16", kind: .uint16)
    public static let uint32 = GoType(name: "uint32", kind: .uint32)
    public static let uint64 = GoType(name: "uint64", kind: .uint64)
    public static let float32 = GoType(name: "float32", kind: .float32)
    public static let float64 = GoType(name: "float64", kind: .float64)
    public static let complex128 = GoType(name: "complex128", kind: .complex128)
    public static let string = GoType(name: "string", kind: .string)
    /// `interface {}`, usually written `any`.
    public static let any = GoType(name: "interface {}", kind: .interface)
    /// []interface {}
    public static let anySlice = slice(of: any)
    /// map[string]interface {}
    public static let anyMap = map(of: any)
    public static let strings = slice(of: string)
    public static let stringMap = map(of: string)
    /// []uint8, usually written `[]byte`.
    public static let bytes = slice(of: uint8)

    public static func slice(of element: GoType) -> GoType {
        GoType(name: "[]" + element.name, kind: .slice, element: element)
    }

    /// Returns the type of a map with string keys.
    public static func map(of element: GoType) -> GoType {
        GoType(name: "map[string]" + element.name, kind: .map, element: element)
    }

    public static func pointer(to element: GoType) -> GoType {
        GoType(name: "*" + element.name, kind: .pointer, element: element)
    }

    private static let basic: [String: GoType] = {
        var table: [String: GoType] = [
            "any": any, "interface{}": any, "interface {}": any, "byte": uint8, "rune": int32,
            "error": GoType(name: "error", kind: .interface),
            "time.Duration": GoType(name: "time.Duration", kind: .int64),
        ]
        for type in [
            bool, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, float32, float64,
            complex128,
            string,
        ] {
            table[type.name] = type
        }
        return table
    }()

    /// Returns the type with a name such as `map[string]interface{}`, `[]any` or `*v1.ObjectMeta`. A name that is not
    /// one of Go's own is that of a struct.
    public static func named(_ text: String) -> GoType {
        if let known = basic[text] { return known }
        if text.begins(with: "[]") { return slice(of: named(String(text.dropFirst(2)))) }
        if text.begins(with: "map[string]") { return map(of: named(String(text.dropFirst(11)))) }
        if text.begins(with: "*") { return pointer(to: named(String(text.dropFirst()))) }
        return GoType(name: text, kind: .structure)
    }
}
