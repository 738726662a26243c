import Glibc
import Values

/// Splits the bytes of a template into tokens, one action at a time, when the parser needs them. It does not know the
/// grammar.
///
/// White space next to `{{-` and `-}}` and comments are removed here, so that the parser never sees them. Lines are not
/// counted: the line of a token can be derived from its offset, and only errors need it.
struct Lexer {
    let bytes: UnsafeBufferPointer<UInt8>
    let left: Delimiter
    let right: Delimiter
    /// Whether functions with these names exist, in which case they are identifiers instead of keywords.
    let breakIsFunction: Bool
    let continueIsFunction: Bool
    /// The message of the error token.
    private(set) var errorMessage: [UInt8] = []

    private var position = 0
    private var start = 0
    private var end: Int
    private var isInsideAction = false
    /// Whether there is white space before the token that is being read.
    private var isBehindSpace = false
    private var parentheses = 0

    init(
        _ bytes: UnsafeBufferPointer<UInt8>, left: [UInt8], right: [UInt8], breakIsFunction: Bool = false,
        continueIsFunction: Bool = false
    ) {
        self.bytes = bytes
        self.left = left.isEmpty ? .usualLeft : Delimiter(left)
        self.right = right.isEmpty ? .usualRight : Delimiter(right)
        self.breakIsFunction = breakIsFunction
        self.continueIsFunction = continueIsFunction
        end = bytes.count
    }

    /// Adds the tokens up to the end of the next action or of the text. The parser never looks further ahead.
    mutating func fill(_ tokens: inout Pool<Token>) {
        while true {
            let token = next()
            tokens.append(token)
            switch token.kind {
            case .rightDelimiter, .endOfFile, .error: return
            default: break
            }
        }
    }

    /// Returns the next token. After an error or the end of the text, it is always the end of the text.
    mutating func next() -> Token {
        isInsideAction ? insideAction() : text()
    }

    // MARK: Outside of actions

    private mutating func text() -> Token {
        while true {
            guard let found = find(left, from: position) else {
                position = end
                return position > start ? emit(.text) : emit(.endOfFile)
            }
            if found > position {
                position = found
                var textEnd = found
                if hasLeftTrimMarker(at: found + left.count) {
                    while textEnd > start, Lexer.isSpace(bytes[textEnd - 1]) { textEnd -= 1 }
                }
                let length = Int32(textEnd - start)
                let token = Token(kind: .text, offset: Int32(start), length: length, head: length)
                start = position
                if token.length > 0 { return token }
            }
            position += left.count
            let marker = hasLeftTrimMarker(at: position) ? 2 : 0
            if starts(with: "/*", at: position + marker) {
                position += marker
                start = position
                if let error = comment() { return error }
                continue
            }
            let token = emit(.leftDelimiter)
            isInsideAction = true
            position += marker
            start = position
            parentheses = 0
            return token
        }
    }

    /// Skips a comment. Returns an error token if the comment is not closed correctly.
    private mutating func comment() -> Token? {
        guard let close = find(Lexer.commentEnd, from: position + 2) else { return error("unclosed comment") }
        position = close + 2
        guard let trims = rightDelimiterTrims() else { return error("comment ends before closing delimiter") }
        position += right.count + (trims ? 2 : 0)
        if trims { skipSpaces() }
        start = position
        return nil
    }

    // MARK: Inside actions

    private mutating func insideAction() -> Token {
        isBehindSpace = false
        guard position < end else { return error("unclosed action") }
        var byte = bytes[position]
        if Lexer.isSpace(byte) {
            if let trims = rightDelimiterTrims() { return rightDelimiter(trims) }
            skipSpaces()
            // If a closing delimiter with a trim marker follows, the last space belongs to it.
            if hasRightTrimMarker(at: position - 1), right.stands(in: bytes, at: position + 1) {
                position -= 1
                return rightDelimiter(true)
            }
            start = position
            isBehindSpace = true
            guard position < end else { return error("unclosed action") }
            byte = bytes[position]
        }
        if byte == right.first, right.stands(in: bytes, at: position) { return rightDelimiter(false) }
        if Lexer.isASCIILetter(byte) { return identifier() }
        switch byte {
        case UInt8(ascii: "="):
            position += 1
            return emit(.assign)
        case UInt8(ascii: ":"):
            position += 1
            guard position < end, bytes[position] == UInt8(ascii: "=") else { return error("expected :=") }
            position += 1
            return emit(.declare)
        case UInt8(ascii: "|"):
            position += 1
            return emit(.pipe)
        case UInt8(ascii: "\""):
            return quoted(UInt8(ascii: "\""), .string, "unterminated quoted string")
        case UInt8(ascii: "'"):
            return quoted(UInt8(ascii: "'"), .characterConstant, "unterminated character constant")
        case UInt8(ascii: "`"):
            return rawQuoted()
        case UInt8(ascii: "$"):
            position += 1
            if isAtTerminator { return emit(.variable) }
            skipAlphanumerics()
            return isAtTerminator ? emit(.variable) : badCharacter()
        case UInt8(ascii: "."):
            if position + 1 < end, !Lexer.isDigit(bytes[position + 1]) {
                position += 1
                return isAtTerminator ? emit(.dot) : field()
            }
            // A dot at the very end of the text is lexed as a number, as in Go.
            return number()
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return number()
        case UInt8(ascii: "("):
            position += 1
            parentheses += 1
            return emit(.leftParenthesis)
        case UInt8(ascii: ")"):
            position += 1
            parentheses -= 1
            if parentheses < 0 { return error("unexpected right paren") }
            return emit(.rightParenthesis)
        default:
            break
        }
        let (scalar, length) = scalar(at: position)
        if Lexer.isAlphanumeric(scalar) { return identifier() }
        position += length
        if scalar.value < 0x7f, scalar.value > 0x20 { return emit(.character) }
        return error("unrecognized character in action: " + GoQuote.unicode(scalar))
    }

