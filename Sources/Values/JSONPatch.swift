/// JSON Patch (RFC 6902): the difference of two values as operations, and operations applied to a value.
///
/// Comes in: two values, or operations and a value. Goes out: operations, or a value or the error of the first
/// operation that cannot be applied. Kubernetes takes such a patch from a webhook.
public enum JSONPatch {
    /// One operation of a patch.
    public struct Operation: Sendable, Equatable {
        public enum Kind: String, Sendable {
            case add, remove, replace, move, copy, test
        }

        public var kind: Kind
        public var path: JSONPointer
        /// Where `move` and `copy` take the value from; nil for the others.
        public var from: JSONPointer?
        /// The value of `add`, `replace` and `test`; null for the others.
        public var value: Value

        public init(_ kind: Kind, _ path: JSONPointer, from: JSONPointer? = nil, value: Value = .null) {
            self.kind = kind
            self.path = path
            self.from = from
            self.value = value
        }

        var hasValue: Bool { kind == .add || kind == .replace || kind == .test }
    }

    /// What applying a patch from outside may cost.
    public struct Limits: Sendable {
        public var operations = 10_000
        /// Parts of a pointer: walking them costs stack.
        public var depth = 256
        /// Values that `copy` may make in all, as each copy of a copy doubles.
        public var copiedValues = 1_000_000
        public init() {}
    }

    /// The operations that turn one value into the other; none where they are equal.
    ///
    /// Members are added, removed and changed one by one, a missing parent is added once with all that is in it.
    /// A list is never replaced by another: items that are objects with a `name` of their own are matched by it,
    /// other items by what they have in common.
    public static func diff(from old: Value, to new: Value) -> [Operation] {
        var difference = JSONDifference()
        difference.compare(old, new)
        return difference.operations
    }

    /// Writes the operations as the JSON of a patch.
    public static func write(_ operations: [Operation], into output: inout ByteBuffer) {
        output.append(UInt8(ascii: "["))
        operations.withBorrowedItems { operations in
            for index in 0..<operations.count {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                write(operations[index], into: &output)
            }
        }
        output.append(UInt8(ascii: "]"))
    }

    private static func write(_ item: borrowing Borrowed<Operation>.Item, into output: inout ByteBuffer) {
        output.append("{\"op\":\"")
        output.append(item.content.kind.rawValue)
        output.append("\",")
        if let from = item.content.from {
            output.append("\"from\":")
            from.write(into: &output)
            output.append(UInt8(ascii: ","))
        }
        output.append("\"path\":")
        item.content.path.write(into: &output)
        if item.content.hasValue {
            output.append(",\"value\":")
            JSON.write(item.content.value, into: &output)
        }
        output.append(UInt8(ascii: "}"))
    }

    /// Reads a patch from its JSON. Members that the RFC does not name are ignored, as it asks for.
    public static func operations(_ patch: Value) throws(JSONPatchError) -> [Operation] {
        guard case .array(let items) = patch else {
            throw JSONPatchError(code: .badOperation, path: "", message: "found no list of operations")
        }
        var result: [Operation] = []
        result.reserveCapacity(items.count)
        for item in items { result.append(try operation(item)) }
        return result
    }

    private static func operation(_ item: Value) throws(JSONPatchError) -> Operation {
        guard let path = item["path"]?.string else {
            throw JSONPatchError(code: .badOperation, path: "", message: "found an operation without a path")
        }
        guard let kind = item["op"]?.string.flatMap(Operation.Kind.init) else {
            throw JSONPatchError(
                code: .badOperation, path: path,
                message: "found op \(item["op"].map { JSON.text($0) } ?? "missing"), "
                    + "expected add, remove, replace, move, copy or test")
        }
        var result = Operation(kind, try JSONPointer(parsing: path))
        if result.hasValue {
            guard let value = item["value"] else {
                throw JSONPatchError(
                    code: .badOperation, path: path, message: "found \(kind.rawValue) without a value")
            }
            result.value = value
        } else if kind != .remove {
            guard let from = item["from"]?.string else {
                throw JSONPatchError(
                    code: .badOperation, path: path, message: "found \(kind.rawValue) without from")
            }
            result.from = try JSONPointer(parsing: from)
        }
        return result
    }
}

/// Why a patch cannot be applied.
public struct JSONPatchError: Error, Sendable, Equatable {
    public enum Code: String, Sendable {
        case badPointer = "bad_pointer"
        case badOperation = "bad_operation"
        case missing
        case badIndex = "bad_index"
        case testFailed = "test_failed"
        case limitExceeded = "limit_exceeded"
    }

    public var code: Code
    /// The pointer in question, as text.
    public var path: String
    public var message: String

    public init(code: Code, path: String, message: String) {
        self.code = code
        self.path = path
        self.message = message
    }
}

extension JSONPatchError: CustomStringConvertible {
    public var description: String { "patch: \"\(path)\": \(message)" }
}
