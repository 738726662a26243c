/// Finds known names that are similar to a misspelled one.
public enum Spelling {
    /// The maximum length in bytes of a name that is compared. The work is proportional to the length times the limit
    /// of edits.
    public static let lengthLimit = 120

    /// Returns at most three known names that are nearest to `name`, sorted by distance, then by name.
    ///
    /// A name is near if it differs by at most two edits (three for names of more than twelve bytes), and by fewer
    /// edits than the name has bytes. A known name has the distance 0 from itself.
    public static func nearest(_ name: String, among known: some Sequence<String>) -> [String] {
        let length = name.utf8.count
        guard length <= lengthLimit else { return [] }
        let limit = min(length > 12 ? 3 : 2, length - 1)
        guard limit > 0 else { return [] }
        var near: [(distance: Int, name: String)] = []
        for candidate in known {
            let distance = distance(name, candidate, limit: limit)
            if distance <= limit { near.append((distance, candidate)) }
        }
        near.sort { ($0.distance, $0.name) < ($1.distance, $1.name) }
        return near.prefix(3).map(\.name)
    }

    /// Returns the number of bytes to insert, remove, replace or swap with their neighbour; `limit + 1` if it exceeds
    /// the limit.
    ///
    /// Only the diagonal band within the limit is computed, and the computation ends with the first row that exceeds
    /// it, which for unrelated names is after a few rows. The policy calls this for every key of about the right length
    /// in every decision, so the rows are allocated on the stack.
    ///
    /// - Precondition: the caller limits the length of both names; `nearest` ignores names longer than `lengthLimit`.
    public static func distance(_ left: String, _ right: String, limit: Int) -> Int {
        var (left, right) = (left, right)
        return left.withUTF8 { left in right.withUTF8 { right in distance(left, right, limit: limit) } }
    }

    private static func distance(
        _ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>, limit: Int
    ) -> Int {
        let over = limit + 1
        guard abs(left.count - right.count) <= limit else { return over }
        let width = right.count + 1
        return withUnsafeTemporaryAllocation(of: Int.self, capacity: 3 * width) { cells in
            cells.initialize(repeating: over)
            var (twoAbove, above, row) = (0, width, 2 * width)
            for column in 0...min(limit, right.count) { cells[above + column] = column }
            for i in stride(from: 1, through: left.count, by: 1) {
                let (first, last) = (max(1, i - limit), min(right.count, i + limit))
                // The edges of the band read the cells next to it, which still contain the numbers of an earlier row.
                cells[row + first - 1] = first == 1 && i <= limit ? i : over
                if last < right.count { cells[row + last + 1] = over }
                var best = cells[row + first - 1]
                for j in stride(from: first, through: last, by: 1) {
                    let isSame = left[i - 1] == right[j - 1]
                    var cost = cells[above + j - 1] + (isSame ? 0 : 1)
                    cost = min(cost, min(cells[above + j], cells[row + j - 1]) + 1)
                    if i > 1, j > 1, left[i - 1] == right[j - 2], left[i - 2] == right[j - 1] {
                        cost = min(cost, cells[twoAbove + j - 2] + 1)
                    }
                    cells[row + j] = min(cost, over)
                    best = min(best, cost)
                }
                if best > limit { return over }
                (twoAbove, above, row) = (above, row, twoAbove)
            }
            return cells[above + right.count]
        }
    }
}
