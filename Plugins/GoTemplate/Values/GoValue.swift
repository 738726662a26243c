public import PluginAPI
public import Values

/// A value of the engine: a Go value, whereas `Value` is a JSON value.
///
/// Data is not converted. Arrays and objects of the data are used in place (`array`, `object`), and print, compare and
/// behave as Go's `[]interface {}` and `map[string]interface {}`. Their items become `GoValue`s when they are read.
/// Results of functions have their own cases (`list`, `map`), so that they need not be converted back. A text is a
/// `String` if it is UTF-8, and otherwise bytes (`rawString`), because a `String` would replace invalid ones. Code that
/// makes a text from bytes uses `GoValue.text(_:)`, which chooses the case.
public enum GoValue: Sendable {
    /// Go's untyped nil: no value, JSON's null.
    case none
    case bool(Bool)
    /// Go's `int`, the type of integer constants in a template, of `len` and of indexes.
    case int(Int)
    /// Go's `int64`, the type of integers in data.
    case int64(Int64)
    case float64(Double)
    case string(String)
    /// A string that is not UTF-8.
    case rawString([UInt8])
    /// `[]interface {}` in the data.
    case array([Value])
    /// `map[string]interface {}` in the data.
    case object(Object)
    /// `[]interface {}` that a function created.
    case list([GoValue])
    /// A map that is shared by reference and changes in place. Its `type` is usually `map[string]interface {}`.
    case map(GoMap)
    /// `[]string`
    case strings([String])
    /// `[]uint8`
    case bytes([UInt8])
    /// A signed integer of a type other than int and int64, possibly a named one such as time.Duration.
    case signed(GoType, Int64)
    /// An unsigned integer of any type.
    case unsigned(GoType, UInt64)
    case float32(Float)
    /// complex128: real and imaginary part.
    case complex(Double, Double)
    /// A slice of a type other than those above: `[]int`, `[][]interface {}`.
    case slice(GoSlice)
    /// A value with a Go type (`ObjectType`): structs, pointers, enums, typed maps and slices.
    case typed(TypedValue)
    /// A value with its own behaviour that a function set provides: a time, a version, a certificate.
    case native(any NativeValue)
}

/// A slice with its Go type.
public final class GoSlice: Sendable {
    public let type: GoType
    public let items: [GoValue]
    /// The elements of its array after the slice's end, up to Go's capacity.
    let spare: [GoValue]
    public init(type: GoType, items: [GoValue]) {
        self.type = type
        self.items = items
        spare = []
    }

    init(type: GoType, items: [GoValue], spare: [GoValue]) {
        self.type = type
        self.items = items
        self.spare = spare
    }
}

/// A JSON value with a Go type. null is the type's zero value (a nil pointer, an empty struct).
public final class TypedValue: Sendable {
    public let value: Value
    public let type: ObjectType
    public init(_ value: Value, type: ObjectType) {
        self.value = value
        self.type = type
    }
}

/// A Go value with its own type and behaviour.
public protocol NativeValue: AnyObject, Sendable {
    var goType: GoType { get }
    /// The text that `print` and `%v` write.
    var printed: String { get }
    /// Returns a field or the result of a method without arguments; nil if no such name exists.
    func member(named name: String) -> GoValue?
    /// Returns a method that takes arguments, or that Go refuses to call; nil if no such name exists.
    func method(named name: String) -> NativeMethod?
    /// Whether `if` treats it as true. A struct is always true.
    var isTrue: Bool { get }
    func isEqual(to other: any NativeValue) -> Bool
}

extension NativeValue {
    public func method(named name: String) -> NativeMethod? { nil }
    public var isTrue: Bool { true }
    public func isEqual(to other: any NativeValue) -> Bool { self === other }
}

extension GoValue {
    /// Returns a string of these bytes.
    public static func text(_ bytes: [UInt8]) -> GoValue {
        bytes.withUnsafeBufferPointer { text($0) }
    }

    /// Returns a string of these bytes.
    static func text(_ bytes: UnsafeBufferPointer<UInt8>) -> GoValue {
        if let text = try? UTF8Span(validating: bytes.span) {
            .string(String(copying: text))
        } else {
            .rawString(Array(bytes))
        }
    }

    /// Converts a JSON value to a Go value without a type. Nothing is copied.
    @inline(__always)
    public init(_ value: Value) {
        switch value {
        case .null: self = .none
        case .bool(let bool): self = .bool(bool)
        case .int(let int): self = .int64(int)
        case .double(let double): self = .float64(double)
        case .string(let string): self = .string(string)
        case .array(let array): self = .array(array)
        case .object(let object): self = .object(object)
        }
    }

    /// Converts a JSON value to a Go value with a type. Types that add nothing to the value itself (`string`, `bool`,
    /// `interface {}`, plain maps) do not wrap it.
    public init(_ value: Value, type: ObjectType?) {
        guard let type else {
            self.init(value)
            return
        }
        switch type.kind {
        case .any: self.init(value)
        case .string where type.name == "string":
            if case .string(let text) = value { self = .string(text) } else { self = .string("") }
        case .bool where type.name == "bool":
            if case .bool(let bool) = value { self = .bool(bool) } else { self = .bool(false) }
        case .int: self = GoValue.integer(value, type)
        case .float: self = GoValue.float(value, type)
        case .map where type.name == GoType.anyMap.name && !value.isNull: self.init(value)
        default: self = .typed(TypedValue(value, type: type))
        }
    }

