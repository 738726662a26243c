import Values

/// The difference of two texts in the format of `diff -u`, for people and for `patch`.
public enum UnifiedDiff {
    /// The number of lines of context around a change.
    private static let context = 3
    /// The number of edits after which the search takes the best path so far and begins again from its end. The memory
    /// and time of one search are proportional to its square (8 MB). The difference may then be longer than the
    /// shortest.
    static let editsPerSearch = 1_000

    private struct Edit {
        enum Kind { case keep, remove, insert }
        var kind: Kind
        var line: ArraySlice<UInt8>
    }

    /// The difference; empty if the texts are equal.
    public static func text(from old: [UInt8], to new: [UInt8], name: String) -> [UInt8] {
        if old == new { return [] }
        let edits = edits(lines(of: old), lines(of: new))
        let label = label(name)
        var output = Array("--- \(label)\n+++ \(label)\n".utf8)
        for hunk in hunks(edits) { append(hunk, of: edits, to: &output) }
        return output
    }

    /// The lines that differ: ranges of lines of the old text, from 0, and of the new lines that replace them.
    public static func changes(from old: [UInt8], to new: [UInt8]) -> [(old: Range<Int>, new: Range<Int>)] {
        var changes: [(old: Range<Int>, new: Range<Int>)] = []
        var (oldLine, newLine) = (0, 0)
        var start: (old: Int, new: Int)?
        for edit in edits(lines(of: old), lines(of: new)) {
            if edit.kind == .keep, let begun = start {
                changes.append((begun.old..<oldLine, begun.new..<newLine))
                start = nil
            } else if edit.kind != .keep, start == nil {
                start = (oldLine, newLine)
            }
            if edit.kind != .insert { oldLine += 1 }
            if edit.kind != .remove { newLine += 1 }
        }
        if let start { changes.append((start.old..<oldLine, start.new..<newLine)) }
        return changes
    }

    /// Formats a file's name for `patch` and `git apply`: in quotes with C's escapes if it contains special characters,
    /// with a tab after it if it contains blanks, which would otherwise end it.
    private static func label(_ name: String) -> String {
        let isSpecial = { (byte: UInt8) in byte < 0x20 || byte == 0x7f || byte == 0x22 || byte == 0x5c }
        guard name.utf8.contains(where: isSpecial) else {
            return name.contains(byte: " ") ? name + "\t" : name
        }
        var bytes: [UInt8] = [0x22]
        for byte in name.utf8 {
            switch byte {
            case 0x09: bytes += Array("\\t".utf8)
            case 0x0a: bytes += Array("\\n".utf8)
            case 0x0d: bytes += Array("\\r".utf8)
            case 0x22, 0x5c: bytes += [0x5c, byte]
            case _ where isSpecial(byte):
                let digits = String(byte, radix: 8)
                bytes += Array(("\\" + String(repeating: "0", count: 3 - digits.count) + digits).utf8)
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes + [0x22], as: UTF8.self)
    }

    /// The lines, with their line feeds.
    private static func lines(of text: [UInt8]) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var start = text.startIndex
        while start < text.endIndex {
            let end = text[start...].firstIndex(of: 0x0a).map { $0 + 1 } ?? text.endIndex
            lines.append(text[start..<end])
            start = end
        }
        return lines
    }

    /// Removes equal lines at both ends; Myers' greedy search compares the middle.
    private static func edits(_ old: [ArraySlice<UInt8>], _ new: [ArraySlice<UInt8>]) -> [Edit] {
        var head = 0
        while head < min(old.count, new.count), old[head] == new[head] { head += 1 }
        var tail = 0
        while tail < min(old.count, new.count) - head, old[old.count - 1 - tail] == new[new.count - 1 - tail]
        {
            tail += 1
        }
        var result = old[..<head].map { Edit(kind: .keep, line: $0) }
        let left = Array(old[head..<(old.count - tail)])
        let right = Array(new[head..<(new.count - tail)])
        result += middle(left, right)
        result += old[(old.count - tail)...].map { Edit(kind: .keep, line: $0) }
        return result
    }

    private static func middle(_ old: [ArraySlice<UInt8>], _ new: [ArraySlice<UInt8>]) -> [Edit] {
        var edits: [Edit] = []
        var start = (x: 0, y: 0)
        while start.x < old.count || start.y < new.count {
            let search = search(old, new, from: start)
            edits += path(search.rows, old, new, from: start, to: search.end)
            start = search.end
        }
        return edits
    }

