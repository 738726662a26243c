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
        /// One of several fields of which a message has at most one: Go's struct keeps it behind an interface, so
        /// that a template reaches it by its getter only.
        public var isOneOf: Bool
        public var patchStrategy: String?
        public var patchMergeKey: String?

        public init(
            name: String, jsonName: String, type: ObjectType, omitEmpty: Bool = false, isInline: Bool = false,
            isOneOf: Bool = false, patchStrategy: String? = nil, patchMergeKey: String? = nil
        ) {
            self.name = name
            self.jsonName = jsonName
            self.type = type
            self.omitEmpty = omitEmpty
            self.isInline = isInline
            self.isOneOf = isOneOf
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
    /// Go field name → index into `fields`; without the fields of inline structs and those that only getters reach.
    public private(set) var fieldIndex: [String: Int] = [:]
    /// The fields that JSON shows, those of inline structs among them.
    public private(set) var members: [Field] = []
    /// Where `members` are found by JSON name: a table of 2^n slots, each the index of a member or -1.
    private var slots: [Int16] = []
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

    /// The second step: fills in what may refer to other types. Called once, before the type is shared; inline
    /// structs are completed before the structs that they stand in.
    public func complete(
        element: ObjectType? = nil, fields: [Field] = [], methods: [String: Method] = [:],
        enumeration: [(name: String, number: Int)] = [], protoDefaults: Object? = nil
    ) {
        self.element = element
        self.fields = fields
        self.methods = methods
        self.enumeration = enumeration
        self.protoDefaults = protoDefaults
        var index: [String: Int] = [:]
        index.reserveCapacity(fields.count)
        members.reserveCapacity(fields.count)
        for (place, field) in fields.enumerated() {
            if !field.isOneOf { index[field.name] = place }
            if field.isInline {
                members += field.type.members
            } else if !field.jsonName.isEmpty {
                members.append(field)
            }
        }
        fieldIndex = index
        fillSlots()
    }
}

extension ObjectType {
    /// The index in `members` of the member with that JSON name, as it is spelt.
    ///
    /// Decoding and merging look up every key of every pod here. A table of its own takes 9 ns where a dictionary's
    /// hashing takes 24.
    public func memberIndex(of key: String) -> Int? {
        guard !slots.isEmpty else { return nil }
        let mask = slots.count - 1
        var slot = Self.hash(key) & mask
        while true {
            let index = Int(slots[slot])
            guard index >= 0 else { return nil }
            if members[index].jsonName == key { return index }
            slot = (slot + 1) & mask
        }
    }

    /// As `memberIndex(of:)`, with Go's second chance: upper and lower case of ASCII letters are the same.
    public func memberIndexIgnoringCase(of key: String) -> Int? {
        members.firstIndex { member in
            member.jsonName.utf8.count == key.utf8.count
                && zip(member.jsonName.utf8, key.utf8).allSatisfy { Self.lowered($0) == Self.lowered($1) }
        }
    }

    private static func lowered(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte }

    private func fillSlots() {
        guard !members.isEmpty else { return }
        var size = 4
        while size < members.count * 2 { size *= 2 }
        slots = [Int16](repeating: -1, count: size)
        for (index, member) in members.enumerated() {
            var slot = Self.hash(member.jsonName) & (size - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = Int16(truncatingIfNeeded: index)
        }
    }

    private static func hash(_ key: String) -> Int {
        var key = key
        return key.withUTF8 { bytes in
            var hash = UInt32(truncatingIfNeeded: bytes.count)
            for byte in bytes.prefix(16) { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
            return Int(hash ^ hash >> 15)
        }
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
