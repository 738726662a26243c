import Values

#if canImport(Glibc)
    import Glibc
#endif

/// Checks whether a text has a given value, with the steps of parsing but without creating values.
///
/// This takes two fifths of the instructions of parsing a pod and comparing the values. A difference is not
/// distinguished from text that needs libyaml. In both cases the caller parses the text.
extension YAMLBlockReader {
    static func reads(
        _ bytes: UnsafeBufferPointer<UInt8>, as value: Value, limits: YAMLLimits
    ) -> Bool {
        guard var reader = YAMLBlockReader(bytes, limits) else { return false }
        do throws(Unknown) {
            try reader.nextContent()
            guard reader.column >= 0 else { return false }
            try reader.compareCollection(value, at: reader.column, depth: 1)
            return reader.column < 0
        } catch {
            return false
        }
    }

    private mutating func compareCollection(_ value: Value, at column: Int, depth: Int) throws(Unknown) {
        if isAtDash {
            try compareSequence(value, at: column, depth: depth)
        } else {
            try compareMapping(value, at: column, depth: depth)
        }
    }

    private mutating func compareSequence(_ value: Value, at indent: Int, depth: Int) throws(Unknown) {
        guard depth <= depthLimit, case .array(let items) = value else { throw Unknown() }
        for index in items.indices {
            guard column == indent, isAtDash else { throw Unknown() }
            position += 1
            try compareItem(items[index], within: indent, depth: depth)
        }
        guard column < indent || column == indent && !isAtDash else { throw Unknown() }
    }

    private mutating func compareItem(_ value: Value, within indent: Int, depth: Int) throws(Unknown) {
        if try endLine() {
            if column > indent { return try compareCollection(value, at: column, depth: depth + 1) }
            guard value.isNull else { throw Unknown() }
            return
        }
        let inner = position - lineStart
        if isAtDash {
            column = inner
            return try compareSequence(value, at: inner, depth: depth + 1)
        }
        if case .object = value, base[position] != UInt8(ascii: "{") {
            column = inner
            return try compareMapping(value, at: inner, depth: depth + 1)
        }
        try compareScalar(value, within: indent, depth: depth)
    }

    /// Members are expected in the same order. A different order counts as a difference here.
    private mutating func compareMapping(_ value: Value, at indent: Int, depth: Int) throws(Unknown) {
        guard depth <= depthLimit, case .object(let object) = value, !object.isEmpty else { throw Unknown() }
        for index in object.members.indices {
            guard column == indent, !isAtDash else { throw Unknown() }
            try compareKey(object.members[index].key)
            try compareMember(object.members[index].value, within: indent, depth: depth)
        }
        guard column < indent else { throw Unknown() }
    }

    private mutating func compareMember(_ value: Value, within indent: Int, depth: Int) throws(Unknown) {
        guard try endLine() else { return try compareScalar(value, within: indent, depth: depth) }
        if column > indent {
            try compareCollection(value, at: column, depth: depth + 1)
        } else if column == indent, isAtDash {
            try compareSequence(value, at: indent, depth: depth)
        } else if !value.isNull {
            throw Unknown()
        }
    }

    private mutating func compareKey(_ key: String) throws(Unknown) {
        let start = position
        if base[position] == UInt8(ascii: "\"") || base[position] == UInt8(ascii: "'") {
            guard try quoted().hasSameBytes(as: key) else { throw Unknown() }
            skipSpaces()
        } else {
            let bytes = try plain()
            let isSame =
                YAMLScalar.mayResolve(bytes)
                ? try keyText(bytes).hasSameBytes(as: key) : Self.isSame(bytes, key) && key != "<<"
            guard isSame else { throw Unknown() }
        }
        guard isAtColon, position - start <= Self.keyLimit else { throw Unknown() }
        position += 1
    }

    private mutating func compareScalar(_ value: Value, within indent: Int, depth: Int) throws(Unknown) {
        skipSpaces()
        switch base[position] {
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            guard case .string(let text) = value, try quoted().hasSameBytes(as: text) else { throw Unknown() }
        case UInt8(ascii: "|"):
            guard case .string(let text) = value, try literal(within: indent).hasSameBytes(as: text) else {
                throw Unknown()
            }
            return
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard try flow(depth: depth + 1) == value else { throw Unknown() }
        default:
            let bytes = try plain()
            if case .string(let text) = value, !YAMLScalar.mayResolve(bytes) {
                guard Self.isSame(bytes, text) else { throw Unknown() }
            } else {
                guard try resolve(bytes) == value else { throw Unknown() }
            }
        }
        guard try endLine(), column <= indent else { throw Unknown() }
    }

    private static func isSame(_ bytes: UnsafeBufferPointer<UInt8>, _ text: String) -> Bool {
        text.withBytes { text in
            guard text.count == bytes.count else { return false }
            guard let left = text.baseAddress, let right = bytes.baseAddress else { return true }
            return memcmp(left, right, bytes.count) == 0
        }
    }
}
