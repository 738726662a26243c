import Injection
import Values

/// One edit between two versions of a template: lines that are replaced by others.
public struct TemplateEdit: Sendable, Equatable {
    public var template: String
    /// The lines of the old text, from 0; empty if lines were added.
    public var old: Range<Int>
    /// The lines of the new text, from 0; empty if lines were removed.
    public var new: Range<Int>
    public var oldText: [String]
    public var newText: [String]

    /// The line that identifies the edit, from 1: in the new text, or in the old one if the edit removes lines.
    public var line: Int { new.isEmpty ? old.lowerBound + 1 : new.lowerBound + 1 }
    /// Whether the line is one of the old text.
    public var isRemoval: Bool { new.isEmpty }

    /// The largest number of lines of a change that are paired one by one; a longer change is one edit.
    private static let pairedLines = 60

    /// Returns the edits that change one text to another, in order.
    ///
    /// If replaced lines are similar, each is a separate edit, so that two changed lines next to each other are two
    /// edits.
    public static func between(_ old: String, _ new: String, template: String) -> [TemplateEdit] {
        let (oldLines, newLines) = (lines(of: old), lines(of: new))
        return UnifiedDiff.changes(from: Array(old.utf8), to: Array(new.utf8)).flatMap { change in
            pairs(oldLines, newLines, change.old, change.new).map { old, new in
                TemplateEdit(
                    template: template, old: old, new: new, oldText: Array(oldLines[old]),
                    newText: Array(newLines[new]))
            }
        }
    }

    private static func pairs(
        _ old: [String], _ new: [String], _ before: Range<Int>, _ after: Range<Int>
    ) -> [(Range<Int>, Range<Int>)] {
        guard !before.isEmpty, !after.isEmpty, max(before.count, after.count) <= pairedLines else {
            return [(before, after)]
        }
        if before.count == after.count {
            return zip(before, after).map { ($0..<($0 + 1), $1..<($1 + 1)) }
        }
        // Pairs the most similar lines in order; the lines between them were added or removed.
        var best = [[Int]](
            repeating: [Int](repeating: 0, count: after.count + 1), count: before.count + 1)
        let likeness = before.map { left in after.map { alike(old[left], new[$0]) } }
        for left in before.indices.map({ $0 - before.lowerBound }).reversed() {
            for right in after.indices.map({ $0 - after.lowerBound }).reversed() {
                let paired = likeness[left][right] > 0 ? likeness[left][right] + best[left + 1][right + 1] : 0
                best[left][right] = max(paired, best[left + 1][right], best[left][right + 1])
            }
        }
        var found: [(Range<Int>, Range<Int>)] = []
        var (left, right) = (0, 0)
        var start = (left: 0, right: 0)
        func close() {
            if start.left < left || start.right < right {
                found.append(
                    (
                        (before.lowerBound + start.left)..<(before.lowerBound + left),
                        (after.lowerBound + start.right)..<(after.lowerBound + right)
                    ))
            }
        }
        while left < before.count, right < after.count {
            let isPair =
                likeness[left][right] > 0
                && best[left][right] == likeness[left][right] + best[left + 1][right + 1]
            if isPair {
                close()
                let (one, other) = (before.lowerBound + left, after.lowerBound + right)
                found.append((one..<(one + 1), other..<(other + 1)))
                (left, right) = (left + 1, right + 1)
                start = (left, right)
            } else if best[left][right] == best[left + 1][right] {
                left += 1
            } else {
                right += 1
            }
        }
        (left, right) = (before.count, after.count)
        close()
        return found
    }

    /// Returns the number of bytes that two lines have in common at their beginnings and ends, if that is more than
    /// half of them; otherwise 0.
    private static func alike(_ one: String, _ other: String) -> Int {
        let (left, right) = (Array(one.utf8.drop { $0 == 0x20 }), Array(other.utf8.drop { $0 == 0x20 }))
        let most = min(left.count, right.count)
        let head = zip(left, right).prefix { $0 == $1 }.count
        let tail = zip(left.reversed(), right.reversed()).prefix { $0 == $1 }.count
        let common = min(head + tail, most)
        return common * 2 > max(left.count, right.count) ? common : 0
    }

    /// Applies some of the edits to the old text.
    public static func applied(_ edits: [TemplateEdit], to text: String) -> String {
        var lines = lines(of: text)
        for edit in edits.sorted(by: {
            ($0.old.lowerBound, $0.new.lowerBound) > ($1.old.lowerBound, $1.new.lowerBound)
        }) {
            lines.replaceSubrange(edit.old, with: edit.newText)
        }
        return lines.joined(separator: "\n")
    }

    private static func lines(of text: String) -> [String] {
        text.split(byte: "\n", omittingEmptySubsequences: false).map(String.init)
    }
}
