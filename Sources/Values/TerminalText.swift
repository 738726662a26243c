/// Escapes untrusted text for a terminal or a log, so that it cannot move the cursor, change colours or reorder its
/// parts.
public enum TerminalText {
    /// Returns the text with each control character (C0 except tab and line feed, DEL, C1), bidirectional control and
    /// line separator replaced by an escape such as `\u001b`.
    ///
    /// A carriage return before a line feed is kept, so that Windows text is printed unchanged.
    ///
    /// - Parameter keepsLines: whether tabs and line feeds are kept. Otherwise they are escaped too, for one line of a
    ///   log.
    public static func escaped(_ text: String, keepsLines: Bool = true) -> String {
        let isPlain = text.utf8.allSatisfy { 0x20..<0x7f ~= $0 || keepsLines && ($0 == 0x0a || $0 == 0x09) }
        if isPlain { return text }
        var result = String.UnicodeScalarView()
        var returnsCarriage = false
        for scalar in text.unicodeScalars {
            if returnsCarriage {
                if scalar == "\n" { result.append("\r") } else { result.append(contentsOf: escape("\r")) }
            }
            returnsCarriage = keepsLines && scalar == "\r"
            if returnsCarriage { continue }
            if isUnsafe(scalar, keepsLines) {
                result.append(contentsOf: escape(scalar))
            } else {
                result.append(scalar)
            }
        }
        if returnsCarriage { result.append(contentsOf: escape("\r")) }
        return String(result)
    }

    private static func isUnsafe(_ scalar: Unicode.Scalar, _ keepsLines: Bool) -> Bool {
        switch scalar.value {
        case 0x09, 0x0a: !keepsLines
        case 0...0x1f, 0x7f...0x9f: true
        // Bidirectional marks, embeddings, overrides and isolates; line and paragraph separators.
        case 0x061c, 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069: true
        default: false
        }
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String.UnicodeScalarView {
        switch scalar {
        case "\n": return "\\n".unicodeScalars
        case "\t": return "\\t".unicodeScalars
        default:
            let digits = String(scalar.value, radix: 16)
            return ("\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits).unicodeScalars
        }
    }
}
