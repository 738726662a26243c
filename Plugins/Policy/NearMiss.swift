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
    return editDistance(Array(key.utf8), Array(injectKey.utf8), limit: slipLimit) <= slipLimit
}

private let slipLimit = 3

/// Letters to insert, remove, change or swap with their neighbour, in bytes; anything over the limit is `limit + 1`.
///
/// Only the diagonal band that the limit allows is worked on, and the work ends with the first row that is over it:
/// for keys that have nothing to do with each other that is after a few rows.
func editDistance(_ left: [UInt8], _ right: [UInt8], limit: Int) -> Int {
    let over = limit + 1
    guard abs(left.count - right.count) <= limit else { return over }
    let width = right.count + 1
    var twoAbove = [Int](repeating: over, count: width)
    var above = [Int](repeating: over, count: width)
    var row = [Int](repeating: over, count: width)
    for column in 0...min(limit, right.count) { above[column] = column }
    for i in stride(from: 1, through: left.count, by: 1) {
        let first = max(1, i - limit)
        let last = min(right.count, i + limit)
        for column in row.indices { row[column] = over }
        if i <= limit { row[0] = i }
        var best = row[0]
        for j in stride(from: first, through: last, by: 1) {
            let same = left[i - 1] == right[j - 1]
            var cost = min(above[j - 1] + (same ? 0 : 1), min(above[j], row[j - 1]) + 1)
            if i > 1, j > 1, left[i - 1] == right[j - 2], left[i - 2] == right[j - 1] {
                cost = min(cost, twoAbove[j - 2] + 1)
            }
            row[j] = min(cost, over)
            best = min(best, row[j])
        }
        if best > limit { return over }
        (twoAbove, above, row) = (above, row, twoAbove)
    }
    return above[right.count]
}
