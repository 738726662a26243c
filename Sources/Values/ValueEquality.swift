extension Value {
    /// Whether kinds and contents are equal. Members may be in any order, strings are compared by bytes, and `.int(1)`
    /// is not equal to `.double(1)`.
    public static func == (left: Value, right: Value) -> Bool {
        left.isEqual(right, numbersByValue: false)
    }

    /// Like `==`, but with `numbersByValue` an integer also equals a double of the same value, as in RFC 6902. The
    /// integer is converted to a double for this, because a large double is written with only the digits that
    /// distinguish it from its neighbours, followed by zeros. This is not recursive: the depth of a value costs heap
    /// memory, not stack.
    public func isEqual(_ other: Value, numbersByValue: Bool) -> Bool {
        var pending: [(Value, Value)] = []
        guard Value.compare(self, other, numbersByValue, &pending) else { return false }
        while let (left, right) = pending.popLast() {
            switch (left, right) {
            case (.array(let left), .array(let right)):
                for index in left.indices
                where !Value.compare(left[index], right[index], numbersByValue, &pending) {
                    return false
                }
            case (.object(let left), .object(let right)):
                guard Value.compareMembers(left, right, numbersByValue, &pending) else { return false }
            default:
                return false
            }
        }
        return true
    }

    /// Compares scalars and sizes. Containers of the same size are added to `pending`, unless they share storage, as
    /// nearly everything of a pod does before and after its injection.
    private static func compare(
        _ left: Value, _ right: Value, _ numbersByValue: Bool, _ pending: inout [(Value, Value)]
    ) -> Bool {
        switch (left, right) {
        case (.null, .null): return true
        case (.bool(let left), .bool(let right)): return left == right
        case (.int(let left), .int(let right)): return left == right
        case (.double(let left), .double(let right)): return left == right
        case (.int(let integer), .double(let fraction)), (.double(let fraction), .int(let integer)):
            return numbersByValue && Double(integer) == fraction
        case (.string(let left), .string(let right)): return left.hasSameBytes(as: right)
        case (.array(let leftItems), .array(let rightItems)):
            guard leftItems.count == rightItems.count else { return false }
            if !leftItems.isSameStorage(as: rightItems) { pending.append((left, right)) }
            return true
        case (.object(let leftObject), .object(let rightObject)):
            guard leftObject.count == rightObject.count else { return false }
            if !leftObject.members.isSameStorage(as: rightObject.members) { pending.append((left, right)) }
            return true
        default:
            return false
        }
    }

    private static func compareMembers(
        _ left: Object, _ right: Object, _ numbersByValue: Bool, _ pending: inout [(Value, Value)]
    ) -> Bool {
        // Built once if the orders differ, because a linear search for each key would take quadratic time.
        var places: KeyIndex?
        return left.members.withBorrowedItems { left in
            right.members.withBorrowedItems { rightMembers in
                for index in 0..<left.count {
                    if left.hasSameBits(as: rightMembers, at: index) { continue }
                    var place: Int? = index
                    if !rightMembers[index].content.key.hasSameBytes(as: left[index].content.key) {
                        let known = places ?? KeyIndex(right.members)
                        places = known
                        place = known.place(of: left[index].content.key, near: index)
                    }
                    guard let place,
                        compare(
                            left[index].content.value, rightMembers[place].content.value, numbersByValue,
                            &pending)
                    else { return false }
                }
                return true
            }
        }
    }

    /// Returns the number of values in this one, including itself. Counting stops at `limit`.
    func countValues(upTo limit: Int) -> Int {
        var count = 0
        var pending = [self]
        while let value = pending.popLast(), count < limit {
            count += 1
            switch value {
            case .array(let items): pending.append(contentsOf: items.prefix(limit))
            case .object(let object):
                pending.append(contentsOf: object.members.prefix(limit).lazy.map(\.value))
            default: break
            }
        }
        return count
    }
}

extension Object: Equatable {
    /// Whether the members are equal, in any order, as in JSON.
    public static func == (left: Object, right: Object) -> Bool { Value.object(left) == Value.object(right) }
}
