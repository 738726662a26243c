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
    static func json(_ value: Value) -> String { JSON.text(value, escapesHTML: true) }
}
