import Values

/// Parses and formats text as Go does, for annotations and environment variables.
enum GoText {
    /// strconv.Atoi, for ports and similar numbers; nil if the text is not an integer.
    static func int(_ text: String) -> Int64? { Int64(text) }

    /// encoding/json.Marshal: JSON with `<`, `>`, `&` and the two line separators escaped, for HTML. The proxy accepts
    /// both spellings; using Istio's keeps pods equal to Istio's.
    static func json(_ value: Value) -> String { JSON.text(value, escapesHTML: true) }

    /// strings.TrimSpace: the text without Unicode white space at both ends.
    static func trimSpace(_ text: Substring) -> Substring {
        // For most texts, the first and last byte show that there is no white space.
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

    /// strings.TrimSuffix: the text without the suffix, if it has it.
    static func trim(suffix: String, from text: String) -> String {
        !suffix.isEmpty && text.ends(with: suffix) ? String(text.dropLast(suffix.count)) : text
    }
}
