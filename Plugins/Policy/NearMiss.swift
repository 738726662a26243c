/// Whether a key is probably a misspelt `sidecar.istio.io/inject`.
///
/// At most three slips (a letter too many, too few, wrong, or two swapped) away, or one of the names that the
/// key is mistaken for. Neighbours such as `sidecar.istio.io/status` are six away.
func isNearMiss(_ key: String) -> Bool {
    let length = key.utf8.count
    let wanted = injectKey.utf8.count
    if length < wanted - slipLimit { return key == "istio.io/inject" || key == "sidecar/inject" }
    if key == "sidecar.istio.io/injection" || key == "sidecar.istio.io/enabled" { return true }
    guard length <= wanted + slipLimit, key != injectKey else { return false }
    return editDistance(key, injectKey, limit: slipLimit) <= slipLimit
}

private let slipLimit = 3

/// Letters to insert, remove, change or swap with their neighbour, in bytes; anything over the limit is
/// `limit + 1`.
///
/// Only the diagonal band that the limit allows is worked on, and the work ends with the first row that is
/// over it: for keys that have nothing to do with each other that is after a few rows. It runs for every key
/// of about the right length in every decision, so it takes its rows from the stack.
func editDistance(_ left: String, _ right: String, limit: Int) -> Int {
    var (left, right) = (left, right)
    return left.withUTF8 { left in right.withUTF8 { right in editDistance(left, right, limit: limit) } }
}

private func editDistance(
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
            // The cells beside the band are read by its edges, and hold an earlier row's numbers.
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