    private static func integer(_ value: Value, _ type: ObjectType) -> GoValue {
        let number: Int64 =
            switch value {
            case .int(let int): int
            case .double(let double): Int64(exactly: double) ?? 0
            case .string(let text): Int64(text) ?? 0
            default: 0
            }
        switch type.name {
        case "int": return .int(Int(number))
        case "int64": return .int64(number)
        default:
            let named = GoType.integerType(named: type.name)
            return named.kind.isUnsigned
                ? .unsigned(named, UInt64(bitPattern: number)) : .signed(named, number)
        }
    }

    private static func float(_ value: Value, _ type: ObjectType) -> GoValue {
        let number: Double =
            switch value {
            case .int(let int): Double(int)
            case .double(let double): double
            default: 0
            }
        return type.name == "float32" ? .float32(Float(number)) : .float64(number)
    }

    /// The Go type; `GoType.invalid` for no value.
    public var type: GoType {
        switch self {
        case .none: .invalid
        case .bool: .bool
        case .int: .int
        case .int64: .int64
        case .float64: .float64
        case .string, .rawString: .string
        case .array, .list: .anySlice
        case .object: .anyMap
        case .map(let map): map.type
        case .strings: .strings
        case .bytes: .bytes
        case .signed(let type, _), .unsigned(let type, _): type
        case .float32: .float32
        case .complex: .complex128
        case .slice(let slice): slice.type
        case .typed(let typed): GoType(typed.type)
        case .native(let native): native.goType
        }
    }

    /// The name of the type, as `%T` prints it.
    public var typeName: String {
        if case .typed(let typed) = self { typed.type.name } else { type.name }
    }

    /// The bytes of a string; nil for anything else.
    public var stringBytes: [UInt8]? {
        switch self {
        case .string(let text): Array(text.utf8)
        case .rawString(let bytes): bytes
        case .typed(let typed) where typed.type.kind == .string: Array((typed.value.string ?? "").utf8)
        default: nil
        }
    }

    /// Calls `body` with the bytes of a string; with no bytes for anything else.
    func withStringBytes<R>(_ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        switch self {
        case .string(let text): text.withBytes(body)
        case .typed(let typed) where typed.type.kind == .string:
            (typed.value.string ?? "").withBytes(body)
        default: (stringBytes ?? []).withUnsafeBufferPointer(body)
        }
    }

    /// Whether two strings have the same bytes. Neither is copied, because a loop may compare one long text with many.
    func hasSameStringBytes(as other: GoValue) -> Bool {
        if case .string(let one) = self, case .string(let two) = other { return one.hasSameBytes(as: two) }
        return withStringBytes { one in
            other.withStringBytes { two in one.count == two.count && one.elementsEqual(two) }
        }
    }

    /// The text of a string, in which bytes that are not UTF-8 are replaced; nil for anything else.
    public var stringText: String? {
        switch self {
        case .string(let text): text
        case .rawString(let bytes): String(decoding: bytes, as: UTF8.self)
        case .typed(let typed) where typed.type.kind == .string: typed.value.string ?? ""
        default: nil
        }
    }

    /// The items of any slice; nil for anything else.
    public var items: [GoValue]? {
        switch self {
        case .array(let values): values.map { GoValue($0) }
        case .list(let items): items
        case .strings(let texts): texts.map { .string($0) }
        case .bytes(let bytes): bytes.map { .unsigned(.uint8, UInt64($0)) }
        case .slice(let slice): slice.items
        case .typed(let typed) where typed.type.kind == .slice:
            (typed.value.array ?? []).map { GoValue($0, type: typed.type.element) }
        default: nil
        }
    }

    /// The members of any map, sorted by key; nil for anything else.
    public var sortedMembers: [(key: String, value: GoValue)]? {
        switch self {
        case .object(let object):
            return object.sortedMembers.map { ($0.key, GoValue($0.value)) }
        case .map(let map):
            return map.sortedMembers
        case .typed(let typed) where typed.type.kind == .map:
            return (typed.value.object ?? Object()).sortedMembers
                .map { ($0.key, GoValue($0.value, type: typed.type.element)) }
        default: return nil
        }
    }
}

extension Object {
    /// The members, sorted by key. Most data is in order already, or almost.
    var sortedMembers: [Member] {
        for index in members.indices.dropFirst()
        where !GoText.isLess(members[index - 1].key, members[index].key) {
            return members.sorted { GoText.isLess($0.key, $1.key) }
        }
        return members
    }
}

extension GoType {
    /// Returns the integer type that `%T` prints with that name. A name that is not one of Go's own counts as an int32.
    static func integerType(named name: String) -> GoType {
        let known = GoType.named(name)
        if known.kind.isSigned || known.kind.isUnsigned { return known }
        return GoType(name: name, kind: .int32)
    }

    convenience init(_ type: ObjectType) {
        let kind: Kind =
            switch type.kind {
            case .any: .interface
            case .bool: .bool
            case .string: .string
            case .int: GoType.integerType(named: type.name).kind
            case .float: type.name == "float32" ? .float32 : .float64
            case .bytes, .slice: .slice
            case .pointer: .pointer
            case .map: .map
            case .structure, .quantity, .intOrString, .time, .wrapper: .structure
            case .enumeration: .int32
            case .duration: type.name.begins(with: "*") ? .pointer : .structure
            }
        let element: GoType? = type.element.map { GoType(name: $0.name, kind: GoType.named($0.name).kind) }
        self.init(name: type.name, kind: kind, element: element)
    }
}
