import PluginAPI
import Values

/// Looking ahead, and what goes wrong.
extension Parser {
    // MARK: Tokens

    mutating func read() -> Token {
        if scope.peeked > 0 {
            scope.peeked -= 1
        } else {
            scope.token0 = lexer.next()
        }
        return scope.peeked == 0 ? scope.token0 : scope.peeked == 1 ? scope.token1 : scope.token2
    }

    mutating func peek() -> Token {
        if scope.peeked == 0 {
            scope.token0 = lexer.next()
            scope.peeked = 1
        }
        return scope.peeked == 1 ? scope.token0 : scope.peeked == 2 ? scope.token1 : scope.token2
    }

    mutating func readPastSpace() -> Token {
        while true {
            let token = read()
            if token.kind != .space { return token }
        }
    }

    mutating func peekPastSpace() -> Token {
        let token = readPastSpace()
        scope.peeked += 1
        return token
    }

    /// Puts a token back before the one that was read after it.
    mutating func putBack(_ token: Token) {
        scope.token1 = token
        scope.peeked = 2
    }

    func text(_ token: Token) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(rebasing: bytes[Int(token.offset)..<token.end])
    }

    func textOfTerm(_ index: NodeIndex) -> [UInt8] {
        let node = syntax.nodes[Int(index)]
        switch node.kind {
        case .dot: return Array(".".utf8)
        case .nilConstant: return Array("nil".utf8)
        default: return Array(bytes[Int(node.start)..<Int(node.start + node.length)])
        }
    }

    func unquote(_ token: Token) throws(RenderError) -> [UInt8] {
        guard let value = GoQuote.unquote(text(token)) else { throw failure("invalid syntax", []) }
        return value
    }

    // MARK: Errors

    /// One more level has begun.
    mutating func checkNesting() throws(RenderError) {
        if nesting > limits.nesting { throw limit("nesting", limits.nesting, "--max-template-nesting") }
        syntax.deepest = max(syntax.deepest, nesting)
        if nesting > room { throw RenderError(kind: .engine, detail: "no room on the stack") }
    }

    func unexpected(_ token: Token, _ context: String) -> RenderError {
        if token.kind == .error {
            var text = lexer.errorMessage
            if let action = scope.action, line(action) != line(token.offset) {
                // "unclosed action" is followed by "started at", everything else by "in action started at".
                let isAction = text.suffix(7).elementsEqual(" action".utf8)
                text += Array((isAction ? " started at " : " in action started at ").utf8)
                text += sourceName + Array(":\(line(action))".utf8)
            }
            return failure("%s", [.text(text)])
        }
        return failure("unexpected %s in %s", [.text(described(token)), .string(context)])
    }

    func unexpected(_ terminator: Terminator, in context: String? = nil) -> RenderError {
        if let context {
            return failure("unexpected %s in %s", [.text(spelled(terminator)), .string(context)])
        }
        return failure("unexpected %s", [.text(spelled(terminator))])
    }

    func spelled(_ terminator: Terminator) -> [UInt8] {
        lexer.left + Array((terminator == .end ? "end" : "else").utf8) + lexer.right
    }

    func described(_ token: Token) -> [UInt8] {
        if token.kind == .endOfFile { return Array("EOF".utf8) }
        let bytes = text(token)
        if token.kind.isKeyword && token.kind != .error {
            return [UInt8(ascii: "<")] + Array(bytes) + [UInt8(ascii: ">")]
        }
        return GoFormat.printf(bytes.count > 10 ? "%.10q..." : "%q", [.text(Array(bytes))])
    }

    func line(_ offset: Int32) -> Int {
        var line = 1
        for byte in bytes[..<min(Int(offset), bytes.count)] where byte == UInt8(ascii: "\n") { line += 1 }
        return line
    }

    /// The line of the token that was read last.
    var lastLine: Int { line(scope.token0.offset) }

    /// Go puts the template's name into a format, so a percent sign in it acts as one: `n%sx` swallows an argument.
    func failure(_ format: String, _ arguments: [GoValue]) -> RenderError {
        let head = Array("template: ".utf8) + sourceName + Array(":\(lastLine): ".utf8)
        return RenderError(
            kind: .parse, detailBytes: GoFormat.printf(head + Array(format.utf8), arguments),
            place: .init(template: String(decoding: sourceName, as: UTF8.self), line: lastLine))
    }

    func limit(_ name: String, _ value: Int, _ flag: String) -> RenderError {
        let line = lastLine
        let place = RenderError.Place(template: String(decoding: sourceName, as: UTF8.self), line: line)
        return LimitMessage.error(
            name, value, flag, head: "template: \(place.template):\(line): ", place: place)
    }
}
