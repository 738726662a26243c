import PluginAPI
import Values

/// Pipelines, commands, operands and terms.
extension Parser {
    // MARK: Expressions

    /// Declarations, then commands, up to the closing token.
    mutating func pipeline(_ context: String, until end: Token.Kind) throws(RenderError) -> NodeIndex {
        let pipe = try makeNode(.pipe, at: peekPastSpace().offset)
        var lastDeclared = Syntax.none
        while peekPastSpace().kind == .variable {
            let variable = peekPastSpace()
            _ = read()
            // Blanks are tokens: in `$x foo`, foo has to be read to know that $x is no declaration.
            let after = peek()
            let next = peekPastSpace()
            if next.kind == .assign || next.kind == .declare {
                syntax.nodes[Int(pipe)].flag = next.kind == .assign
                _ = readPastSpace()
                try declare(variable, pipe, &lastDeclared)
            } else if next.kind == .character, bytes[Int(next.offset)] == UInt8(ascii: ",") {
                _ = readPastSpace()
                let isFirst = lastDeclared == Syntax.none
                try declare(variable, pipe, &lastDeclared)
                if context == "range", isFirst {
                    switch peekPastSpace().kind {
                    case .variable, .rightDelimiter, .rightParenthesis: continue
                    default: throw failure("range can only initialize variables", [])
                    }
                }
                throw failure("too many declarations in \(context)", [])
            } else if after.kind == .space {
                scope.token1 = after
                scope.token2 = variable
                scope.peeked = 3
            } else {
                putBack(variable)
            }
            break
        }
        var lastCommand = Syntax.none
        while true {
            let token = readPastSpace()
            if token.kind == end { break }
            switch token.kind {
            case .bool, .characterConstant, .complex, .dot, .field, .identifier, .number, .nilKeyword,
                .rawString,
                .string, .variable, .leftParenthesis:
                scope.peeked += 1
                let node = try command()
                if lastCommand == Syntax.none {
                    syntax.nodes[Int(pipe)].first = node
                } else {
                    syntax.nodes[Int(lastCommand)].next = node
                }
                lastCommand = node
            default: throw unexpected(token, context)
            }
        }
        try check(pipe, context)
        return pipe
    }

    private mutating func declare(
        _ variable: Token, _ pipe: NodeIndex, _ last: inout NodeIndex
    ) throws(RenderError) {
        let node = try makeNode(.variable, at: variable.offset)
        setRange(node, variable)
        if last == Syntax.none {
            syntax.nodes[Int(pipe)].second = node
        } else {
            syntax.nodes[Int(last)].next = node
        }
        last = node
        scope.variables.append((variable.offset, variable.length))
    }

    private mutating func check(_ pipe: NodeIndex, _ context: String) throws(RenderError) {
        var command = syntax.nodes[Int(pipe)].first
        guard command != Syntax.none else { throw failure("missing value for \(context)", []) }
        var stage = 1
        while true {
            command = syntax.nodes[Int(command)].next
            if command == Syntax.none { return }
            stage += 1
            switch syntax.nodes[Int(syntax.nodes[Int(command)].first)].kind {
            case .bool, .dot, .nilConstant, .number, .string:
                throw failure("non executable command in pipeline stage \(stage)", [])
            default: break
            }
        }
    }

    /// Operands up to a pipe, which is read, or what ends the pipeline, which is left.
    private mutating func command() throws(RenderError) -> NodeIndex {
        let command = try makeNode(.command, at: peekPastSpace().offset)
        var last = Syntax.none
        while true {
            _ = peekPastSpace()
            if let node = try operand() { append(node, to: command, last: &last) }
            let token = read()
            switch token.kind {
            case .space: continue
            case .rightDelimiter, .rightParenthesis: scope.peeked += 1
            case .pipe: break
            default: throw unexpected(token, "operand")
            }
            break
        }
        if last == Syntax.none { throw failure("empty command", []) }
        return command
    }

