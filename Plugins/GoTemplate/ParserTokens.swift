import PluginAPI
import Values

/// Reads tokens and reports errors.
extension Parser {
    // MARK: Tokens

    @inline(__always)
    mutating func read() -> Token {
        if cursor == tokens.count { fill() }
        let token = tokens[cursor]
        cursor += 1
        seen = max(seen, cursor)
        return token
    }

    /// Reads the tokens of the next action. Those of the last action are not needed any more: nothing looks ahead
    /// beyond the end of an action, except at the one token after it.
    @inline(never)
    private mutating func fill() {
        earlierOffset = lastOffset
        tokens.removeAll()
        cursor = 0
        seen = 0
        lexer.fill(&tokens)
    }

    @inline(__always)
    mutating func peek() -> Token {
        let token = read()
        cursor -= 1
        return token
    }

    func text(_ token: Token) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(rebasing: bytes[Int(token.offset)..<token.end])
    }

    func textOfTerm(_ index: NodeIndex) -> [UInt8] {
        let node = nodes[Int(index)]
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

    /// Checks the nesting depth. Call it when a level begins.
    mutating func checkNesting() throws(RenderError) {
        if nesting > limits.nesting { throw limit(.nesting) }
        if !room.isLeft { throw Parser.noStack }
    }

    func unexpected(_ token: Token, _ context: String) -> RenderError {
        if token.kind == .error {
            var text = lexer.errorMessage
            if let action = scope.action, line(action) != line(token.offset) {
                // Go writes "started at" after "unclosed action", and "in action started at" after anything else.
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
        lexer.left.bytes + Array((terminator == .end ? "end" : "else").utf8) + lexer.right.bytes
    }

    func described(_ token: Token) -> [UInt8] {
        if token.kind == .endOfFile { return Array("EOF".utf8) }
        let bytes = text(token).prefix(Int(token.head))
        if token.kind.isKeyword && token.kind != .error {
            return [UInt8(ascii: "<")] + Array(bytes) + [UInt8(ascii: ">")]
        }
        return GoFormat.printf(bytes.count > 10 ? "%.10q..." : "%q", [.text(Array(bytes))])
    }

    func line(_ offset: Int32) -> Int { SourceText.position(of: Int(offset), in: bytes).line }

    /// The offset of the furthest token that was read. Messages give its line.
    var lastOffset: Int32 { seen > 0 ? tokens[seen - 1].offset : earlierOffset }

    /// The line of the furthest token that was read.
    var lastLine: Int { line(lastOffset) }

    /// Go uses the template's name as a part of a format, so a percent sign in it is interpreted: `n%sx` consumes an
    /// argument.
    func failure(_ format: String, _ arguments: [GoValue]) -> RenderError {
        let head = Array("template: ".utf8) + sourceName + Array(":\(lastLine): ".utf8)
        return RenderError(
            kind: .parse, detailBytes: GoFormat.printf(head + Array(format.utf8), arguments),
            place: .init(template: String(decoding: sourceName, as: UTF8.self), line: lastLine))
    }

    func limit(_ limit: RenderLimit) -> RenderError {
        let line = lastLine
        let place = RenderError.Place(template: String(decoding: sourceName, as: UTF8.self), line: line)
        return RenderError(
            limits.reached(limit), head: "template: \(place.template):\(line): ", place: place)
    }
}
