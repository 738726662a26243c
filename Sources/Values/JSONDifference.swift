/// Computes the operations that turn one value into another.
///
/// The work is linear in the size of the values, except for lists without names: there it is quadratic for short ranges
/// between the common prefix and suffix.
struct JSONDifference {
    private(set) var operations: [JSONPatch.Operation] = []
    private var path: [String] = []

    /// The maximum depth. Deeper values that differ are replaced as a whole, because comparing is recursive.
    static let depthLimit = 100
    /// The maximum number of pairs of items that are compared to find the longest common subsequence of two lists. If
    /// there are more, items are paired by index.
    static let pairLimit = 4_096

    mutating func compare(_ old: Value, _ new: Value) {
        guard path.count < Self.depthLimit else {
            if old != new { replace(new) }
            return
        }
        // Unchanged parts usually share storage, so that 2,000 unchanged variables of a pod are not compared.
        switch (old, new) {
        case (.object(let old), .object(let new)):
            if !old.members.isSameStorage(as: new.members) { compareMembers(old, new) }
        case (.array(let old), .array(let new)):
            if !old.isSameStorage(as: new) { compareItems(old, new) }
        default:
            if old != new { replace(new) }
        }
    }

    private mutating func replace(_ value: Value) {
        operations.append(JSONPatch.Operation(.replace, JSONPointer(path), value: value))
    }

    private mutating func add(_ token: String, _ value: Value) {
        operations.append(JSONPatch.Operation(.add, JSONPointer(path + [token]), value: value))
    }

    private mutating func remove(_ token: String) {
        operations.append(JSONPatch.Operation(.remove, JSONPointer(path + [token])))
    }

    private mutating func descend(_ token: @autoclosure () -> String, _ old: Value, _ new: Value) {
        // Most compared values are equal scalars, which do not need a path.
        switch (old, new) {
        case (.object, .object), (.array, .array): break
        default: if old == new { return }
        }
        path.append(token())
        compare(old, new)
        path.removeLast()
    }

    // MARK: Objects

    private mutating func compareMembers(_ old: Object, _ new: Object) {
        if hasSameKeys(old, new) {
            old.members.withBorrowedItems { old in
                new.members.withBorrowedItems { new in
                    for place in 0..<old.count where !old.hasSameBits(as: new, at: place) {
                        descend(old[place].content.key, old[place].content.value, new[place].content.value)
                    }
                }
            }
            return
        }
        let oldPlaces = KeyIndex(old.members)
        let newPlaces = KeyIndex(new.members)
        old.members.withBorrowedItems { old in
            new.members.withBorrowedItems { new in
                for place in 0..<old.count
                where newPlaces.place(of: old[place].content.key, near: place) == nil {
                    remove(old[place].content.key)
                }
                for place in 0..<new.count {
                    if let other = oldPlaces.place(of: new[place].content.key, near: place) {
                        descend(new[place].content.key, old[other].content.value, new[place].content.value)
                    } else {
                        add(new[place].content.key, new[place].content.value)
                    }
                }
            }
        }
    }

    /// Whether both have the same keys in the same order, as after changing values in a copy.
    private func hasSameKeys(_ old: Object, _ new: Object) -> Bool {
        guard old.count == new.count else { return false }
        return old.members.withBorrowedItems { old in
            new.members.withBorrowedItems { new in
                for place in 0..<old.count
                where !old.hasSameBits(as: new, at: place)
                    && !old[place].content.key.hasSameBytes(as: new[place].content.key)
                {
                    return false
                }
                return true
            }
        }
    }

    // MARK: Lists

    private mutating func compareItems(_ old: [Value], _ new: [Value]) {
        // Injection only appends to nearly every list.
        if keepsNames(old, new) {
            return edit(old, new, pairs: old.indices.map { ($0, $0) }, pairsRuns: false)
        }
        if old == new { return }
        if let oldNames = names(old), let newNames = names(new) {
            edit(old, new, pairs: pairsByName(oldNames, newNames), pairsRuns: false)
            return
        }
        var head = 0
        while head < min(old.count, new.count), old[head] == new[head] { head += 1 }
        var tail = 0
        while tail < min(old.count, new.count) - head, old[old.count - 1 - tail] == new[new.count - 1 - tail]
        {
            tail += 1
        }
        var pairs = (0..<head).map { ($0, $0) }
        let oldRun = head..<old.count - tail
        let newRun = head..<new.count - tail
        if !oldRun.isEmpty, !newRun.isEmpty, oldRun.count * newRun.count <= Self.pairLimit {
            pairs += longestCommonRun(old, oldRun, new, newRun)
        }
        pairs += (0..<tail).map { (old.count - tail + $0, new.count - tail + $0) }
        edit(old, new, pairs: pairs, pairsRuns: true)
    }

