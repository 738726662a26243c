public import PluginAPI
import Values
public import YAML

/// Checks that text written by tainted data stays text, by the positions that libyaml reports.
///
/// Input: a rendered text with the runs of its source map. Output: the runs that break a rule:
/// - A run of a plain interpolation is within one scalar, or is a whole scalar.
/// - A serialised run is one node, or within one scalar, or whole members of one mapping or whole items of one
///   sequence. It repeats no key of the template.
/// - A run does not contain a document marker, directive, anchor, alias, tag, comment or control character of its own,
///   open a quote that it does not close, or end within an escape.
/// - A key is tainted as a whole, is not a merge key, and differs from the keys that the template wrote in the same
///   mapping.
/// - A plain scalar that contains tainted text is not null.
///
/// A text that does not parse has no findings: `TaintBlame` handles the parser's error.
public struct TaintCheck {
    let bytes: [UInt8]
    let runs: [SourceMap.Run]
    let marks: YAMLMarks
    /// The keys that the template wrote, for the mappings checked so far.
    private let templateKeys = TemplateKeys()
    /// Whether keys that control a merge, such as `$patch`, are refused.
    let forbidsDirectives: Bool

    /// - Parameters:
    ///   - bytes: the rendered text.
    ///   - map: the source map of a rendering of tainted data.
    ///   - forbidsDirectives: whether the value is merged by Kubernetes' rules.
    public init(_ bytes: [UInt8], _ map: SourceMap, forbidsDirectives: Bool) {
        self.bytes = bytes
        runs = map.runs.filter { !$0.origins.isEmpty }
        marks = YAMLMarks(bytes)
        self.forbidsDirectives = forbidsDirectives
    }

    /// The error if the first document does not parse; nil if it does.
    var error: YAMLError? { marks.documentEnds.isEmpty ? marks.error : nil }

    /// The error of a text that does not parse, with the run that caused it; nil if it parses, or no run is to blame.
    public func culprit() -> (error: YAMLError, run: SourceMap.Run)? {
        guard let error = marks.error else { return nil }
        let place = error.culprit(in: bytes).flatMap { SourceText(bytes).offset(of: $0) }
        return TaintBlame(bytes: bytes, runs: runs, needsAll: true).run(near: place ?? bytes.count).map {
            (error, $0)
        }
    }

    /// The runs that break a rule, in the order of the text; at most `limit`.
    public func findings(limit: Int = 16) -> [TaintFinding] {
        guard error == nil else { return [] }
        var found: [TaintFinding] = []
        for run in runs {
            guard found.count < limit else { break }
            if let finding = finding(of: run) { found.append(finding) }
        }
        return found
    }

    private func finding(of run: SourceMap.Run) -> TaintFinding? {
        guard !isBehindDocument(run.output) else { return nil }
        if let place = control(in: run.output) {
            return finding(run, "a control character", "printable text", at: place)
        }
        let text = trimmed(run.output)
        if text.isEmpty { return blankFinding(run) }
        if let node = marks.scalar(at: text.lowerBound) {
            if let finding = scalarFinding(run, text, node) {
                // A serialiser may have written more than the scalar that its text begins with.
                return run.isSerialised ? forestFinding(run, text) : finding
            }
            return nil
        }
        if run.isSerialised { return forestFinding(run, text) }
        if isInComment(run.output) { return nil }
        return leaving(run, at: text.lowerBound)
    }

    /// Whether a run is after the first document, which nothing reads. The marker that ends the document must be the
    /// template's.
    private func isBehindDocument(_ run: Range<Int>) -> Bool {
        guard marks.error != nil, let end = marks.documentEnds.last, run.lowerBound > end else {
            return false
        }
        return !runs.contains { $0.output.contains(end) }
    }

    // MARK: Scalars

