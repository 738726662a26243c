import Testing
import Values

@Suite struct TerminalTextTests {
    @Test(arguments: [
        ("plain", "plain"), ("größe 尺寸 🛵", "größe 尺寸 🛵"), ("a\tb\nc", "a\tb\nc"), ("", ""),
        ("\u{1b}[31mred", "\\u001b[31mred"), ("a\u{7f}b", "a\\u007fb"), ("a\u{9b}31m", "a\\u009b31m"),
        ("\u{85}", "\\u0085"), ("a\u{202e}b", "a\\u202eb"), ("\u{2066}x\u{2069}", "\\u2066x\\u2069"),
        ("\u{200f}", "\\u200f"), ("\u{2028}", "\\u2028"), ("a\0b", "a\\u0000b"), ("\u{8}", "\\u0008"),
        ("a\r\nb", "a\r\nb"), ("a\rb", "a\\u000db"), ("a\r", "a\\u000d"), ("a\r\r\nb", "a\\u000d\r\nb"),
    ])
    func controlCharactersAreEscaped(text: String, expected: String) {
        #expect(Array(TerminalText.escaped(text).utf8) == Array(expected.utf8))
    }

    @Test(arguments: [("a\nb", "a\\nb"), ("a\tb", "a\\tb"), ("a\r\nb", "a\\u000d\\nb")])
    func aLineOfALogStaysOneLine(text: String, expected: String) {
        #expect(Array(TerminalText.escaped(text, keepsLines: false).utf8) == Array(expected.utf8))
    }
}
