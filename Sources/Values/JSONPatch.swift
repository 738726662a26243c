/// JSON Patch (RFC 6902): computes the difference of two values as operations, and applies operations to a value.
///
/// A webhook's response to Kubernetes contains a JSON Patch.
public enum JSONPatch {
    /// One operation of a patch.
    public struct Operation: Sendable, Equatable {
        public enum Kind: String, Sendable {
            case add, remove, replace, move, copy, test
        }

        public var kind: Kind
        public var path: JSONPointer
        /// The source of `move` and `copy`; nil for the others.
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

    /// Limits of applying an untrusted patch.
    public struct Limits: Sendable {
        public var operations = 10_000
        /// The number of tokens of a pointer. Following them is recursive.
        public var depth = 256
        /// The total number of values that `copy` may create, because repeated copies grow exponentially.
        public var copiedValues = 1_000_000
        public init() {}
    }

    /// Returns the operations that turn one value into the other; none if they are equal.
    ///
    /// Members are added, removed and changed one by one. A missing parent is added once with all its content. A list
    /// is not replaced as a whole: items that are objects with a unique `name` are matched by it, other items by their
    /// longest common subsequence.
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

    /// Parses a patch from its JSON. Unknown members are ignored, as the RFC requires.
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

/// The reason why a patch cannot be applied.
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
    /// The pointer of the operation, as a string.
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