    private func scalarFinding(_ run: SourceMap.Run, _ text: Range<Int>, _ number: Int) -> TaintFinding? {
        let node = marks.nodes[number]
        guard case .scalar(let style) = node.kind else {
            return finding(run, "an alias", "text within one scalar", at: text.lowerBound)
        }
        let isWhole = text.lowerBound == node.range.lowerBound && text.upperBound == end(of: number)
        if isWhole {
            guard
                node.content.lowerBound - node.range.lowerBound <= (style.isQuoted ? 1 : 0) || style.isBlock,
                !node.isTagged
            else { return finding(run, "a tag or an anchor", "text within one scalar", at: text.lowerBound) }
            if !run.isSerialised, !node.isKey, node.text.isEmpty {
                return finding(run, "quotes without text", "a text with content", at: text.lowerBound)
            }
            if style.isBlock, !run.isSerialised {
                return finding(
                    run, "the beginning of a block scalar", "text within one scalar", at: text.lowerBound)
            }
        } else {
            guard node.content.lowerBound <= text.lowerBound, text.upperBound <= node.content.upperBound
            else {
                return leaving(
                    run, at: text.lowerBound < node.content.lowerBound ? text.lowerBound : end(of: number))
            }
            if style.isQuoted, let place = brokenEscape(run.output, in: node, style) {
                return finding(run, "an escape that continues after it", "text within one scalar", at: place)
            }
        }
        if let finding = edgeFinding(run, node, style) { return finding }
        if style.isBlock, !run.isSerialised, let place = lineCutOff(by: run.output, from: number) {
            return finding(
                run, "white space that sets the indentation of a block scalar", "text within one scalar",
                at: place)
        }
        if node.isKey { return keyFinding(run, text, number, isWhole) }
        if !run.isSerialised, style == .plain, !node.isTagged, Self.isNull(node.text) {
            return finding(run, "a text that YAML reads as null", "a text with content", at: text.lowerBound)
        }
        return nil
    }

    /// White space at the ends of a run may be outside its scalar if it changes nothing.
    private func edgeFinding(
        _ run: SourceMap.Run, _ node: YAMLMarks.Node, _ style: YAMLMarks.Style
    ) -> TaintFinding? {
        guard !run.isSerialised else { return nil }
        let start = node.range.lowerBound
        if run.output.lowerBound < start {
            let lead = bytes[run.output.lowerBound..<start]
            let line = Array(bytes[..<run.output.lowerBound].suffix(while: { $0 != 0x0A }))
            guard lead.allSatisfy({ $0 == 0x20 }), line.last == 0x20, line.contains(where: { $0 != 0x20 })
            else {
                return finding(
                    run, "white space before its scalar", "text within one scalar", at: run.output.lowerBound)
            }
        }
        let end = node.range.upperBound
        if run.output.upperBound > end, !style.isBlock {
            let next = run.output.upperBound < bytes.count ? bytes[run.output.upperBound] : 0x0A
            let hasBreak = bytes[end..<run.output.upperBound].contains { $0 != 0x20 }
            guard next == 0x0A || next == 0x0D || !hasBreak && next == 0x20 else {
                return finding(run, "white space after its scalar", "text within one scalar", at: end)
            }
        }
        return nil
    }

    /// The line that a block scalar loses because a run indents its first line: the first line that is not blank sets
    /// the indentation of the scalar.
    private func lineCutOff(by run: Range<Int>, from number: Int) -> Int? {
        let node = marks.nodes[number]
        guard let first = bytes[node.content].firstIndex(where: { !Self.isWhite($0) }),
            run.lowerBound < first, first <= run.upperBound, let depth = column(of: first),
            bytes[max(run.lowerBound, first - depth)..<first].contains(0x20)
        else { return nil }
        let holder = node.key >= 0 ? node.key : node.parent
        let parent = holder < 0 ? -1 : column(of: marks.nodes[holder].range.lowerBound) ?? -1
        var line = first
        while let end = bytes[line...].firstIndex(of: 0x0A), end + 1 < bytes.count {
            line = end + 1
            guard let ink = bytes[line...].firstIndex(where: { $0 != 0x20 }), bytes[ink] != 0x0A else {
                continue
            }
            if ink - line <= parent { return nil }
            if ink - line < depth { return ink }
        }
        return nil
    }