    private mutating func rightDelimiter(_ trims: Bool) -> Token {
        guard parentheses == 0 else {
            start = position
            return error("unclosed left paren")
        }
        if trims {
            position += 2
            start = position
        }
        position += right.count
        let token = emit(.rightDelimiter)
        if trims {
            skipSpaces()
            start = position
        }
        isInsideAction = false
        return token
    }

    private mutating func identifier() -> Token {
        skipAlphanumerics()
        guard isAtTerminator else { return badCharacter() }
        let kind = Lexer.keyword(UnsafeBufferPointer(rebasing: bytes[start..<position]))
        if kind == .identifier { return emit(.identifier) }
        switch kind {
        case .breakKeyword where breakIsFunction, .continueKeyword where continueIsFunction:
            return emit(.identifier)
        default:
            return emit(kind)
        }
    }

    /// Lexes a name after its dot, and the fields that follow it. A whole path is one token, as long as its names begin
    /// with an ASCII letter and end as names must.
    private mutating func field() -> Token {
        skipAlphanumerics()
        guard isAtTerminator else { return badCharacter() }
        let head = position - start
        while position + 1 < end, bytes[position] == UInt8(ascii: "."), bytes[position] != right.first,
            Lexer.isASCIILetter(bytes[position + 1]), bytes[position + 1] != right.first
        {
            let before = position
            position += 2
            skipAlphanumerics()
            if !isAtTerminator {
                position = before
                break
            }
        }
        var token = emit(.field)
        token.head = Int32(head)
        return token
    }

    private mutating func badCharacter() -> Token {
        error("bad character " + GoQuote.unicode(scalar(at: position).scalar))
    }

    /// Lexes a literal in quotes. The parser processes its escapes.
    private mutating func quoted(_ quote: UInt8, _ kind: Token.Kind, _ complaint: String) -> Token {
        position += 1
        while position < end {
            let byte = bytes[position]
            position += 1
            if byte == quote { return emit(kind) }
            if byte == UInt8(ascii: "\n") { return error(complaint) }
            if byte == UInt8(ascii: "\\") {
                guard position < end, bytes[position] != UInt8(ascii: "\n") else { return error(complaint) }
                position += scalar(at: position).length
            }
        }
        return error(complaint)
    }

    private mutating func rawQuoted() -> Token {
        guard let base = bytes.baseAddress,
            let quote = memchr(base + position + 1, Int32(UInt8(ascii: "`")), end - position - 1)
        else { return error("unterminated raw quoted string") }
        position = UnsafeRawPointer(quote) - UnsafeRawPointer(base) + 1
        return emit(.rawString)
    }

