/// A value of JSON or YAML. Templates, decisions and patches all work on values.
///
/// All input of Pillion is parsed into values, and all output is written from values. An integer literal that fits in
/// an `Int64` is `.int`; any other number is `.double`. Strings are stored inline (boxing them would save 8 bytes, but
/// cost an allocation for each). Objects keep the order of their members.
public enum Value: Sendable, Equatable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case string(String)
    case array([Value])
    case object(Object)
}

extension Value {
    /// The boolean, or nil for any other kind.
    @inlinable
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    /// The integer, or nil for any other kind; a `.double` is not an integer.
    @inlinable
    public var int: Int64? { if case .int(let value) = self { value } else { nil } }
    /// The string, or nil for any other kind.
    @inlinable
    public var string: String? { if case .string(let value) = self { value } else { nil } }
    /// The items, or nil for any other kind.
    @inlinable
    public var array: [Value]? { if case .array(let value) = self { value } else { nil } }
    /// The members, or nil for any other kind.
    @inlinable
    public var object: Object? { if case .object(let value) = self { value } else { nil } }
    @inlinable
    public var isNull: Bool { if case .null = self { true } else { false } }
    public var isCollection: Bool {
        switch self {
        case .array, .object: true
        case .null, .bool, .int, .double, .string: false
        }
    }

    /// The value of that key if this is an object that has it, otherwise nil.
    @inlinable
    public subscript(key: String) -> Value? {
        if case .object(let object) = self { object[key] } else { nil }
    }

    /// The item at that index if this is an array that has it, otherwise nil.
    @inlinable
    public subscript(index: Int) -> Value? {
        if case .array(let items) = self, items.indices.contains(index) { items[index] } else { nil }
    }

    /// Changes the array in place. It is moved out of the value first, so that it is not copied (binding the payload in
    /// a pattern and writing it back would copy it). A value of another kind becomes an array.
    @inlinable
    public mutating func modifyArray<R, E: Error>(_ body: (inout [Value]) throws(E) -> R) throws(E) -> R {
        var items: [Value] = []
        if case .array(let existing) = self { items = existing }
        self = .null
        defer { self = .array(items) }
        return try body(&items)
    }

    /// Changes the object in place, like `modifyArray`.
    @inlinable
    public mutating func modifyObject<R, E: Error>(_ body: (inout Object) throws(E) -> R) throws(E) -> R {
        var members = Object()
        if case .object(let existing) = self { members = existing }
        self = .null
        defer { self = .object(members) }
        return try body(&members)
    }
}

extension Value: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByFloatLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .int(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: Value...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, Value)...) {
        self = .object(Object(elements.map { Member($0.0, $0.1) }))
    }
}
