/// One lexical element of a template: its kind and where it stands.
///
/// The text is not copied: `offset` and `length` count bytes of the source. An error token has no text of its own;
/// its message stands in the lexer.
struct Token: Equatable {
    enum Kind: UInt8 {
        case error, endOfFile
        /// What stands outside of actions.
        case text
        case leftDelimiter, rightDelimiter
        /// `=` and `:=`
        case assign, declare
        case pipe, leftParenthesis, rightParenthesis
        /// A character that means something only to the parser, such as a comma.
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
    /// Whether blanks stand before it.
    var isBehindSpace = false
    var offset: Int32
    var length: Int32
    /// Of a field, the length of its first name with the dot: what follows are further fields. Elsewhere the length.
    var head: Int32

    var end: Int { Int(offset) + Int(length) }
}
