import Values

extension Stream {
    /// Writes text: with colours on a terminal, otherwise unchanged.
    func write(_ text: String, _ colours: (LineColours, String) -> StyledText) {
        isTerminal ? write(styled: colours(LineColours(), text)) : write(text)
    }
}

/// Adds colours to lines of text on a terminal. The text itself does not change.
struct LineColours {
    private let colour = Colour(isOn: true)

    /// Colours the table of `decide`: the names of its columns, and each decision.
    func table(_ text: String) -> StyledText {
        let lines = text.split(byte: "\n", omittingEmptySubsequences: false)
        guard let head = lines.first, let column = head.firstRange(of: "DECISION")?.lowerBound else {
            return "\(text)"
        }
        let place = head.distance(from: head.startIndex, to: column)
        var styled: StyledText = "\(colour.bold(String(head)))"
        for line in lines.dropFirst() {
            let before = line.prefix(place)
            let decision = line.dropFirst(place).prefix { $0 != " " }
            let rest = line.dropFirst(place + decision.count)
            styled += "\n\(String(before))\(coloured(decision: String(decision)))\(String(rest))"
        }
        return styled
    }

    private func coloured(decision: String) -> StyledText {
        switch decision {
        case "inject": colour.green(decision)
        case "skip": colour.faint(decision)
        case "": ""
        default: colour.red(decision)
        }
    }

    /// Colours the rules of `decide --explain`: the object, and the rule that decided.
    func tree(_ text: String) -> StyledText {
        var isTitle = true
        return eachLine(text) { line in
            defer { isTitle = line.isEmpty }
            return isTitle || line.begins(with: "├─ => ") || line.begins(with: "└─ => ")
                ? colour.bold(line) : "\(line)"
        }
    }

    /// Colours the code of `explain`, and its remedy.
    func explanation(_ text: String) -> StyledText {
        var isTitle = true
        var isRemedy = false
        return eachLine(text) { line in
            defer { isTitle = false }
            isRemedy = line.begins(with: "  to change it:") || isRemedy && !line.isEmpty
            return isTitle ? colour.bold(line) : isRemedy ? colour.green(line) : "\(line)"
        }
    }

    private func eachLine(_ text: String, _ style: (String) -> StyledText) -> StyledText {
        var styled: StyledText = ""
        for (index, line) in text.split(byte: "\n", omittingEmptySubsequences: false).enumerated() {
            styled += index == 0 ? style(String(line)) : "\n\(style(String(line)))"
        }
        return styled
    }
}

/// Colours the lines of a unified difference, which is added in pieces.
struct DifferenceColours {
    private let colour = Colour(isOn: true)
    /// The beginning of a line whose end was not added yet.
    private var rest = ""
    /// The numbers of remaining lines in the hunk: a removed line may look like the name of a file.
    private var (old, new) = (0, 0)

    /// Adds a piece, and returns the complete lines.
    mutating func add(_ text: String) -> StyledText {
        var lines = (rest + text).split(byte: "\n", omittingEmptySubsequences: false).map { String($0) }
        rest = lines.removeLast()
        var styled: StyledText = ""
        for line in lines {
            styled +=
                line.ends(with: "\r") ? "\(coloured(String(line.dropLast())))\r\n" : "\(coloured(line))\n"
        }
        return styled
    }

    /// Returns the rest of the last line.
    mutating func finish() -> StyledText {
        defer { rest = "" }
        return rest.isEmpty ? "" : coloured(rest)
    }

    private mutating func coloured(_ line: String) -> StyledText {
        guard old > 0 || new > 0 else { return head(line) }
        switch line.first {
        case "+":
            new -= 1
            return colour.green(line)
        case "-":
            old -= 1
            return colour.red(line)
        case "\\": return colour.faint(line)
        default:
            (old, new) = (old - 1, new - 1)
            return "\(line)"
        }
    }

    /// Colours a line outside of hunks, or `@@ -1,7 +1,9 @@`, which begins one.
    private mutating func head(_ line: String) -> StyledText {
        guard line.begins(with: "@@ ") else {
            return line.begins(with: "\\") ? colour.faint(line) : colour.bold(line)
        }
        let words = line.split(byte: " ")
        guard words.count >= 3 else { return "\(line)" }
        func count(_ word: Substring) -> Int {
            let parts = word.dropFirst().split(byte: ",")
            return parts.count == 2 ? Int(parts[1]) ?? 0 : 1
        }
        (old, new) = (count(words[1]), count(words[2]))
        return colour.faint(line)
    }
}