    /// Lexes the characters of a number. The parser checks whether they are a valid number.
    private mutating func number() -> Token {
        let mark = position
        while position < end, Lexer.isDigit(bytes[position]) { position += 1 }
        if position > mark, bytes[mark] != UInt8(ascii: "0") || position == mark + 1, isBlankOrClosing {
            return emit(.number)
        }
        position = mark
        guard scanNumber() else { return badNumber() }
        if position < end, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
            guard scanNumber(), bytes[position - 1] == UInt8(ascii: "i") else { return badNumber() }
            return emit(.complex)
        }
        return emit(.number)
    }

    private mutating func badNumber() -> Token {
        var message = ByteBuffer(capacity: 48)
        message.append("bad number syntax: ")
        GoQuote.append(UnsafeBufferPointer(rebasing: bytes[start..<position]), into: &message)
        return error(message.bytes)
    }

    private mutating func scanNumber() -> Bool {
        accept { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }
        var isDigit: (UInt8) -> Bool = { Lexer.isDigit($0) || $0 == UInt8(ascii: "_") }
        var exponent: UInt8? = UInt8(ascii: "e")
        if accept({ $0 == UInt8(ascii: "0") }) {
            if accept({ $0 | 0x20 == UInt8(ascii: "x") }) {
                isDigit = {
                    Lexer.isDigit($0) || $0 == UInt8(ascii: "_")
                        || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0 | 0x20)
                }
                exponent = UInt8(ascii: "p")
            } else if accept({ $0 | 0x20 == UInt8(ascii: "o") }) {
                isDigit = { (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) || $0 == UInt8(ascii: "_") }
                exponent = nil
            } else if accept({ $0 | 0x20 == UInt8(ascii: "b") }) {
                isDigit = { (UInt8(ascii: "0")...UInt8(ascii: "1")).contains($0) || $0 == UInt8(ascii: "_") }
                exponent = nil
            }
        }
        while accept(isDigit) {}
        if accept({ $0 == UInt8(ascii: ".") }) { while accept(isDigit) {} }
        if let exponent, accept({ $0 | 0x20 == exponent }) {
            accept { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }
            while accept({ Lexer.isDigit($0) || $0 == UInt8(ascii: "_") }) {}
        }
        accept { $0 == UInt8(ascii: "i") }
        guard position < end else { return true }
        let (scalar, length) = scalar(at: position)
        guard Lexer.isAlphanumeric(scalar) else { return true }
        position += length
        return false
    }

    // MARK: Pieces

    @discardableResult
    private mutating func accept(_ isWanted: (UInt8) -> Bool) -> Bool {
        guard position < end, isWanted(bytes[position]) else { return false }
        position += 1
        return true
    }

    @inline(__always)
    private mutating func emit(_ kind: Token.Kind) -> Token {
        let length = Int32(position - start)
        let token = Token(
            kind: kind, isBehindSpace: isBehindSpace, offset: Int32(start), length: length, head: length)
        start = position
        return token
    }

    private mutating func error(_ message: String) -> Token { error(Array(message.utf8)) }

    private mutating func error(_ message: [UInt8]) -> Token {
        errorMessage = message
        let token = Token(
            kind: .error, isBehindSpace: isBehindSpace, offset: Int32(start), length: 0, head: 0)
        position = end
        start = end
        isInsideAction = false
        return token
    }

    private mutating func skipSpaces() {
        while position < end, Lexer.isSpace(bytes[position]) { position += 1 }
    }

    @inline(__always)
    private mutating func skipAlphanumerics() {
        var index = position
        while index + 8 <= end {
            let found = Lexer.wordBytes(UnsafeRawPointer(bytes.baseAddress.unsafelyUnwrapped + index))
            index += found
            if found < 8 {
                position = index
                if bytes[index] >= 0x80 { skipAlphanumericScalars() }
                return
            }
        }
        while index < end, Lexer.isWordByte(bytes[index]) { index += 1 }
        position = index
        if index < end, bytes[index] >= 0x80 { skipAlphanumericScalars() }
    }

    /// Returns the number of leading bytes, of eight, that belong to a name. All are checked at once.
    ///
    /// The sum of a seven-bit byte and 128 - n has its eighth bit set if the byte is at least n.
    @inline(__always)
    private static func wordBytes(_ start: UnsafeRawPointer) -> Int {
        let each: UInt64 = 0x0101_0101_0101_0101
        let eight = UInt64(littleEndian: start.loadUnaligned(as: UInt64.self))
        let low = eight & (each &* 0x7f)
        let lower = low | each &* 0x20
        let letters = (lower &+ each &* (0x80 - 0x61)) & ~(lower &+ each &* (0x80 - 0x7b))
        let digits = (low &+ each &* (0x80 - 0x30)) & ~(low &+ each &* (0x80 - 0x3a))
        let underscores = (low &+ each &* (0x80 - 0x5f)) & ~(low &+ each &* (0x80 - 0x60))
        let others = ~((letters | digits | underscores) & ~eight) & (each &* 0x80)
        return others.trailingZeroBitCount >> 3
    }

    private mutating func skipAlphanumericScalars() {
        while position < end {
            let (scalar, length) = scalar(at: position)
            guard Lexer.isAlphanumeric(scalar) else { return }
            position += length
        }
    }

    /// Whether a name may end here.
    @inline(__always)
    private var isAtTerminator: Bool {
        guard position < end else { return true }
        let byte = bytes[position]
        if byte < 64, Lexer.terminators >> UInt64(byte) & 1 == 1 { return true }
        return byte == UInt8(ascii: "|") || right.stands(in: bytes, at: position)
    }

    /// A bit for each of the first 64 characters that end a name: white space, `.`, `,`, `:`, `(` and `)`.
    private static let terminators: UInt64 = 0x0400_5301_0000_2600

    /// Whether a simple number certainly ends here.
    private var isBlankOrClosing: Bool {
        position < end && (Lexer.isSpace(bytes[position]) || bytes[position] == UInt8(ascii: ")"))
    }

    /// Returns whether the closing delimiter that begins here has a trim marker; nil if no closing delimiter begins
    /// here.
    @inline(__always)
    private func rightDelimiterTrims() -> Bool? {
        guard position < end, bytes[position] == right.first || Lexer.isSpace(bytes[position]) else {
            return nil
        }
        if hasRightTrimMarker(at: position), right.stands(in: bytes, at: position + 2) { return true }
        return right.stands(in: bytes, at: position) ? false : nil
    }

    private func hasLeftTrimMarker(at index: Int) -> Bool {
        index + 1 < end && bytes[index] == UInt8(ascii: "-") && Lexer.isSpace(bytes[index + 1])
    }

    private func hasRightTrimMarker(at index: Int) -> Bool {
        index + 1 < end && Lexer.isSpace(bytes[index]) && bytes[index + 1] == UInt8(ascii: "-")
    }

    private func starts(with text: StaticString, at index: Int) -> Bool {
        guard index + text.utf8CodeUnitCount <= end else { return false }
        for offset in 0..<text.utf8CodeUnitCount where bytes[index + offset] != text.utf8Start[offset] {
            return false
        }
        return true
    }

    private func find(_ text: Delimiter, from index: Int) -> Int? {
        guard let base = bytes.baseAddress, index <= end else { return nil }
        var index = index
        let last = end - text.count
        while index <= last {
            guard let hit = memchr(base + index, Int32(text.first), last - index + 1) else { return nil }
            index = UnsafeRawPointer(hit) - UnsafeRawPointer(base)
            if text.stands(in: bytes, at: index) { return index }
            index += 1
        }
        return nil
    }

    private func scalar(at index: Int) -> (scalar: Unicode.Scalar, length: Int) {
        GoQuote.scalar(in: bytes, at: index)
    }

    @inline(__always)
    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0d || byte == 0x0a
    }

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    @inline(__always)
    static func isASCIILetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    @inline(__always)
    static func isWordByte(_ byte: UInt8) -> Bool {
        isASCIILetter(byte) || byte &- 0x30 < 10 || byte == UInt8(ascii: "_")
    }

    /// Whether it is a letter, a decimal digit of any script, or the underscore.
    static func isAlphanumeric(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return isWordByte(UInt8(scalar.value)) }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
            .decimalNumber:
            return true
        default: return false
        }
    }

    private static let commentEnd = Delimiter(Array("*/".utf8))

    /// Returns the keyword that a word is, or `.identifier`.
    private static func keyword(_ word: UnsafeBufferPointer<UInt8>) -> Token.Kind {
        guard let base = word.baseAddress else { return .identifier }
        func isWord(_ text: StaticString) -> Bool { memcmp(base, text.utf8Start, word.count) == 0 }
        switch word.count {
        case 2: return isWord("if") ? .ifKeyword : .identifier
        case 3: return isWord("end") ? .end : isWord("nil") ? .nilKeyword : .identifier
        case 4:
            return isWord("else")
                ? .elseKeyword : isWord("with") ? .with : isWord("true") ? .bool : .identifier
        case 5:
            return isWord("range")
                ? .range
                : isWord("block")
                    ? .block : isWord("break") ? .breakKeyword : isWord("false") ? .bool : .identifier
        case 6: return isWord("define") ? .define : .identifier
        case 8: return isWord("template") ? .template : isWord("continue") ? .continueKeyword : .identifier
        default: return .identifier
        }
    }
}

/// The text that opens or closes an action.
struct Delimiter {
    let bytes: [UInt8]
    let first: UInt8
    private let second: UInt8
    let count: Int

    static let usualLeft = Delimiter(Array("{{".utf8))
    static let usualRight = Delimiter(Array("}}".utf8))

    /// - Parameter bytes: at least one byte.
    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        first = bytes[0]
        second = bytes.count > 1 ? bytes[1] : 0
        count = bytes.count
    }

    /// Whether the delimiter is at an index. Nearly all delimiters have two bytes, which are compared without reading
    /// the array.
    @inline(__always)
    func stands(in text: UnsafeBufferPointer<UInt8>, at index: Int) -> Bool {
        guard index + count <= text.count, text[index] == first else { return false }
        if count == 2 { return text[index + 1] == second }
        return standsWhole(in: text, at: index)
    }

    private func standsWhole(in text: UnsafeBufferPointer<UInt8>, at index: Int) -> Bool {
        for offset in 1..<max(count, 1) where text[index + offset] != bytes[offset] { return false }
        return true
    }
}
