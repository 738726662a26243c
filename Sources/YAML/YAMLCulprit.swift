public import Values

extension YAMLError {
    /// Returns the position that is most likely wrong, for the person who corrects the text. `position` is where
    /// libyaml detected the error.
    ///
    /// The two are often lines apart: an unclosed quote ends at the next quote, a key without its colon continues on
    /// the next line, and a first line that is one column too far left makes the correct lines below it look wrong.
    /// These questions are checked in order:
    ///
    /// 1. Does this line, or one before it, have a quote that is not closed on the same line?
    /// 2. Does libyaml report the beginning of the unfinished construct (a key, a bracket)?
    /// 3. Does the line before have no key, or a dash without a space after it, and does this line belong to it?
    /// 4. Of two lines that do not fit together, is one indented by an odd number of spaces while the text uses even
    ///    ones, or do the following lines fit the other one?
    ///
    /// - Parameter bytes: the text that was parsed.
    /// - Returns: nil if the error has no position.
    public func culprit(in bytes: [UInt8]) -> SourcePosition? {
        guard let position else { return nil }
        let lines = YAMLLines(bytes)
        guard let noticed = lines.text(upTo: position.line) else { return position }
        if let open = lines.openQuote(upTo: noticed) { return lines.start(of: open) }
        if let context, context.line < noticed, namesItsBeginning {
            return lines.text(upTo: context.line).map { lines.start(of: $0) } ?? context
        }
        let culprit: Int
        switch message {
        case "mapping values are not allowed in this context",
            "block sequence entries are not allowed in this context":
            culprit = lines.misfit(noticed)
        case "did not find expected key", "did not find expected '-' indicator":
            culprit =
                context.flatMap { lines.shiftedItem($0.line, above: noticed) }
                ?? lines.firstOddLine(before: noticed) ?? lines.shiftedChild(before: noticed) ?? noticed
        case "did not find expected <document start>": culprit = lines.shiftedBeginning ?? noticed
        default: culprit = noticed
        }
        return culprit == position.line ? position : lines.start(of: culprit)
    }

    /// Whether libyaml reports the beginning of the unfinished construct.
    private var namesItsBeginning: Bool {
        message == "could not find expected ':'" || message.begins(with: "did not find expected ','")
            || message == "found unexpected end of stream" || message == "found unexpected document indicator"
    }
}

/// The lines of a text, with the properties that help to find the wrong one.
private struct YAMLLines {
    struct Line {
        var indent = 0
        /// The column at which the text after the dashes begins.
        var contentIndent = 0
        /// The text after the indentation and dashes.
        var content: ArraySlice<UInt8> = []
        var isBlank = false
        /// Whether the line is neither blank nor a comment nor in a block scalar.
        var counts = false
        var hasDash = false
        /// Whether it begins with a dash without a space after it, as in `-name`.
        var hasBadDash = false
        var hasKey = false
        /// Whether the key has a value on the line.
        var hasValue = false
        /// Whether there is a second key on the line, outside of brackets and quotes.
        var hasTwoKeys = false
        var hasOpenQuote = false
    }

    private var lines: [Line] = []

