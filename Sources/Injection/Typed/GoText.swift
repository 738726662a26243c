import Values

/// Parses and formats text as Go does, for annotations and environment variables.
enum GoText {
    /// strconv.Atoi for ports and the like; nil for anything else.
    static func int(_ text: String) -> Int64? { Int64(text) }

    /// encoding/json.Marshal: JSON with `<`, `>`, `&` and the two line separators escaped, for HTML. The proxy reads both
    /// spellings; the same spelling as Istio's keeps pods equal.
    static func json(_ value: Value) -> String { JSON.text(value, escapesHTML: true) }

    /// strings.TrimSpace: without white space, as Unicode defines it, at either end.
    static func trimSpace(_ text: Substring) -> Substring {
        // Most texts have none, which their first and last byte show.
        if let first = text.utf8.first, let last = text.utf8.last, 0x21...0x7f ~= first, 0x21...0x7f ~= last {
            return text
        }
        var rest = text
        while let first = rest.unicodeScalars.first, first.properties.isWhitespace {
            rest.unicodeScalars.removeFirst()
        }
        while let last = rest.unicodeScalars.last, last.properties.isWhitespace {
            rest.unicodeScalars.removeLast()
        }
        return rest
    }

    /// strings.TrimSuffix: without that end, where the text has it.
    static func trim(suffix: String, from text: String) -> String {
        !suffix.isEmpty && text.ends(with: suffix) ? String(text.dropLast(suffix.count)) : text
    }
}
