/// A lexical element of a template: its kind and its place.
///
/// The text is not copied: `offset` and `length` are in bytes of the source. An error token has no text of its own; the
/// lexer has its message.
struct Token: Equatable {
    enum Kind: UInt8 {
        case error, endOfFile
        /// Text outside of actions.
        case text
        case leftDelimiter, rightDelimiter
        /// `=` and `:=`
        case assign, declare
        case pipe, leftParenthesis, rightParenthesis
        /// A character that only the parser interprets, such as a comma.
        case character
        case bool, characterConstant, complex, number, string, rawString
        /// `.name` or `.name.name`, name without a dot, `$name`
        case field, identifier, variable
        case dot, nilKeyword
        // Keywords that open or close something.
        case block, breakKeyword, continueKeyword, define, elseKeyword, end, ifKeyword, range, template, with

        /// Whether messages show the token in angle brackets.
        var isKeyword: Bool { rawValue >= Kind.dot.rawValue }
    }

    var kind: Kind
    /// Whether there is white space before it.
    var isBehindSpace = false
    var offset: Int32
    var length: Int32
    /// For a field, the length of its first name with the dot; further fields follow. For other tokens, the length.
    var head: Int32

    var end: Int { Int(offset) + Int(length) }
}