    /// A term, and the fields that follow it without a blank.
    private mutating func operand() throws(RenderError) -> NodeIndex? {
        guard let node = try term() else { return nil }
        guard peek().kind == .field else { return node }
        let firstField = peek()
        var end = firstField.end
        while peek().kind == .field { end = read().end }
        switch syntax.nodes[Int(node)].kind {
        case .field, .variable:
            // One node for the whole chain; messages place it at the second field, as Go's do.
            syntax.nodes[Int(node)].length = Int32(end) - syntax.nodes[Int(node)].start
            syntax.nodes[Int(node)].position = firstField.offset
            return node
        case .bool, .string, .number, .nilConstant, .dot:
            throw failure("unexpected . after term %q", [.text(textOfTerm(node))])
        default:
            let chain = try makeNode(.chain, at: firstField.offset)
            syntax.nodes[Int(chain)].first = node
            syntax.nodes[Int(chain)].start = firstField.offset
            syntax.nodes[Int(chain)].length = Int32(end) - firstField.offset
            return chain
        }
    }

    private mutating func term() throws(RenderError) -> NodeIndex? {
        let token = readPastSpace()
        switch token.kind {
        case .identifier:
            if !isKnownFunction(token) {
                let name = String(decoding: text(token), as: UTF8.self)
                guard hasFunction(name) else { throw failure("function %q not defined", [.string(name)]) }
                knownFunctions.append((token.offset, token.length))
            }
            return try leaf(.identifier, token)
        case .dot: return try leaf(.dot, token)
        case .nilKeyword: return try leaf(.nilConstant, token)
        case .field: return try leaf(.field, token)
        case .bool:
            let node = try leaf(.bool, token)
            syntax.nodes[Int(node)].flag = bytes[Int(token.offset)] == UInt8(ascii: "t")
            return node
        case .variable:
            guard isVisible(token) else {
                throw failure("undefined variable %q", [.text(Array(text(token)))])
            }
            return try leaf(.variable, token)
        case .number, .complex, .characterConstant:
            let node = try leaf(.number, token)
            syntax.nodes[Int(node)].second = NodeIndex(syntax.numbers.count)
            syntax.numbers.append(try number(token))
            return node
        case .string, .rawString:
            let value = try unquote(token)
            let node = try leaf(.string, token)
            syntax.nodes[Int(node)].second = NodeIndex(syntax.strings.count)
            syntax.strings.append(value)
            return node
        case .leftParenthesis:
            guard scope.parentheses < Parser.parenthesesLimit else {
                throw failure("max expression depth exceeded", [])
            }
            scope.parentheses += 1
            nesting += 1
            try checkNesting()
            let pipe = try pipeline("parenthesized pipeline", until: .rightParenthesis)
            nesting -= 1
            scope.parentheses -= 1
            return pipe
        default:
            scope.peeked += 1
            return nil
        }
    }

    private func number(_ token: Token) throws(RenderError) -> NumberConstant {
        do {
            switch token.kind {
            case .characterConstant: return try NumberConstant(character: text(token))
            case .complex: return try NumberConstant(complex: text(token))
            default: return try NumberConstant(text(token))
            }
        } catch {
            throw failure(
                "%s", [.text(GoFormat.printf(error.format, error.quotes ? [.text(Array(text(token)))] : []))])
        }
    }

    private func isVisible(_ token: Token) -> Bool {
        token.length == 1 || isAmong(scope.variables, token)
    }

    /// Templates use few functions many times: comparing with those is faster than hashing a text.
    private func isKnownFunction(_ token: Token) -> Bool { isAmong(knownFunctions, token) }

    private func isAmong(_ ranges: [(Int32, Int32)], _ token: Token) -> Bool {
        let name = text(token)
        for (offset, length) in ranges where length == token.length {
            let other = UnsafeBufferPointer(rebasing: bytes[Int(offset)..<Int(offset + length)])
            if GoText.compare(name, other) == 0 { return true }
        }
        return false
    }
}
