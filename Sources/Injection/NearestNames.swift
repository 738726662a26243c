/// Finds the names that somebody may have meant.
enum NearestNames {
    /// Longer names are not compared: the work grows with the square.
    private static let lengthLimit = 120

    /// The nearest of the known names, at most two edits away (three for long names), nearest first, at most three.
    static func find(_ name: String, among known: some Sequence<String>) -> [String] {
        let bytes = Array(name.utf8.prefix(lengthLimit))
        let limit = bytes.count > 12 ? 3 : 2
        var near: [(distance: Int, name: String)] = []
        for candidate in known {
            let other = Array(candidate.utf8.prefix(lengthLimit))
            guard abs(other.count - bytes.count) <= limit else { continue }
            if let distance = editDistance(bytes, other, limit: limit), distance < bytes.count {
                near.append((distance, candidate))
            }
        }
        near.sort { ($0.distance, $0.name) < ($1.distance, $1.name) }
        return near.prefix(3).map(\.name)
    }

    /// Insertions, deletions, replacements (Levenshtein), upper and lower case being one edit; nil where there are
    /// more than the limit. Only the cells near the diagonal can hold fewer, so the work is the limit times the length.
    private static func editDistance(_ left: [UInt8], _ right: [UInt8], limit: Int) -> Int? {
        let tooMany = limit + 1
        var row = (0...right.count).map { min($0, tooMany) }
        for (index, byte) in left.enumerated() {
            let first = max(0, index - limit)
            let last = min(right.count, index + limit + 2)
            guard first < last else { return nil }
            var diagonal = row[first]
            var least = tooMany
            row[first] = first == 0 ? min(index + 1, tooMany) : tooMany
            for place in first..<last where place < right.count {
                let substituted = diagonal + (byte == right[place] ? 0 : 1)
                diagonal = row[place + 1]
                row[place + 1] = min(substituted, min(row[place], diagonal) + 1, tooMany)
                least = min(least, row[place + 1])
            }
            if last < right.count { row[last] = min(row[last], tooMany) }
            guard min(least, row[first]) <= limit else { return nil }
        }
        return row[right.count] <= limit ? row[right.count] : nil
    }
}