    /// The number of bytes before a byte on its line.
    private func column(of place: Int) -> Int? {
        place <= bytes.count ? bytes[..<place].suffix(while: { $0 != 0x0A }).count : nil
    }

    /// The start of an escape, or a doubled quote, that crosses the beginning or the end of a run.
    private func brokenEscape(_ run: Range<Int>, in node: YAMLMarks.Node, _ style: YAMLMarks.Style) -> Int? {
        var index = node.content.lowerBound
        let end = node.content.upperBound
        while index < end {
            var length = 1
            if style == .doubleQuoted, bytes[index] == UInt8(ascii: "\\"), index + 1 < end {
                switch bytes[index + 1] {
                case UInt8(ascii: "x"): length = 4
                case UInt8(ascii: "u"): length = 6
                case UInt8(ascii: "U"): length = 10
                default: length = 2
                }
            } else if style == .singleQuoted, bytes[index] == UInt8(ascii: "'") {
                length = 2
            }
            let next = index + length
            if index < run.upperBound, run.upperBound < next { return index }
            if index < run.lowerBound, run.lowerBound < next { return index }
            index = next
        }
        return nil
    }

    // MARK: Keys

    private func keyFinding(
        _ run: SourceMap.Run, _ text: Range<Int>, _ number: Int, _ isWhole: Bool
    ) -> TaintFinding? {
        let node = marks.nodes[number]
        guard isWhole || text == node.content else {
            return finding(run, "a part of a key", "a whole key", at: text.lowerBound)
        }
        if node.kind == .scalar(.plain), !node.isTagged, Self.isNull(node.text) {
            return finding(run, "a key that YAML reads as null", "a key with content", at: text.lowerBound)
        }
        return repeated(run, number, at: text.lowerBound)
    }

    /// The problem of a key that tainted data wrote.
    private func repeated(_ run: SourceMap.Run, _ number: Int, at place: Int) -> TaintFinding? {
        let node = marks.nodes[number]
        if node.kind == .scalar(.plain), node.text == "<<" {
            return finding(run, "a merge key", "the name of a member", at: place)
        }
        if forbidsDirectives, Self.directives.contains(where: node.text.hasPrefix) {
            return finding(run, "a directive of a merge", "the name of a member", at: place)
        }
        guard node.parent >= 0, keysOfTemplate(in: node.parent).contains(Self.folded(node)) else {
            return nil
        }
        return finding(run, "a key that the template has written", "a key of its own", at: place)
    }

    /// The keys of a mapping that no run wrote. Each mapping is analysed once.
    private func keysOfTemplate(in mapping: Int) -> Set<String> {
        if let known = templateKeys.ofMapping[mapping] { return known }
        var names: Set<String> = []
        for key in marks.children(of: mapping)
        where marks.nodes[key].isKey && !isTainted(marks.nodes[key].content) {
            names.insert(Self.folded(marks.nodes[key]))
        }
        templateKeys.ofMapping[mapping] = names
        return names
    }

