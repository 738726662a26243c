/// Truth values as people write them for Go programs: flags, annotations.
public enum GoBool {
    /// Go's strconv.ParseBool: 1, t, T, true, TRUE, True, and the same for false; nil for anything else.
    public static func parse(_ text: String) -> Bool? {
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": true
        case "0", "f", "F", "false", "FALSE", "False": false
        default: nil
        }
    }
}