    /// Whether the new list begins with the items of the old one, which may be changed but have the same names.
    private func keepsNames(_ old: [Value], _ new: [Value]) -> Bool {
        guard old.count <= new.count else { return false }
        return old.withBorrowedItems { oldItems in
            new.withBorrowedItems { newItems in
                for place in old.indices {
                    guard case .object(let left) = old[place], case .string(let name)? = left["name"] else {
                        return false
                    }
                    if oldItems.hasSameBits(as: newItems, at: place) { continue }
                    guard case .object(let right) = new[place], case .string(let other)? = right["name"],
                        name.hasSameBytes(as: other)
                    else { return false }
                }
                return true
            }
        }
    }

    /// Returns the names of the items if every item is an object with a unique name; otherwise nil.
    private func names(_ items: [Value]) -> [String]? {
        var names: [String] = []
        names.reserveCapacity(items.count)
        // Comparing a few names takes a third of the time of hashing them.
        let isShort = items.count <= Object.scanLimit
        for item in items {
            guard case .object(let object) = item, case .string(let name)? = object["name"] else {
                return nil
            }
            if isShort, names.contains(where: { $0.hasSameBytes(as: name) }) { return nil }
            names.append(name)
        }
        return isShort || Set(names.lazy.map(ExactKey.init)).count == names.count ? names : nil
    }

    /// Returns the pairs of items that stay: those in both lists, without those whose order changed.
    private func pairsByName(_ old: [String], _ new: [String]) -> [(Int, Int)] {
        var places: [ExactKey: Int] = [:]
        let isShort = old.count <= Object.scanLimit
        if !isShort { for (place, name) in old.enumerated() { places[ExactKey(name)] = place } }
        let common = new.enumerated().compactMap { place, name in
            let before = isShort ? old.firstIndex { $0.hasSameBytes(as: name) } : places[ExactKey(name)]
            return before.map { (old: $0, new: place) }
        }
        return longestRising(common)
    }

    /// Returns the longest subsequence of pairs whose old indices are increasing too (patience sorting, n log n).
    private func longestRising(_ pairs: [(old: Int, new: Int)]) -> [(Int, Int)] {
        var tails: [Int] = []
        var previous = [Int?](repeating: nil, count: pairs.count)
        for (index, pair) in pairs.enumerated() {
            var low = 0
            var high = tails.count
            while low < high {
                let middle = (low + high) / 2
                if pairs[tails[middle]].old < pair.old { low = middle + 1 } else { high = middle }
            }
            previous[index] = low > 0 ? tails[low - 1] : nil
            if low == tails.count { tails.append(index) } else { tails[low] = index }
        }
        var result: [(Int, Int)] = []
        var next = tails.last
        while let index = next {
            result.append(pairs[index])
            next = previous[index]
        }
        return result.reversed()
    }

    /// Returns the longest common subsequence of two ranges as pairs of indices.
    private func longestCommonRun(
        _ old: [Value], _ oldRun: Range<Int>, _ new: [Value], _ newRun: Range<Int>
    ) -> [(Int, Int)] {
        let width = newRun.count + 1
        // The length of the longest common subsequence from each pair of indices on.
        var lengths = [Int](repeating: 0, count: (oldRun.count + 1) * width)
        var same = [Bool](repeating: false, count: (oldRun.count + 1) * width)
        for row in stride(from: oldRun.count - 1, through: 0, by: -1) {
            for column in stride(from: newRun.count - 1, through: 0, by: -1) {
                let cell = row * width + column
                same[cell] = old[oldRun.lowerBound + row] == new[newRun.lowerBound + column]
                lengths[cell] =
                    same[cell]
                    ? lengths[cell + width + 1] + 1 : max(lengths[cell + width], lengths[cell + 1])
            }
        }
        var result: [(Int, Int)] = []
        var row = 0
        var column = 0
        while row < oldRun.count, column < newRun.count {
            let cell = row * width + column
            if same[cell] {
                result.append((oldRun.lowerBound + row, newRun.lowerBound + column))
                row += 1
                column += 1
            } else if lengths[cell + width] >= lengths[cell + 1] {
                row += 1
            } else {
                column += 1
            }
        }
        return result
    }

    /// Turns one list into the other from left to right, given the pairs of items that stay. Between two pairs, items
    /// are removed and added. If `pairsRuns` is set, a removed and an added item are treated as one changed item.
    private mutating func edit(_ old: [Value], _ new: [Value], pairs: [(Int, Int)], pairsRuns: Bool) {
        var count = old.count
        var oldNext = 0
        var newNext = 0
        for (oldPlace, newPlace) in pairs + [(old.count, new.count)] {
            if pairsRuns {
                while oldNext < oldPlace, newNext < newPlace {
                    descend(String(newNext), old[oldNext], new[newNext])
                    oldNext += 1
                    newNext += 1
                }
            }
            while oldNext < oldPlace {
                remove(String(newNext))
                count -= 1
                oldNext += 1
            }
            while newNext < newPlace {
                add(newNext == count ? "-" : String(newNext), new[newNext])
                count += 1
                newNext += 1
            }
            if oldPlace < old.count {
                // If `pairsRuns` is set, paired items are equal.
                if !pairsRuns { descend(String(newPlace), old[oldPlace], new[newPlace]) }
                oldNext += 1
                newNext += 1
            }
        }
    }
}
