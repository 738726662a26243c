import Values

/// Texts as Go reads and writes them, where an annotation or an environment variable carries one.
enum GoText {
    /// strconv.ParseBool: 1, t, T, TRUE, true, True and the same for false; nil for anything else.
    static func bool(_ text: String) -> Bool? {
        switch text {
        case "1", "t", "T", "TRUE", "true", "True": true
        case "0", "f", "F", "FALSE", "false", "False": false
        default: nil
        }
    }

    /// strconv.Atoi for ports and the like; nil for anything else.
    static func int(_ text: String) -> Int64? { Int64(text) }

    /// encoding/json.Marshal: as JSON, with `<`, `>`, `&` and the two line separators escaped, so that the text may
    /// stand in HTML. The proxy reads either; equal text keeps pods equal.
    static func json(_ value: Value) -> String {
        let text = JSON.text(value)
        guard text.utf8.contains(where: { $0 == 0x3c || $0 == 0x3e || $0 == 0x26 || $0 == 0xe2 }) else {
            return text
        }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": result += "\\u003c"
            case ">": result += "\\u003e"
            case "&": result += "\\u0026"
            case "\u{2028}": result += "\\u2028"
            case "\u{2029}": result += "\\u2029"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
