extension Value {
    /// Equal kinds and contents; members in any order, texts byte for byte. `.int(1)` is not `.double(1)`.
    public static func == (left: Value, right: Value) -> Bool {
        left.isEqual(right, numbersByValue: false)
    }

    /// As `==`; `numbersByValue` also takes an integer and a binary fraction of the same size as equal, as RFC
    /// 6902 does: of the size that the integer has as a binary fraction, as a large fraction is written by the
    /// digits that tell it from its neighbours, with zeros after. Nothing recurses: the depth of a value costs heap, not stack.
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

    /// Compares what can be compared at once; containers of the same size are left for later.
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
            if !leftItems.isEmpty { pending.append((left, right)) }
            return true
        case (.object(let leftObject), .object(let rightObject)):
            guard leftObject.count == rightObject.count else { return false }
            if !leftObject.isEmpty { pending.append((left, right)) }
            return true
        default:
            return false
        }
    }

    private static func compareMembers(
        _ left: Object, _ right: Object, _ numbersByValue: Bool, _ pending: inout [(Value, Value)]
    ) -> Bool {
        var places: [ExactKey: Int]?
        for (index, member) in left.members.enumerated() {
            var place: Int? = index
            if !right.members[index].key.hasSameBytes(as: member.key) {
                if right.count <= Object.scanLimit {
                    place = right.members.firstIndex { $0.key.hasSameBytes(as: member.key) }
                } else {
                    // Built once, where the orders differ: a scan for each would grow with the square.
                    let index =
                        places
                        ?? Dictionary(
                            right.members.enumerated().map { (ExactKey($1.key), $0) },
                            uniquingKeysWith: { first, _ in first })
                    places = index
                    place = index[ExactKey(member.key)]
                }
            }
            guard let place, compare(member.value, right.members[place].value, numbersByValue, &pending)
            else {
                return false
            }
        }
        return true
    }

    /// How many values this one holds, itself among them; counting stops at `limit`.
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
    /// Equal members, whatever their order, as JSON has it.
    public static func == (left: Object, right: Object) -> Bool { Value.object(left) == Value.object(right) }
}
