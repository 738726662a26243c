extension JSONPatch {
    /// Applies the operations in order and returns the result. Throws the error of the first operation that cannot be
    /// applied.
    public static func apply(
        _ operations: [Operation], to document: Value, limits: Limits = Limits()
    ) throws(JSONPatchError) -> Value {
        guard operations.count <= limits.operations else {
            throw JSONPatchError(
                code: .limitExceeded, path: "",
                message: "found \(operations.count) operations, expected at most \(limits.operations)")
        }
        var result = document
        var copied = 0
        for operation in operations {
            try check(operation.path, limits)
            if let from = operation.from { try check(from, limits) }
            switch operation.kind {
            case .add:
                try edit(&result, operation.path, .add, operation.value)
            case .replace:
                try edit(&result, operation.path, .replace, operation.value)
            case .remove:
                try edit(&result, operation.path, .remove, .null)
            case .move:
                let from = try source(operation, in: result)
                if from.pointer == operation.path { continue }
                guard !operation.path.tokens.starts(with: from.pointer.tokens) else {
                    throw JSONPatchError(
                        code: .badPointer, path: operation.path.description,
                        message: "found a place within \"\(from.pointer)\", which is to be moved there")
                }
                try edit(&result, from.pointer, .remove, .null)
                try edit(&result, operation.path, .add, from.value)
            case .copy:
                let from = try source(operation, in: result)
                copied += from.value.countValues(upTo: limits.copiedValues - copied + 1)
                guard copied <= limits.copiedValues else {
                    throw JSONPatchError(
                        code: .limitExceeded, path: operation.path.description,
                        message:
                            "found copies of more than \(limits.copiedValues) values, expected at most that")
                }
                try edit(&result, operation.path, .add, from.value)
            case .test:
                guard let found = operation.path.value(in: result) else {
                    throw missing(operation.path)
                }
                guard found.isEqual(operation.value, numbersByValue: true) else {
                    throw JSONPatchError(
                        code: .testFailed, path: operation.path.description,
                        message: "found another value than the test expects")
                }
            }
        }
        return result
    }

    private static func check(_ path: JSONPointer, _ limits: Limits) throws(JSONPatchError) {
        guard path.tokens.count > limits.depth else { return }
        throw JSONPatchError(
            code: .limitExceeded, path: "",
            message: "found a pointer of \(path.tokens.count) parts, expected at most \(limits.depth)")
    }

    private static func source(
        _ operation: Operation, in document: Value
    ) throws(JSONPatchError) -> (pointer: JSONPointer, value: Value) {
        guard let from = operation.from else {
            throw JSONPatchError(
                code: .badOperation, path: operation.path.description,
                message: "found \(operation.kind.rawValue) without from")
        }
        guard let value = from.value(in: document) else { throw missing(from) }
        return (from, value)
    }

    private static func missing(_ path: JSONPointer) -> JSONPatchError {
        JSONPatchError(code: .missing, path: path.description, message: "found nothing there")
    }

    private enum Edit {
        case add, replace, remove
    }

    private static func edit(
        _ document: inout Value, _ path: JSONPointer, _ edit: Edit, _ value: Value
    ) throws(JSONPatchError) {
        guard !path.tokens.isEmpty else {
            document = edit == .remove ? .null : value
            return
        }
        try descend(&document, path, 0, edit, value)
    }

    private static func descend(
        _ current: inout Value, _ path: JSONPointer, _ depth: Int, _ edit: Edit, _ value: Value
    ) throws(JSONPatchError) {
        let token = path.tokens[depth]
        let isLast = depth == path.tokens.count - 1
        switch current {
        case .object:
            try current.modifyObject { (object: inout Object) throws(JSONPatchError) in
                if isLast {
                    let index = object.index(of: token)
                    if edit != .add, index == nil { throw missing(path) }
                    if edit == .remove, let index {
                        object.members.remove(at: index)
                    } else {
                        object[token] = value
                    }
                    return
                }
                guard let index = object.index(of: token) else { throw missing(path) }
                try descend(&object.members[index].value, path, depth + 1, edit, value)
            }
        case .array:
            try current.modifyArray { (items: inout [Value]) throws(JSONPatchError) in
                let index = try place(token, in: items, path, allowsEnd: isLast && edit == .add)
                guard isLast else {
                    try descend(&items[index], path, depth + 1, edit, value)
                    return
                }
                switch edit {
                case .add: items.insert(value, at: index)
                case .replace: items[index] = value
                case .remove: items.remove(at: index)
                }
            }
        default:
            throw missing(path)
        }
    }

    private static func place(
        _ token: String, in items: [Value], _ path: JSONPointer, allowsEnd: Bool
    ) throws(JSONPatchError) -> Int {
        if token == "-", allowsEnd { return items.count }
        guard let index = JSONPointer.index(token) else {
            throw JSONPatchError(
                code: .badIndex, path: path.description,
                message: "found \(JSON.text(.string(token))), expected an index of a list")
        }
        guard index < items.count || allowsEnd && index == items.count else {
            throw JSONPatchError(
                code: .badIndex, path: path.description,
                message: "found index \(index), expected one of a list of \(items.count) items")
        }
        return index
    }
}
