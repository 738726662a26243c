public import Values

/// A Go type, as templates that were written against Go structs see the data.
///
/// A template value is a `Value` plus, where there is one, its `ObjectType`: the JSON stays as it came, and the type
/// says how a template sees it: `.Spec.ServiceAccountName` of a pod without one is an empty string,
/// `.ProxyConfig.GetTracing.GetTlsSettings` is nil-safe. A member that the JSON does not have is the type's zero
/// value: a nil pointer, slice or map, an empty string, 0, false, a struct of zeros.
///
/// Types refer to each other, also in circles, so they are made in two steps (`init`, then `complete`) by whoever
/// builds a table of them, and never change afterwards. They live as long as the process.
public final class ObjectType: @unchecked Sendable {
    public enum Kind: Sendable {
        /// `interface {}` holding whatever JSON decoding made: map[string]interface {}, []interface {}, …
        case any
        case bool
        case string
        /// int, int32, int64, uint32 …; `name` says which.
        case int
        /// float32, float64
        case float
        /// []byte, a base64 string in JSON
        case bytes
        /// A pointer to `element`; JSON null or no member is the nil pointer.
        case pointer
        /// A slice of `element`.
        case slice
        /// A map from a string kind to `element`.
        case map
        /// A struct with `fields`.
        case structure
        /// A protobuf enum: its JSON is the name (or the number); prints as the name. `enumeration` has the numbers.
        case enumeration
        /// resource.Quantity: text or number in JSON.
        case quantity
        /// intstr.IntOrString
        case intOrString
        /// metav1.Time: RFC 3339 text in JSON.
        case time
        /// A protobuf Duration: text such as "45s" in JSON.
        case duration
        /// A protobuf wrapper (Int32Value, BoolValue, …): the plain value in JSON; a struct with field Value in Go.
        case wrapper
    }

    public struct Field: Sendable {
        /// The Go name: what a template writes.
        public var name: String
        /// The JSON name: where the value stands; empty where JSON does not show the field.
        public var jsonName: String
        public var type: ObjectType
        public var omitEmpty: Bool
        /// An embedded struct whose members stand among this one's own, in JSON and in Go.
        public var isInline: Bool
        public var patchStrategy: String?
        public var patchMergeKey: String?

        public init(
            name: String, jsonName: String, type: ObjectType, omitEmpty: Bool = false, isInline: Bool = false,
            patchStrategy: String? = nil, patchMergeKey: String? = nil
        ) {
            self.name = name
            self.jsonName = jsonName
            self.type = type
            self.omitEmpty = omitEmpty
            self.isInline = isInline
            self.patchStrategy = patchStrategy
            self.patchMergeKey = patchMergeKey
        }
    }

    /// A method that a template may call without arguments.
    public enum Method: Sendable {
        /// `GetX`: the field at that index of `fields`, the zero value where the receiver is a nil pointer.
        case getter(field: Int)
        /// `String`: the printed form.
        case string
        /// `Value` of a Quantity, `GetValue` of a wrapper.
        case value
        /// `IsZero`
        case isZero
    }

    /// As `%T` prints it: `v1.ObjectMeta`, `*v1.PodSpec`, `map[string]string`.
    public let name: String
    public let kind: Kind
    /// What a pointer, slice, map or wrapper holds.
    public private(set) var element: ObjectType?
    /// A struct's fields in Go's order.
    public private(set) var fields: [Field] = []
    /// Go field name → index into `fields`, the fields of inline structs not among them.
    public private(set) var fieldIndex: [String: Int] = [:]
    /// By Go name.
    public private(set) var methods: [String: Method] = [:]
    /// An enum's names and numbers.
    public private(set) var enumeration: [(name: String, number: Int)] = []
    /// For messages that `protoToJSON` prints: the values that it leaves out because they are the defaults, by JSON
    /// name.
    public private(set) var protoDefaults: Object?

    public init(name: String, kind: Kind) {
        self.name = name
        self.kind = kind
    }

    /// The second step: fills in what may refer to other types. Called once, before the type is shared.
    public func complete(
        element: ObjectType? = nil, fields: [Field] = [], methods: [String: Method] = [:],
        enumeration: [(name: String, number: Int)] = [], protoDefaults: Object? = nil
    ) {
        self.element = element
        self.fields = fields
        self.methods = methods
        self.enumeration = enumeration
        self.protoDefaults = protoDefaults
        fieldIndex = Dictionary(
            fields.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    }
}

extension ObjectType {
    public static let any = ObjectType(name: "interface {}", kind: .any)
    public static let bool = ObjectType(name: "bool", kind: .bool)
    public static let string = ObjectType(name: "string", kind: .string)
    public static let int = ObjectType(name: "int", kind: .int)
    public static let int64 = ObjectType(name: "int64", kind: .int)
    /// map[string]interface {}
    public static let anyMap: ObjectType = {
        let type = ObjectType(name: "map[string]interface {}", kind: .map)
        type.complete(element: .any)
        return type
    }()
}