    /// Returns, for every number of edits, the furthest point reached on each diagonal before that edit, and the point
    /// where the search ended: the end of both texts, or the furthest point when the limit was reached. Coordinates of
    /// `rows` are relative to `start`. Diagonal k of a row has the index `distance + 1 + k`; -1 means no point.
    private static func search(
        _ old: [ArraySlice<UInt8>], _ new: [ArraySlice<UInt8>], from start: (x: Int, y: Int)
    ) -> (rows: [[Int]], end: (x: Int, y: Int)) {
        let width = old.count - start.x
        let height = new.count - start.y
        var rows: [[Int]] = []
        var furthest = [-1, 0, -1]
        var best = (x: 0, y: 0)
        for distance in 0...editsPerSearch {
            rows.append(furthest)
            var next = [Int](repeating: -1, count: 2 * distance + 5)
            for diagonal in stride(from: -distance, through: distance, by: 2) {
                var x = distance == 0 ? 0 : step(furthest, distance, diagonal, width, height).x
                guard x >= 0 else { continue }
                var y = x - diagonal
                while x < width, y < height, old[start.x + x] == new[start.y + y] {
                    x += 1
                    y += 1
                }
                next[distance + 2 + diagonal] = x
                if x + y > best.x + best.y { best = (x, y) }
                if x == width, y == height { return (rows, (old.count, new.count)) }
            }
            furthest = next
        }
        return (rows, (start.x + best.x, start.y + best.y))
    }

    /// The start of a further edit on that diagonal: below the furthest point of a neighbour (an inserted line) or to
    /// the right of it (a removed one).
    private static func step(
        _ row: [Int], _ distance: Int, _ diagonal: Int, _ width: Int, _ height: Int
    ) -> (x: Int, isInsert: Bool) {
        let middle = distance + 1 + diagonal
        let inserted = row[middle + 1] - diagonal <= height ? row[middle + 1] : -1
        let removed = row[middle - 1] >= 0 && row[middle - 1] < width ? row[middle - 1] + 1 : -1
        return removed > inserted ? (removed, false) : (inserted, true)
    }

    /// Traverses from the end of a search back to its start.
    private static func path(
        _ rows: [[Int]], _ old: [ArraySlice<UInt8>], _ new: [ArraySlice<UInt8>], from start: (x: Int, y: Int),
        to end: (x: Int, y: Int)
    ) -> [Edit] {
        var edits: [Edit] = []
        var x = end.x - start.x
        var y = end.y - start.y
        for (distance, row) in rows.enumerated().reversed() {
            let diagonal = x - y
            guard abs(diagonal) <= distance, (distance - diagonal).isMultiple(of: 2) else { continue }
            let edit =
                distance == 0
                ? (x: 0, isInsert: false)
                : step(row, distance, diagonal, old.count - start.x, new.count - start.y)
            while x > edit.x, y > edit.x - diagonal {
                x -= 1
                y -= 1
                edits.append(Edit(kind: .keep, line: old[start.x + x]))
            }
            guard distance > 0 else { break }
            if edit.isInsert { y -= 1 } else { x -= 1 }
            edits.append(
                edit.isInsert
                    ? Edit(kind: .insert, line: new[start.y + y])
                    : Edit(kind: .remove, line: old[start.x + x]))
        }
        return edits.reversed()
    }

    /// Ranges of edits that belong together: changes with their context, merged if the contexts meet.
    private static func hunks(_ edits: [Edit]) -> [Range<Int>] {
        var hunks: [Range<Int>] = []
        for index in edits.indices where edits[index].kind != .keep {
            let range = max(0, index - context)..<min(edits.count, index + context + 1)
            if let last = hunks.last, last.upperBound >= range.lowerBound {
                hunks[hunks.count - 1] = last.lowerBound..<range.upperBound
            } else {
                hunks.append(range)
            }
        }
        return hunks
    }

    private static func append(_ hunk: Range<Int>, of edits: [Edit], to output: inout [UInt8]) {
        let before = edits[..<hunk.lowerBound]
        let oldStart = before.count { $0.kind != .insert }
        let newStart = before.count { $0.kind != .remove }
        let oldCount = edits[hunk].count { $0.kind != .insert }
        let newCount = edits[hunk].count { $0.kind != .remove }
        output += Array("@@ -\(span(oldStart, oldCount)) +\(span(newStart, newCount)) @@\n".utf8)
        for edit in edits[hunk] {
            switch edit.kind {
            case .keep: output.append(0x20)
            case .remove: output.append(0x2d)
            case .insert: output.append(0x2b)
            }
            output += edit.line
            if edit.line.last != 0x0a { output += Array("\n\\ No newline at end of file\n".utf8) }
        }
    }

    /// Formats `start,count` like diff: a count of 1 is omitted, and an empty range has the line before it.
    private static func span(_ start: Int, _ count: Int) -> String {
        if count == 1 { return "\(start + 1)" }
        return "\(count == 0 ? start : start + 1),\(count)"
    }
}
