/// Whether a key is probably a misspelt `sidecar.istio.io/inject`.
///
/// At most three slips (a letter too many, too few, wrong, or two swapped) away, or one of the names that the key is
/// mistaken for. Neighbours such as `sidecar.istio.io/status` are six away.
func isNearMiss(_ key: String) -> Bool {
    let length = key.utf8.count
    let wanted = injectKey.utf8.count
    if length < wanted - slipLimit { return key == "istio.io/inject" || key == "sidecar/inject" }
    if key == "sidecar.istio.io/injection" || key == "sidecar.istio.io/enabled" { return true }
    guard length <= wanted + slipLimit, key != injectKey else { return false }
    return editDistance(key, injectKey, limit: slipLimit) <= slipLimit
}

private let slipLimit = 3

/// Letters to insert, remove, change or swap with their neighbour, in bytes; anything over the limit is `limit + 1`.
///
/// Only the diagonal band that the limit allows is worked on, and the work ends with the first row that is over it:
/// for keys that have nothing to do with each other that is after a few rows. It runs for every key of about the
/// right length in every decision, so it takes its rows from the stack.
func editDistance(_ left: String, _ right: String, limit: Int) -> Int {
    let over = limit + 1
    let (rows, columns) = (left.utf8.count, right.utf8.count)
    guard abs(rows - columns) <= limit else { return over }
    let width = columns + 1
    return withUnsafeTemporaryAllocation(of: Int.self, capacity: 3 * width) { cells in
        cells.initialize(repeating: over)
        var (twoAbove, above, row) = (0, width, 2 * width)
        for column in 0...min(limit, columns) { cells[above + column] = column }
        var previous: UInt8 = 0
        for (i, byte) in zip(1..., left.utf8) {
            for column in 0...columns { cells[row + column] = over }
            if i <= limit { cells[row] = i }
            var best = cells[row]
            var beside: UInt8 = 0
            for (j, other) in zip(1..., right.utf8) {
                defer { beside = other }
                if j < i - limit { continue }
                if j > i + limit { break }
                var cost = cells[above + j - 1] + (byte == other ? 0 : 1)
                cost = min(cost, min(cells[above + j], cells[row + j - 1]) + 1)
                if i > 1, j > 1, byte == beside, previous == other {
                    cost = min(cost, cells[twoAbove + j - 2] + 1)
                }
                cells[row + j] = min(cost, over)
                best = min(best, cost)
            }
            if best > limit { return over }
            previous = byte
            (twoAbove, above, row) = (above, row, twoAbove)
        }
        return cells[above + columns]
    }
}
