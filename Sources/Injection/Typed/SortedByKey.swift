import Values

extension Object {
    /// The members in byte order of their keys; only the last of equal keys.
    var sortedByKey: Object {
        guard members.count > 1 else { return self }
        // The last of equal keys is sorted first.
        let sorted = members.enumerated().sorted {
            let (left, right) = ($0.element.key, $1.element.key)
            return left.hasSameBytes(as: right)
                ? $0.offset > $1.offset : left.utf8.lexicographicallyPrecedes(right.utf8)
        }
        var result: [Member] = []
        result.reserveCapacity(sorted.count)
        for (_, member) in sorted where result.last?.key.hasSameBytes(as: member.key) != true {
            result.append(member)
        }
        return Object(result)
    }
}
