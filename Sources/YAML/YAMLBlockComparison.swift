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
        try items.withBorrowedItems { items throws(Unknown) in
            for index in 0..<items.count {
                guard column == indent, isAtDash else { throw Unknown() }
                position += 1
                try compareItem(items[index], within: indent, depth: depth)
            }
        }
        guard column < indent || column == indent && !isAtDash else { throw Unknown() }
    }

    /// Takes the item as it is borrowed: in a closure, its content would be copied.
    private mutating func compareItem(
        _ item: borrowing Borrowed<Value>.Item, within indent: Int, depth: Int
    ) throws(Unknown) {
        try compareItemValue(item.content, within: indent, depth: depth)
    }

    private mutating func compareItemValue(_ value: Value, within indent: Int, depth: Int) throws(Unknown) {
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
        try object.members.withBorrowedItems { members throws(Unknown) in
            for index in 0..<members.count {
                guard column == indent, !isAtDash else { throw Unknown() }
                try compareMember(members[index], within: indent, depth: depth)
            }
        }
        guard column < indent else { throw Unknown() }
    }

    /// Takes the member as it is borrowed, as `compareItem` does.
    private mutating func compareMember(
        _ member: borrowing Borrowed<Member>.Item, within indent: Int, depth: Int
    ) throws(Unknown) {
        try compareKey(member.content.key)
        try compareMemberValue(member.content.value, within: indent, depth: depth)
    }

    private mutating func compareMemberValue(_ value: Value, within indent: Int, depth: Int) throws(Unknown) {
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
        if let length = matchingWord(key), length <= Self.keyLimit {
            position += length
            guard isAtColon else { throw Unknown() }
            position += 1
            return
        }
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
        if case .string(let text) = value, let length = matchingWord(text), isLineEnd(position + length) {
            position += length
            guard try endLine(), column <= indent else { throw Unknown() }
            return
        }
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

    /// Whether there is a line break or the end of the text at an index.
    private func isLineEnd(_ index: Int) -> Bool { index >= end || base[index] == 0x0A }

    /// Returns the length of an expected word if it is next; nil for any other string. A word begins with a letter and
    /// has no spaces, `:` or `#`, and is parsed as a string, so it is a plain scalar or the beginning of one.
    ///
    /// This replaces the search for the end of the scalar for nearly all keys and most values.
    private func matchingWord(_ text: String) -> Int? {
        text.withBytes { word in
            guard let first = word.first, first | 0x20 &- UInt8(ascii: "a") < 26,
                word.count <= end - position,
                YAMLRun.isWord(word, at: base + position), !YAMLScalar.mayResolve(word)
            else { return nil }
            return word.count
        }
    }

    private static func isSame(_ bytes: UnsafeBufferPointer<UInt8>, _ text: String) -> Bool {
        text.withBytes { text in
            guard text.count == bytes.count else { return false }
            guard let left = text.baseAddress, let right = bytes.baseAddress else { return true }
            return memcmp(left, right, bytes.count) == 0
        }
    }
}
