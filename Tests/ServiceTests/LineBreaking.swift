/// Mistakes that people make in a line of a template. Each returns the wrong line, or nil if it does not apply. The
/// test checks whether the rendered text is then invalid.
enum LineBreaking: String, CaseIterable {
    case oneColumnRight, oneColumnLeft, twoColumnsRight, tab
    case openQuote, openApostrophe, quoteGone
    case colonInValue, colonGone, blankBehindColonGone
    case blankBehindDashGone, dashGone
    case openBracket, openBrace, bracketGone
    case percent, at, alias, escape

    func apply(to line: String) -> String? {
        let indent = line.prefix { $0 == " " }
        let rest = line.dropFirst(indent.count)
        guard !rest.isEmpty, !rest.hasPrefix("#"), !rest.hasPrefix("{{") else { return nil }
        switch self {
        case .oneColumnRight: return " " + line
        case .oneColumnLeft: return indent.isEmpty ? nil : String(line.dropFirst())
        case .twoColumnsRight: return "  " + line
        case .tab: return indent.isEmpty ? nil : String(indent.dropLast() + "\t" + rest)
        case .openQuote: return replacingValue { "\"" + $0.filter { $0 != "\"" && $0 != "'" } }
        case .openApostrophe: return replacingValue { "'" + $0.filter { $0 != "\"" && $0 != "'" } }
        case .quoteGone: return line.last == "\"" || line.last == "'" ? String(line.dropLast()) : nil
        case .colonInValue:
            return replacingValue { $0.hasPrefix("\"") || $0.hasPrefix("'") ? nil : $0 + ": x" }
        case .colonGone: return withoutColon(keepsBlank: true)
        case .blankBehindColonGone: return withoutColon(keepsBlank: false)
        case .blankBehindDashGone:
            return rest.hasPrefix("- ") ? String(indent + "-" + rest.dropFirst(2)) : nil
        case .dashGone: return rest.hasPrefix("- ") ? String(indent + rest.dropFirst(2)) : nil
        case .openBracket: return replacingValue { "[" + $0 }
        case .openBrace: return replacingValue { "{" + $0 }
        case .bracketGone:
            let isClosed = line.hasSuffix("]") || line.hasSuffix("}") && !line.hasSuffix("}}")
            return isClosed ? String(line.dropLast()) : nil
        case .percent: return replacingValue { "%" + $0 }
        case .at: return replacingValue { "@" + $0 }
        case .alias: return replacingValue { _ in "*nothing" }
        case .escape: return replacingValue { _ in "\"\\q\"" }
        }

        func replacingValue(_ change: (String) -> String?) -> String? {
            let start: Substring.Index
            if let colon = valueStart(in: rest) {
                start = colon
            } else if rest.hasPrefix("- ") {
                start = rest.index(rest.startIndex, offsetBy: 2)
            } else {
                return nil
            }
            let value = String(rest[start...])
            guard !value.isEmpty, !"|>[{".contains(value.first ?? "|") || value.hasPrefix("{{") else {
                return nil
            }
            return change(value).map { String(indent + rest[..<start]) + $0 }
        }

        func withoutColon(keepsBlank: Bool) -> String? {
            if let start = valueStart(in: rest) {
                let key = rest[..<rest.index(start, offsetBy: -2)]
                return String(indent + key + (keepsBlank ? " " : ":") + rest[start...])
            }
            let isKey = keepsBlank && rest.hasSuffix(":") && !rest.contains("{{")
            return isKey ? String(indent + rest.dropLast()) : nil
        }
    }

    /// The position after the first `: ` outside of actions and quotes.
    private func valueStart(in text: Substring) -> Substring.Index? {
        var depth = 0
        var quote: Character?
        var index = text.startIndex
        while index < text.endIndex {
            let here = text[index...]
            if here.hasPrefix("{{") { depth += 1 }
            if here.hasPrefix("}}") { depth -= 1 }
            if let open = quote {
                if here.first == open { quote = nil }
            } else if depth == 0 {
                if here.hasPrefix(": ") { return text.index(index, offsetBy: 2) }
                if here.first == "\"" || here.first == "'" { quote = here.first }
            }
            index = text.index(after: index)
        }
        return nil
    }
}
