/// Parses booleans as Go programs do, in flags and annotations.
public enum GoBool {
    /// Parses a boolean like Go's strconv.ParseBool: 1, t, T, true, TRUE, True, and the same for false; nil for
    /// anything else.
    public static func parse(_ text: String) -> Bool? {
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": true
        case "0", "f", "F", "false", "FALSE", "False": false
        default: nil
        }
    }
}
