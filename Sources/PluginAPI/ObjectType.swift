import Synchronization
public import Values

/// A Go type, for templates that were written for data of Go structs.
///
/// A template value is a `Value` with an optional `ObjectType`. The JSON is unchanged, and the type determines how a
/// template sees it: `.Spec.ServiceAccountName` of a pod without one is an empty string, and
/// `.ProxyConfig.GetTracing.GetTlsSettings` is nil-safe. A member that the JSON does not have is the type's zero value:
/// a nil pointer, slice or map, an empty string, 0, false, or a struct of zero values.
///
/// Types refer to each other, also in cycles, so a table of them is built in two steps: `init`, then `complete` or, on
/// first use, the content's source. They never change afterwards and live as long as the process.
public final class ObjectType: @unchecked Sendable {
    public enum Kind: Sendable {
        /// `interface {}` with the result of JSON decoding: map[string]interface {}, []interface {}, …
        case any
        case bool
        case string
        /// int, int32, int64, uint32, …, according to `name`.
        case int
        /// float32, float64
        case float
        /// []byte, a base64 string in JSON
        case bytes
        /// A pointer to `element`; JSON null or a missing member is the nil pointer.
        case pointer
        /// A slice of `element`.
        case slice
        /// A map from a string kind to `element`.
        case map
        /// A struct with `fields`.
        case structure
        /// A protobuf enum. Its JSON is the name or the number; it is printed as the name. `enumeration` has the
        /// numbers.
        case enumeration
        /// resource.Quantity: a string or number in JSON.
        case quantity
        /// intstr.IntOrString
        case intOrString
        /// metav1.Time: an RFC 3339 string in JSON.
        case time
        /// A protobuf Duration: a string such as "45s" in JSON.
        case duration
        /// A protobuf wrapper (Int32Value, BoolValue, …): the plain value in JSON; a struct with field Value in Go.
        case wrapper
    }

    /// A field of a struct. It is a class because templates and decoding copy fields from tables all the time, and a
    /// struct of five references would retain five.
    public final class Field: Sendable {
        /// The Go name, which templates use.
        public let name: String
        /// The JSON name; empty if the field does not appear in JSON.
        public let jsonName: String
        public let type: ObjectType
        public let omitEmpty: Bool
        /// Whether this is an embedded struct, whose members are also members of the outer struct, in JSON and in Go.
        public let isInline: Bool
        /// Whether this is one of several fields of which a message has at most one (`oneof`). Go's struct keeps it in
        /// an interface, so a template can only reach it with its getter.
        public let isOneOf: Bool
        public let patchStrategy: String?
        public let patchMergeKey: String?

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

    /// A method that a template may call.
    public enum Method: Sendable {
        /// `GetX`: returns the field at that index of `fields`, or the zero value if the receiver is a nil pointer.
        case getter(field: Int)
        /// `String`: the printed form.
        case string
        /// `Value` of a Quantity, `GetValue` of a wrapper.
        case value
        /// `IsZero`: whether it is the zero value.
        case isZero
        /// A method with its own implementation, which may take strings.
        case function(ObjectMethod)
    }

    /// The type's name as `%T` prints it: `v1.ObjectMeta`, `*v1.PodSpec`, `map[string]string`.
    public let name: String
    public let kind: Kind
    /// The element type of a pointer, slice, map or wrapper.
    public private(set) var element: ObjectType?
    /// A struct's fields in Go's order.
    public var fields: [Field] {
        ensureMade()
        return made.fields
    }
    /// The index in `fields` by Go field name, without the fields of inline structs and those that only getters reach.
    public var fieldIndex: [String: Int] {
        ensureMade()
        return made.fieldIndex
    }
    /// The methods by Go name.
    public var methods: [String: Method] {
        ensureMade()
        return made.methods
    }
    /// An enum's names and numbers.
    public var enumeration: [(name: String, number: Int)] {
        ensureMade()
        return made.enumeration
    }
    /// For messages that `protoToJSON` prints: the default values, which it omits, by JSON name.
    public var protoDefaults: Object? {
        ensureMade()
        return made.protoDefaults
    }
    /// The fields that appear in JSON, including those of inline structs.
    public var members: [Field] {
        ensureMade()
        return made.members
    }

    /// The part that is created last: a struct's fields and the like.
    private var made = Content()
    /// Whether `made` can be read. It is written once, before this is set.
    private let isMade: Atomic<Bool>
    private let source: (@Sendable () -> Content)?
    private static let publishing = Mutex(())

    /// Creates a type that `complete` fills in.
    public init(name: String, kind: Kind) {
        self.name = name
        self.kind = kind
        isMade = Atomic(true)
        source = nil
    }

