import PluginAPI
import YAML

/// Checks runs without text: within a scalar they change nothing; elsewhere they may change the structure.
extension TaintCheck {
    /// Checks a run without text. Within a scalar it changes nothing. Elsewhere it may make a value null, split a
    /// scalar, or move what follows.
    func blankFinding(_ run: SourceMap.Run) -> TaintFinding? {
        let place = run.output.lowerBound
        if let node = marks.scalar(at: place), run.output.upperBound <= marks.nodes[node].range.upperBound,
            marks.nodes[node].range.lowerBound < place || marks.nodes[node].kind == .scalar(.plain)
        {
            return nil
        }
        if bytes[run.output].contains(where: { $0 != 0x20 }), run.output.upperBound < bytes.count,
            bytes[run.output.upperBound] != 0x0A, !isInComment(run.output)
        {
            return finding(run, "a line break", "text within one scalar", at: place)
        }
        guard !run.isSerialised, !isInComment(run.output) else { return nil }
        if let empty = emptyScalar(around: run.output) {
            return finding(
                run, "no text where a value has to be", "a text with content", at: place,
                pointer: marks.pointer(to: empty))
        }
        if isMissingItem(run.output) {
            return finding(run, "no text where a value has to be", "a text with content", at: place)
        }
        return separation(run)
    }

    /// Checks the effect of a run without text on the text directly after it.
    private func separation(_ run: SourceMap.Run) -> TaintFinding? {
        let (start, end) = (run.output.lowerBound, run.output.upperBound)
        guard end < bytes.count, !Self.isWhite(bytes[end]) else { return nil }
        let before = start > 0 ? bytes[start - 1] : 0x0A
        if bytes[end] == UInt8(ascii: "#"), !run.output.isEmpty || Self.isWhite(before) {
            return finding(run, "a comment", "text within one scalar", at: start)
        }
        let next = marks.firstNode(from: end)
        let begins = next < marks.nodes.count && marks.nodes[next].range.lowerBound == end
        switch begins ? marks.nodes[next].kind : .scalar(.plain) {
        case .sequence, .alias, .mapping(isFlow: true):
            return finding(
                run, "no text before a collection or an alias", "text within one scalar", at: start)
        // The column of its first key is the column of the mapping.
        case .mapping(isFlow: false) where !run.output.isEmpty:
            return finding(run, "white space that sets an indentation", "text within one scalar", at: start)
        default: break
        }
        guard !run.output.isEmpty else { return nil }
        let line = bytes[..<start].suffix(while: { $0 != 0x0A })
        guard before == 0x20, line.contains(where: { $0 != 0x20 }) else {
            return finding(run, "white space that parts a scalar", "text within one scalar", at: start)
        }
        return nil
    }

    /// Whether a run is the only content of an item or a member of a flow collection.
    private func isMissingItem(_ run: Range<Int>) -> Bool {
        let before = bytes[..<run.lowerBound].last { !Self.isWhite($0) } ?? 0
        let after = bytes[run.upperBound...].first { !Self.isWhite($0) } ?? 0
        guard [UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "{")].contains(before),
            [UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}")].contains(after)
        else { return false }
        var node = marks.firstNode(from: run.lowerBound) - 1
        while node >= 0 {
            if marks.nodes[node].kind.isFlow, marks.nodes[node].range.contains(run.lowerBound) { return true }
            node = marks.nodes[node].parent
        }
        return false
    }

    /// The empty plain scalar that is separated from a run by white space only.
    private func emptyScalar(around run: Range<Int>) -> Int? {
        var start = run.lowerBound
        while start > 0, Self.isWhite(bytes[start - 1]) { start -= 1 }
        var end = run.upperBound
        while end < bytes.count, Self.isWhite(bytes[end]) { end += 1 }
        // An anchor begins before the position of its value.
        var node = max(marks.firstNode(from: start) - 1, 0)
        while node < marks.nodes.count, marks.nodes[node].range.lowerBound <= end {
            let scalar = marks.nodes[node]
            if scalar.content.isEmpty, scalar.content.lowerBound >= start, scalar.kind == .scalar(.plain),
                !scalar.isTagged
            {
                return node
            }
            node += 1
        }
        return nil
    }
}
