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
            let distance = editDistance(bytes, other)
            if distance <= limit, distance < bytes.count { near.append((distance, candidate)) }
        }
        near.sort { ($0.distance, $0.name) < ($1.distance, $1.name) }
        return near.prefix(3).map(\.name)
    }

    /// Insertions, deletions, replacements (Levenshtein), upper and lower case being one edit.
    private static func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (index, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (place, other) in right.enumerated() {
                let substituted = diagonal + (byte == other ? 0 : 1)
                diagonal = row[place + 1]
                row[place + 1] = min(substituted, row[place] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