    /// Whether a run wrote any of these bytes. The runs are sorted and do not overlap.
    private func isTainted(_ range: Range<Int>) -> Bool {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].output.upperBound <= range.lowerBound { low = middle + 1 } else { high = middle }
        }
        while low < runs.count, runs[low].output.lowerBound < range.upperBound {
            if runs[low].output.overlaps(range) { return true }
            low += 1
        }
        return false
    }

    private static let directives = [
        "$patch", "$retainKeys", "$deleteFromPrimitiveList", "$setElementOrder",
    ]

    /// The name of a key, equal for keys that decode to the same member: resolved as YAML, and without case, as Go
    /// decodes structs.
    private static func folded(_ node: YAMLMarks.Node) -> String {
        var text = node.text
        if node.kind == .scalar(.plain), let value = try? YAMLReader.value(text), let key = keyText(value) {
            text = key
        }
        return text.lowercased().replacingScalars(["\u{212A}": "k", "\u{017F}": "s"])
    }

    private static func keyText(_ value: Value) -> String? {
        switch value {
        case .string(let text): text
        case .bool(let flag): flag ? "true" : "false"
        case .int(let number): String(number)
        default: nil
        }
    }

    // MARK: Serialised runs

    /// Checks that the nodes beginning in a run are one node, members of one mapping or items of one sequence.
    private func forestFinding(_ run: SourceMap.Run, _ text: Range<Int>) -> TaintFinding? {
        let first = marks.firstNode(from: text.lowerBound)
        var tops: [Int] = []
        var next = first
        while next < marks.nodes.count, marks.nodes[next].range.lowerBound < text.upperBound {
            let node = marks.nodes[next]
            if node.parent < first { tops.append(next) }
            if node.kind == .alias || node.isTagged || hasProperties(node) {
                return finding(run, "a tag, an anchor or an alias", "one value", at: node.range.lowerBound)
            }
            if !node.kind.isCollection || node.kind.isFlow, end(of: next) > text.upperBound {
                return leaving(run, at: text.upperBound)
            }
            if node.isKey, let finding = repeated(run, next, at: node.range.lowerBound) { return finding }
            next += 1
        }
        guard let top = tops.first else { return leaving(run, at: text.lowerBound) }
        let parent = marks.nodes[top].parent
        guard tops.allSatisfy({ marks.nodes[$0].parent == parent }) else {
            return leaving(run, at: text.lowerBound)
        }
        let begin = marks.nodes[top].range.lowerBound
        if begin == text.lowerBound {
            // One value, or members: each key together with its value.
            if tops.count == 1, !marks.nodes[top].isKey { return nil }
            let isPaired = tops.allSatisfy { node in
                marks.nodes[node].isKey
                    ? tops.contains { marks.nodes[$0].key == node }
                    : marks.nodes[node].key >= 0 && tops.contains(marks.nodes[node].key)
            }
            return isPaired ? nil : leaving(run, at: text.lowerBound)
        }
        // Items: the run begins with the dash of the first item.
        let isItems = tops.allSatisfy { !marks.nodes[$0].isKey && marks.nodes[$0].key < 0 } && parent >= 0
        let isDash =
            bytes[text.lowerBound] == UInt8(ascii: "-")
            && bytes[text.lowerBound + 1..<begin].allSatisfy { $0 == 0x20 || $0 == 0x0A }
        return isItems && isDash ? nil : leaving(run, at: text.lowerBound)
    }

    private func hasProperties(_ node: YAMLMarks.Node) -> Bool {
        let first = bytes.indices.contains(node.range.lowerBound) ? bytes[node.range.lowerBound] : 0
        return !node.range.isEmpty && (first == UInt8(ascii: "!") || first == UInt8(ascii: "&"))
    }

    // MARK: Findings

    func leaving(_ run: SourceMap.Run, at place: Int) -> TaintFinding {
        let expected = run.isSerialised ? "one value, or text within one scalar" : "text within one scalar"
        let edge = bytes.indices.contains(place) ? bytes[place] : 0x0A
        let isBreak = edge == 0x0A || edge == 0x0D || isWideBreak(at: place)
        let found: String =
            switch edge {
            case _ where isBreak: "a line break that ends its scalar"
            case UInt8(ascii: "#"): "a comment"
            case UInt8(ascii: "&"), UInt8(ascii: "*"), UInt8(ascii: "!"): "a tag, an anchor or an alias"
            default: "text that leaves its scalar"
            }
        return finding(run, found, expected, at: place)
    }

    func finding(
        _ run: SourceMap.Run, _ found: String, _ expected: String, at place: Int, pointer: String? = nil
    ) -> TaintFinding {
        TaintFinding(
            run: run, found: found, expected: expected,
            pointer: pointer ?? added(by: run.output, behind: place),
            offset: place)
    }

    /// The part that a run adds: the first node that begins in it after a place, else the node around it.
    private func added(by run: Range<Int>, behind place: Int) -> String {
        let next = marks.firstNode(from: place)
        if next < marks.nodes.count, marks.nodes[next].range.lowerBound < run.upperBound {
            return marks.pointer(to: next)
        }
        if let node = marks.scalar(at: run.lowerBound) { return marks.pointer(to: node) }
        return next > 0 ? marks.pointer(to: next - 1) : ""
    }

    // MARK: Bytes

    /// A run without the white space at its ends.
    private func trimmed(_ run: Range<Int>) -> Range<Int> {
        var start = run.lowerBound
        var end = run.upperBound
        while start < end, Self.isWhite(bytes[start]) { start += 1 }
        while end > start, Self.isWhite(bytes[end - 1]) { end -= 1 }
        return start..<end
    }

    /// The end of a node, without the line breaks that belong to a block scalar.
    private func end(of number: Int) -> Int { trimmed(marks.nodes[number].range).upperBound }

    static func isWhite(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    private func isWideBreak(at place: Int) -> Bool {
        let next = bytes[place...].prefix(3)
        return next.starts(with: [0xC2, 0x85]) || next.starts(with: [0xE2, 0x80, 0xA8])
            || next.starts(with: [0xE2, 0x80, 0xA9])
    }

    /// The first control character of a run that is not a tab or a line break.
    private func control(in run: Range<Int>) -> Int? {
        for index in run {
            let byte = bytes[index]
            if byte < 0x20, byte != 0x09, byte != 0x0A, byte != 0x0D { return index }
            if byte == 0x7F { return index }
            if byte == 0xC2, index + 1 < bytes.count, bytes[index + 1] < 0xA0, bytes[index + 1] != 0x85 {
                return index
            }
            if byte == 0xEF, bytes[index...].starts(with: [0xEF, 0xBB, 0xBF]) { return index }
        }
        return nil
    }

    /// Whether a run is on a single line after a `#` of the template.
    func isInComment(_ run: Range<Int>) -> Bool {
        guard !bytes[run].contains(where: { $0 == 0x0A || $0 == 0x0D }), !run.contains(where: isWideBreak)
        else {
            return false
        }
        var index = run.lowerBound
        while index > 0, bytes[index - 1] != 0x0A {
            index -= 1
            guard bytes[index] == UInt8(ascii: "#"), index == 0 || Self.isWhite(bytes[index - 1]) else {
                continue
            }
            if marks.scalar(at: index) == nil, !runs.contains(where: { $0.output.contains(index) }) {
                return true
            }
        }
        return false
    }

    static func isNull(_ text: String) -> Bool {
        text.isEmpty || text == "~" || text == "null" || text == "Null" || text == "NULL"
    }
}

/// The names of members by the index of their mapping's node.
private final class TemplateKeys {
    var ofMapping: [Int: Set<String>] = [:]
}

extension YAMLMarks.Style {
    var isQuoted: Bool { self == .singleQuoted || self == .doubleQuoted }
    var isBlock: Bool { self == .literal || self == .folded }
}

extension String {
    fileprivate func replacingScalars(_ table: [Unicode.Scalar: Unicode.Scalar]) -> String {
        var text = ""
        for scalar in unicodeScalars { text.unicodeScalars.append(table[scalar] ?? scalar) }
        return text
    }
}

extension ArraySlice where Element == UInt8 {
    /// The elements at the end that satisfy a condition.
    func suffix(while condition: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        var start = endIndex
        while start > startIndex, condition(self[start - 1]) { start -= 1 }
        return self[start...]
    }
}