    /// Creates a type whose content is created at its first use. A request needs dozens of a table's hundreds of types.
    ///
    /// - Parameter source: always returns the same content. Several threads may call it concurrently.
    public init(name: String, kind: Kind, source: @escaping @Sendable () -> Content) {
        self.name = name
        self.kind = kind
        isMade = Atomic(false)
        self.source = source
    }

    @inline(__always)
    private func ensureMade() {
        if !isMade.load(ordering: .acquiring) { make() }
    }

    private func make() {
        guard let content = source?() else { return }
        Self.publishing.withLock { _ in
            if !isMade.load(ordering: .relaxed) {
                made = content
                isMade.store(true, ordering: .releasing)
            }
        }
    }

    /// Sets the element type of a pointer, slice, map or wrapper, as the second step for types that refer to each
    /// other. Must be called once, before the type is shared.
    public func complete(element: ObjectType) { self.element = element }

    /// Sets the content of a type that was created without a source. Inline structs must be completed before the
    /// structs that contain them.
    public func complete(
        element: ObjectType? = nil, fields: [Field] = [], methods: [String: Method] = [:],
        enumeration: [(name: String, number: Int)] = [], protoDefaults: Object? = nil
    ) {
        self.element = element
        made = Content(
            fields: fields, methods: methods, enumeration: enumeration, protoDefaults: protoDefaults)
    }
}

extension ObjectType {
    /// The parts of a type besides its name and kind: a struct's fields, methods, an enum's names.
    public struct Content: Sendable {
        var fields: [Field] = []
        var fieldIndex: [String: Int] = [:]
        var methods: [String: Method] = [:]
        var enumeration: [(name: String, number: Int)] = []
        var protoDefaults: Object?
        var members: [Field] = []
        /// A hash table from JSON names to `members`: 2^n slots, each with the index of a member or -1.
        var slots: [Int16] = []

        init() {}

        public init(
            fields: [Field] = [], methods: [String: Method] = [:],
            enumeration: [(name: String, number: Int)] = [], protoDefaults: Object? = nil
        ) {
            self.fields = fields
            self.methods = methods
            self.enumeration = enumeration
            self.protoDefaults = protoDefaults
            fieldIndex.reserveCapacity(fields.count)
            members.reserveCapacity(fields.count)
            for (place, field) in fields.enumerated() {
                if !field.isOneOf { fieldIndex[field.name] = place }
                if field.isInline {
                    members += field.type.members
                } else if !field.jsonName.isEmpty {
                    members.append(field)
                }
            }
            fillSlots()
        }

        private mutating func fillSlots() {
            guard !members.isEmpty else { return }
            var size = 4
            while size < members.count * 2 { size *= 2 }
            slots = [Int16](repeating: -1, count: size)
            for (index, member) in members.enumerated() {
                var slot = ObjectType.hash(member.jsonName) & (size - 1)
                while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
                slots[slot] = Int16(truncatingIfNeeded: index)
            }
        }
    }
}

extension ObjectType {
    /// Returns the index in `members` of the member with exactly that JSON name.
    ///
    /// Decoding and merging look up every key of every pod here. This table takes 9 ns, a dictionary 24 ns.
    public func memberIndex(of key: String) -> Int? {
        ensureMade()
        guard !made.slots.isEmpty else { return nil }
        let mask = made.slots.count - 1
        var slot = Self.hash(key) & mask
        while true {
            let index = Int(made.slots[slot])
            guard index >= 0 else { return nil }
            if made.members[index].jsonName == key { return index }
            slot = (slot + 1) & mask
        }
    }

    /// Returns `members[index].type`. Copying the whole member takes six times as long, in a loop over every key of
    /// every pod.
    public func memberType(at index: Int) -> ObjectType {
        ensureMade()
        return made.members[index].type
    }

    /// Returns `members[index].omitEmpty`.
    public func memberOmitsEmpty(at index: Int) -> Bool {
        ensureMade()
        return made.members[index].omitEmpty
    }

    /// Like `memberIndex(of:)`, but ignores the case of ASCII letters, as Go does if no name matches exactly.
    public func memberIndexIgnoringCase(of key: String) -> Int? {
        members.firstIndex { member in
            member.jsonName.utf8.count == key.utf8.count
                && zip(member.jsonName.utf8, key.utf8).allSatisfy { Self.lowered($0) == Self.lowered($1) }
        }
    }

    private static func lowered(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte }

    fileprivate static func hash(_ key: String) -> Int {
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
    /// `map[string]interface {}`
    public static let anyMap: ObjectType = {
        let type = ObjectType(name: "map[string]interface {}", kind: .map)
        type.complete(element: .any)
        return type
    }()
}