    /// Analyses every line once.
    init(_ bytes: [UInt8]) {
        /// The current block scalar: the indentation that ends it, and that of its first line.
        var block: (outside: Int, inside: Int?)?
        for text in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            var line = Line()
            let rest = text.drop { $0 == 0x20 }
            line.indent = rest.startIndex - text.startIndex
            line.isBlank = rest.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
            if let (outside, inside) = block,
                line.isBlank || line.indent > outside && line.indent >= inside ?? 0
            {
                if !line.isBlank, inside == nil { block = (outside, line.indent) }
                lines.append(line)
                continue
            }
            block = nil
            line.counts = !line.isBlank && rest.first != UInt8(ascii: "#") && !YAMLLines.isMarker(rest)
            if line.counts {
                YAMLLines.read(rest, into: &line)
                if YAMLLines.opensBlock(line.content) {
                    block = (line.hasKey ? line.contentIndent : max(line.contentIndent - 2, 0), nil)
                }
            }
            lines.append(line)
        }
    }

    private static func isMarker(_ rest: ArraySlice<UInt8>) -> Bool {
        rest.starts(with: "---".utf8) && (rest.count == 3 || rest[rest.startIndex + 3] == 0x20)
    }

    private static func read(_ rest: ArraySlice<UInt8>, into line: inout Line) {
        var rest = rest
        line.contentIndent = line.indent
        while rest.first == UInt8(ascii: "-"), rest.dropFirst().first == 0x20 || rest.count == 1 {
            line.hasDash = true
            let inner = rest.dropFirst().drop { $0 == 0x20 }
            line.contentIndent += inner.startIndex - rest.startIndex
            rest = inner
        }
        if rest.first == UInt8(ascii: "-"), let next = rest.dropFirst().first {
            line.hasBadDash = !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(next)
        }
        line.content = rest
        scan(rest, &line)
    }

    /// Searches for the colon of a key and for an unclosed quote.
    private static func scan(_ text: ArraySlice<UInt8>, _ line: inout Line) {
        var index = text.startIndex
        var canQuote = true
        var brackets = 0
        while index < text.endIndex {
            let byte = text[index]
            let next = index + 1 < text.endIndex ? text[index + 1] : 0x20
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                guard canQuote else { break }
                guard let end = closing(byte, in: text[(index + 1)...]) else {
                    line.hasOpenQuote = true
                    return
                }
                let behind = text[(end + 1)...].first { $0 != 0x20 && $0 != 0x0D }
                if let behind, !":,]}#".utf8.contains(behind) {
                    line.hasOpenQuote = true
                    return
                }
                index = end
                canQuote = false
            case UInt8(ascii: ":") where next == 0x20 || next == 0x0D || next == 0x09:
                if brackets == 0 {
                    line.hasTwoKeys = line.hasKey
                    line.hasKey = true
                    let value = text[(index + 1)...].first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D }
                    line.hasValue = value != nil && value != UInt8(ascii: "#")
                }
                canQuote = true
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                if canQuote { brackets += 1 }
            case UInt8(ascii: ","): canQuote = true
            case UInt8(ascii: "]"), UInt8(ascii: "}"): brackets = max(brackets - 1, 0)
            case UInt8(ascii: "#") where index > text.startIndex && text[index - 1] == 0x20: return
            case 0x20: break
            default: canQuote = false
            }
            index += 1
        }
    }

    private static func closing(_ quote: UInt8, in text: ArraySlice<UInt8>) -> Int? {
        var index = text.startIndex
        while index < text.endIndex {
            if quote == UInt8(ascii: "\""), text[index] == UInt8(ascii: "\\") {
                index += 2
                continue
            }
            if text[index] == quote {
                let isDoubled =
                    quote == UInt8(ascii: "'") && index + 1 < text.endIndex && text[index + 1] == quote
                if !isDoubled { return index }
                index += 1
            }
            index += 1
        }
        return nil
    }

    /// Whether a line ends with `|`, `>-` or a similar block header.
    private static func opensBlock(_ content: ArraySlice<UInt8>) -> Bool {
        guard let last = content.split(separator: 0x20).last(where: { $0 != [0x0D] }) else { return false }
        guard last.first == UInt8(ascii: "|") || last.first == UInt8(ascii: ">") else { return false }
        return last.dropFirst().allSatisfy { "+-0123456789\r".utf8.contains($0) }
    }

    // MARK: Queries; lines are numbered from 1

    private subscript(number: Int) -> Line { lines[number - 1] }

    func start(of number: Int) -> SourcePosition {
        SourcePosition(line: number, column: self[number].indent + 1)
    }

    /// Returns the line, or the last one before it that is not blank.
    func text(upTo number: Int) -> Int? { last(upTo: number) { !$0.isBlank } }

    private func content(upTo number: Int) -> Int? { last(upTo: number) { $0.counts } }

    private func last(upTo number: Int, _ isWanted: (Line) -> Bool) -> Int? {
        var number = min(number, lines.count)
        while number >= 1 {
            if isWanted(self[number]) { return number }
            number -= 1
        }
        return nil
    }

    private func content(behind number: Int) -> Int? {
        var number = number + 1
        while number <= lines.count {
            if self[number].counts { return number }
            number += 1
        }
        return nil
    }

    /// Returns the first line, up to the given one, that has an unclosed quote. Quoted text over several lines is rare.
    func openQuote(upTo number: Int) -> Int? {
        (1...number).first { self[$0].counts && self[$0].hasOpenQuote }
    }

    /// Returns the wrong one of two lines: a line that is not allowed at its place, and the line before it.
    func misfit(_ number: Int) -> Int {
        guard number > 1, let before = content(upTo: number - 1) else { return number }
        let line = self[number]
        let last = self[before]
        if line.hasTwoKeys || line.indent < last.indent { return number }
        if !last.hasKey {
            // As with `- name web` above `  image: x`: the line would continue the text above.
            let isAbove = !last.hasDash || line.contentIndent == last.contentIndent
            return isAbove ? before : number
        }
        // Below a key without a value, any line is allowed.
        if !last.hasValue || line.indent <= last.indent { return number }
        if last.hasBadDash { return before }
        let isOdd = line.indent % 2 != 0
        let lastIsOdd = last.indent % 2 != 0
        if isOdd != lastIsOdd { return isOdd ? number : before }
        return !last.hasDash && lacksDash(before, above: number) ? before : number
    }

    /// Whether a line is two columns left of the next one because its dash is missing, rather than because the next one
    /// is too far right.
    private func lacksDash(_ before: Int, above number: Int) -> Bool {
        let line = self[number]
        let last = self[before]
        guard line.indent == last.indent + 2 else { return false }
        if let next = content(behind: number).map({ self[$0] }) {
            // Content of a key would be indented deeper.
            if !line.hasValue, next.indent == line.indent, !next.hasDash { return false }
            if next.indent >= line.indent || next.hasDash && next.indent == last.indent { return true }
        }
        guard let opening = content(upTo: before - 1).map({ self[$0] }) else { return false }
        return opening.hasKey && !opening.hasValue && opening.contentIndent == last.indent
    }

    /// Returns the first item of a list if it is too far right for its own lines below it.
    func shiftedItem(_ item: Int, above number: Int) -> Int? {
        guard item < number, item >= 1 else { return nil }
        let first = self[item]
        let line = self[number]
        guard first.hasDash, !line.hasDash, line.indent % 2 == 0, line.indent < first.contentIndent,
            content(upTo: number - 1) == item
        else { return nil }
        if first.indent % 2 != 0 { return item }
        guard line.indent == first.indent, let next = content(behind: number) else { return nil }
        return self[next].indent >= line.indent ? item : nil
    }

    /// Returns the first line with odd indentation in the block before a line with even indentation, or the line that
    /// the block belongs to.
    func firstOddLine(before number: Int) -> Int? {
        let indent = self[number].indent
        guard indent % 2 == 0 else { return nil }
        var found: Int?
        var index = number - 1
        while index >= 1 {
            let line = self[index]
            if line.counts {
                if line.indent % 2 != 0 { found = index }
                if line.indent < indent { break }
            }
            index -= 1
        }
        return found
    }

    /// Returns the first line below a key if it is further right than the other lines below the key.
    func shiftedChild(before number: Int) -> Int? {
        let indent = self[number].indent
        guard indent % 2 == 0, !self[number].hasDash else { return nil }
        var child: Int?
        var index = number - 1
        while index >= 1 {
            let line = self[index]
            if line.counts {
                if line.indent <= indent {
                    return line.indent < indent && line.hasKey && !line.hasValue ? child : nil
                }
                child = index
            }
            index -= 1
        }
        return nil
    }

    /// The first line of the text, if it is indented.
    var shiftedBeginning: Int? {
        lines.firstIndex { $0.counts }.flatMap { lines[$0].indent > 0 ? $0 + 1 : nil }
    }
}
