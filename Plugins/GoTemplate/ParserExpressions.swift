import PluginAPI
import Values

/// Parses pipelines, commands, operands and terms.
extension Parser {
    // MARK: Expressions

    /// Parses declarations, then commands, up to the closing token.
    mutating func pipeline(_ context: String, until end: Token.Kind) throws(RenderError) -> NodeIndex {
        let pipe = try makeNode(.pipe, at: peek().offset)
        var lastDeclared = Syntax.none
        while peek().kind == .variable {
            let mark = cursor
            let variable = read()
            let next = peek()
            if next.kind == .assign || next.kind == .declare {
                nodes.base[Int(pipe)].flag = next.kind == .assign
                _ = read()
                try declare(variable, pipe, &lastDeclared)
            } else if next.kind == .character, bytes[Int(next.offset)] == UInt8(ascii: ",") {
                _ = read()
                let isFirst = lastDeclared == Syntax.none
                try declare(variable, pipe, &lastDeclared)
                if context == "range", isFirst {
                    switch peek().kind {
                    case .variable, .rightDelimiter, .rightParenthesis: continue
                    default: throw failure("range can only initialize variables", [])
                    }
                }
                throw failure("too many declarations in \(context)", [])
            } else {
                cursor = mark
            }
            break
        }
        var lastCommand = Syntax.none
        while true {
            let token = read()
            if token.kind == end { break }
            switch token.kind {
            case .bool, .characterConstant, .complex, .dot, .field, .identifier, .number, .nilKeyword,
                .rawString,
                .string, .variable, .leftParenthesis:
                cursor -= 1
                let node = try command()
                if lastCommand == Syntax.none {
                    nodes.base[Int(pipe)].first = node
                } else {
                    nodes.base[Int(lastCommand)].next = node
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
        let node = try leaf(.variable, variable)
        if last == Syntax.none {
            nodes.base[Int(pipe)].second = node
        } else {
            nodes.base[Int(last)].next = node
        }
        last = node
        scope.variables.append((variable.offset, variable.length))
    }

    private mutating func check(_ pipe: NodeIndex, _ context: String) throws(RenderError) {
        var command = nodes.base[Int(pipe)].first
        guard command != Syntax.none else { throw failure("missing value for \(context)", []) }
        var stage = 1
        while true {
            command = nodes.base[Int(command)].next
            if command == Syntax.none { return }
            stage += 1
            switch nodes.base[Int(nodes.base[Int(command)].first)].kind {
            case .bool, .dot, .nilConstant, .number, .string:
                throw failure("non executable command in pipeline stage \(stage)", [])
            default: break
            }
        }
    }

    /// Parses operands up to a pipe, which is consumed, or the end of the pipeline, which is not.
    private mutating func command() throws(RenderError) -> NodeIndex {
        let command = try makeNode(.command, at: peek().offset)
        var last = Syntax.none
        while let node = try operand() {
            append(node, to: command, last: &last)
            if !peek().isBehindSpace { break }
        }
        let token = read()
        switch token.kind {
        case .rightDelimiter, .rightParenthesis: cursor -= 1
        case .pipe: break
        default: throw unexpected(token, "operand")
        }
        if last == Syntax.none { throw failure("empty command", []) }
        return command
    }

    /// Parses a term, and the fields that follow it without a space.
    private mutating func operand() throws(RenderError) -> NodeIndex? {
        guard let node = try term() else { return nil }
        guard isAtField else { return node }
        let kind = nodes.base[Int(node)].kind
        switch kind {
        case .bool, .string, .number, .nilConstant, .dot:
            throw failure("unexpected . after term %q", [.text(textOfTerm(node))])
        default: break
        }
        let firstField = peek()
        var end = firstField.end
        while isAtField { end = read().end }
        guard kind == .field || kind == .variable else {
            let chain = try makeNode(.chain, at: firstField.offset)
            nodes.base[Int(chain)].first = node
            nodes.base[Int(chain)].start = firstField.offset
            nodes.base[Int(chain)].length = Int32(end) - firstField.offset
            return chain
        }
        // The whole chain is one node. Messages place it at the second field, as in Go.
        nodes.base[Int(node)].length = Int32(end) - nodes.base[Int(node)].start
        if nodes.base[Int(node)].position == nodes.base[Int(node)].start {
            nodes.base[Int(node)].position = firstField.offset
        }
        return node
    }

    /// Whether the next token is a field without white space before it.
    @inline(__always)
    private var isAtField: Bool {
        mutating get {
            let token = peek()
            return token.kind == .field && !token.isBehindSpace
        }
    }

    private mutating func term() throws(RenderError) -> NodeIndex? {
        let token = read()
        switch token.kind {
        case .identifier:
            let function = try function(token)
            return try leaf(.identifier, token, second: function)
        case .dot: return try leaf(.dot, token)
        case .nilKeyword: return try leaf(.nilConstant, token)
        case .field:
            let node = try leaf(.field, token)
            if token.head < token.length { nodes.base[Int(node)].position += token.head }
            return node
        case .bool:
            return try leaf(.bool, token, flag: bytes[Int(token.offset)] == UInt8(ascii: "t"))
        case .variable:
            guard isVisible(token) else {
                throw failure("undefined variable %q", [.text(Array(text(token)))])
            }
            return try leaf(.variable, token)
        case .number, .complex, .characterConstant:
            syntax.numbers.append(try number(token))
            return try leaf(.number, token, second: NodeIndex(syntax.numbers.count - 1))
        case .string, .rawString:
            let string = try string(token)
            return try leaf(.string, token, second: string)
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
            cursor -= 1
            return nil
        }
    }

    /// Returns the index of an identifier's function in the syntax.
    private mutating func function(_ token: Token) throws(RenderError) -> Int32 {
        guard let base = bytes.baseAddress else { return 0 }
        let next = Int32(syntax.functions.count)
        if let known = functions.value(
            of: base, start: Int(token.offset), length: Int(token.length), orStore: next)
        {
            return known
        }
        let name = String(decoding: text(token), as: UTF8.self)
        guard hasFunction(name) else {
            var error = failure("function %q not defined", [.string(name)])
            error.unknownFunction = name
            throw error
        }
        syntax.functions.append(name)
        return next
    }

    /// Returns the index of a literal's string in the syntax.
    private mutating func string(_ token: Token) throws(RenderError) -> Int32 {
        guard let base = bytes.baseAddress else { return 0 }
        let next = Int32(syntax.strings.count)
        if let known = strings.value(
            of: base, start: Int(token.offset), length: Int(token.length), orStore: next)
        {
            return known
        }
        syntax.strings.append(try unquote(token))
        return next
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
        if token.length == 1 { return true }
        let name = text(token)
        for (offset, length) in scope.variables where length == token.length {
            let other = UnsafeBufferPointer(rebasing: bytes[Int(offset)..<Int(offset + length)])
            if GoText.isEqual(name, other) { return true }
        }
        return false
    }
}
