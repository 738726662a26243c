import PluginAPI
import Values

/// Tokens in, `Syntax` out: one source after the other, each with the templates that it defines.
///
/// Messages are Go's, with the line of the token that was read last, which is not always the one that is wrong.
/// Blocks and parentheses are parsed by recursion; `limits.nesting` bounds it, and `DeepStack` gives it the room.
struct Parser {
    /// What has to be put back when a definition inside of another template ends.
    private struct Scope {
        var name: [UInt8]
        /// Three tokens of looking ahead, as Go's parser has it: the last one read is the first.
        var token0: Token
        var token1 = Token(kind: .endOfFile, offset: 0, length: 0)
        var token2 = Token(kind: .endOfFile, offset: 0, length: 0)
        var peeked = 0
        /// The names that may be used here: offset and length.
        var variables: [(Int32, Int32)] = []
        /// Where the action that is being read begins; nil between actions.
        var action: Int32?
        var loops = 0
        var parentheses = 0
    }

    /// What ends a list.
    private enum Terminator { case end, elseClause, endOfFile }

    let bytes: UnsafeBufferPointer<UInt8>
    let sourceName: [UInt8]
    let limits: RenderLimits
    let hasFunction: (String) -> Bool
    private var lexer: Lexer
    private var scope: Scope
    private var syntax: Syntax
    private var nesting = 0
    /// The nesting that there is room for on this stack; `levels` of `DeepStack`.
    private let room: Int
    /// The templates of this source: later these are merged into the set.
    private var found: [Syntax.Definition] = []

    /// Deeper than Go's parser goes into parentheses.
    private static let parenthesesLimit = 10_000

    private init(
        _ bytes: UnsafeBufferPointer<UInt8>, name: [UInt8], left: [UInt8], right: [UInt8],
        limits: RenderLimits,
        syntax: Syntax, room: Int, hasFunction: @escaping (String) -> Bool
    ) {
        self.room = room
        self.bytes = bytes
        sourceName = name
        self.limits = limits
        self.hasFunction = hasFunction
        self.syntax = syntax
        lexer = Lexer(
            bytes, left: left, right: right, breakIsFunction: hasFunction("break"),
            continueIsFunction: hasFunction("continue"))
        scope = Scope(name: name, token0: Token(kind: .endOfFile, offset: 0, length: 0))
    }

    /// Parses one source and adds what it defines; a later definition replaces an earlier one, unless it is empty.
    ///
    /// - Throws: `.parse` with Go's message, or `.limit`.
    static func add(
        _ source: TemplateSource, left: String, right: String, limits: RenderLimits, to syntax: inout Syntax,
        hasFunction: @escaping (String) -> Bool
    ) throws(RenderError) {
        let before = syntax
        syntax = Syntax()
        func parse(room: Int) -> Result<Syntax, RenderError> {
            do throws(RenderError) {
                return .success(
                    try parsed(
                        source, (left, right), limits, onto: before, room: room, hasFunction: hasFunction))
            } catch {
                return .failure(error)
            }
        }
        var result = parse(room: DeepStack.inlineLevels)
        if case .failure(let error) = result, error.kind == .engine {
            let levels = DeepStack.levels(for: source.bytes.count, limit: limits.nesting)
            _ = DeepStack.run(levels: levels) { result = parse(room: levels + 1) }
        }
        syntax = try result.get()
    }

    private static func parsed(
        _ source: TemplateSource, _ delimiters: (String, String), _ limits: RenderLimits, onto before: Syntax,
        room: Int, hasFunction: @escaping (String) -> Bool
    ) throws(RenderError) -> Syntax {
        let left = Array((delimiters.0.isEmpty ? "{{" : delimiters.0).utf8)
        let right = Array((delimiters.1.isEmpty ? "}}" : delimiters.1).utf8)
        return try source.bytes.withUnsafeBufferPointer { bytes throws(RenderError) in
            var parser = Parser(
                bytes, name: Array(source.name.utf8), left: left, right: right, limits: limits,
                syntax: before,
                room: room, hasFunction: hasFunction)
            parser.syntax.nodes.reserveCapacity(parser.syntax.nodes.count + bytes.count / 12)
            try parser.parseSource(source.bytes, left, right)
            return parser.syntax
        }
    }

    private mutating func parseSource(
        _ sourceBytes: [UInt8], _ left: [UInt8], _ right: [UInt8]
    ) throws(RenderError) {
        let index = syntax.sources.count
        syntax.sources.append(
            Syntax.Source(name: sourceName, bytes: sourceBytes, left: left, right: right, nodesEnd: .max))
        let root = try makeNode(.list, at: peek().offset)
        var last = Syntax.none
        while peek().kind != .endOfFile {
            if peek().kind == .leftDelimiter {
                let delimiter = read()
                if readPastSpace().kind == .define {
                    try parseDefinition(index)
                    continue
                }
                putBack(delimiter)
            }
            let (node, terminator) = try textOrAction(index)
            if let terminator { throw unexpected(terminator) }
            append(node, to: root, last: &last)
        }
        try define(sourceName, root, index)
        syntax.sources[index].nodesEnd = NodeIndex(syntax.nodes.count)
        for definition in found {
            if let existing = syntax.definition(named: definition.name) {
                if !syntax.isEmpty(definition.root, in: syntax.sources[index]) {
                    syntax.definitions[existing] = definition
                }
            } else {
                syntax.definitions.append(definition)
            }
        }
    }

    // MARK: Definitions

    private mutating func parseDefinition(_ source: Int) throws(RenderError) {
        let saved = scope
        scope = Scope(name: [], token0: scope.token0)
        let token = readPastSpace()
        guard token.kind == .string || token.kind == .rawString else {
            throw unexpected(token, "define clause")
        }
        let name = try unquote(token)
        let delimiter = readPastSpace()
        guard delimiter.kind == .rightDelimiter else { throw unexpected(delimiter, "define clause") }
        let (list, terminator) = try parseList(source)
        if terminator != .end { throw unexpected(terminator, in: "define clause") }
        try define(name, list, source)
        scope = saved
    }

    /// `{{block "name" pipe}}`: a definition and its use at once.
    private mutating func blockControl(_ source: Int) throws(RenderError) -> NodeIndex {
        let token = readPastSpace()
        let name = try templateName(token, "block clause")
        let pipe = try pipeline("block clause", until: .rightDelimiter)
        let saved = scope
        scope = Scope(name: name, token0: Token(kind: .endOfFile, offset: 0, length: 0))
        let (list, terminator) = try parseList(source)
        if terminator != .end {
            scope = saved
            throw unexpected(terminator, in: "block clause")
        }
        try define(name, list, source)
        scope = saved
        return try templateNode(token, name, pipe)
    }

    private mutating func define(_ name: [UInt8], _ root: NodeIndex, _ source: Int) throws(RenderError) {
        let definition = Syntax.Definition(name: name, root: root, source: source)
        guard let existing = found.firstIndex(where: { $0.name == name }) else {
            found.append(definition)
            return
        }
        if syntax.isEmpty(found[existing].root, in: syntax.sources[source]) {
            found[existing] = definition
        } else if !syntax.isEmpty(root, in: syntax.sources[source]) {
            throw failure("template: multiple definition of template %q", [.text(name)])
        }
    }

    // MARK: Lists and actions

    private mutating func parseList(
        _ source: Int
    ) throws(RenderError) -> (list: NodeIndex, terminator: Terminator) {
        nesting += 1
        defer { nesting -= 1 }
        try checkNesting()
        let list = try makeNode(.list, at: peekPastSpace().offset)
        var last = Syntax.none
        while peekPastSpace().kind != .endOfFile {
            let (node, terminator) = try textOrAction(source)
            if let terminator { return (list, terminator) }
            append(node, to: list, last: &last)
        }
        throw failure("unexpected EOF", [])
    }

    private mutating func textOrAction(
        _ source: Int
    ) throws(RenderError) -> (node: NodeIndex, terminator: Terminator?) {
        let token = readPastSpace()
        switch token.kind {
        case .text:
            let node = try makeNode(.text, at: token.offset)
            setRange(node, token)
            return (node, nil)
        case .leftDelimiter:
            scope.action = token.offset
            let result = try action(source)
            scope.action = nil
            return result
        default:
            throw unexpected(token, "input")
        }
    }

    private mutating func action(
        _ source: Int
    ) throws(RenderError) -> (node: NodeIndex, terminator: Terminator?) {
        let token = readPastSpace()
        switch token.kind {
        case .block: return (try blockControl(source), nil)
        case .breakKeyword: return (try loopControl(token, .breakLoop, "{{break}}"), nil)
        case .continueKeyword: return (try loopControl(token, .continueLoop, "{{continue}}"), nil)
        case .elseKeyword:
            let next = peekPastSpace()
            // The parser of the branch goes on with `else if` and `else with`.
            if next.kind == .ifKeyword || next.kind == .with { return (Syntax.none, .elseClause) }
            try expectRightDelimiter("else")
            return (Syntax.none, .elseClause)
        case .end:
            try expectRightDelimiter("end")
            return (Syntax.none, .end)
        case .ifKeyword: return (try branch(.ifBranch, "if", source), nil)
        case .range: return (try branch(.range, "range", source), nil)
        case .with: return (try branch(.with, "with", source), nil)
        case .template:
            let name = readPastSpace()
            let text = try templateName(name, "template clause")
            var pipe = Syntax.none
            if readPastSpace().kind != .rightDelimiter {
                scope.peeked += 1
                pipe = try pipeline("template clause", until: .rightDelimiter)
            }
            return (try templateNode(name, text, pipe), nil)
        default:
            scope.peeked += 1
            let node = try makeNode(.action, at: peek().offset)
            let pipe = try pipeline("command", until: .rightDelimiter)
            syntax.nodes[Int(node)].first = pipe
            return (node, nil)
        }
    }

    private mutating func expectRightDelimiter(_ context: String) throws(RenderError) {
        let token = readPastSpace()
        guard token.kind == .rightDelimiter else { throw unexpected(token, context) }
    }

    private mutating func loopControl(
        _ keyword: Token, _ kind: Syntax.Node.Kind, _ name: String
    ) throws(RenderError) -> NodeIndex {
        try expectRightDelimiter(name)
        guard scope.loops > 0 else { throw failure("\(name) outside {{range}}", []) }
        return try makeNode(kind, at: keyword.offset)
    }

    private mutating func templateName(_ token: Token, _ context: String) throws(RenderError) -> [UInt8] {
        guard token.kind == .string || token.kind == .rawString else { throw unexpected(token, context) }
        return try unquote(token)
    }

    private mutating func templateNode(
        _ token: Token, _ name: [UInt8], _ pipe: NodeIndex
    ) throws(RenderError) -> NodeIndex {
        let node = try makeNode(.template, at: token.offset)
        syntax.nodes[Int(node)].second = NodeIndex(syntax.strings.count)
        syntax.nodes[Int(node)].first = pipe
        syntax.strings.append(name)
        return node
    }

    /// `if`, `range` and `with` up to their `end`.
    ///
    /// `{{else if}}` and `{{else with}}` open a branch inside of the else list that shares the `end`; a chain of
    /// them is parsed in a loop, because it may be as long as the template.
    private mutating func branch(
        _ kind: Syntax.Node.Kind, _ context: String, _ source: Int
    ) throws(RenderError) -> NodeIndex {
        let visible = scope.variables.count
        var first = Syntax.none
        var current = Syntax.none
        while true {
            let pipe = try pipeline(context, until: .rightDelimiter)
            let node = try makeNode(kind, at: syntax.nodes[Int(pipe)].position)
            if current == Syntax.none {
                first = node
            } else {
                let list = try makeNode(.list, at: syntax.nodes[Int(node)].position)
                syntax.nodes[Int(list)].first = node
                syntax.nodes[Int(current)].third = list
            }
            current = node
            if kind == .range { scope.loops += 1 }
            let (list, terminator) = try parseList(source)
            if kind == .range { scope.loops -= 1 }
            syntax.nodes[Int(node)].first = pipe
            syntax.nodes[Int(node)].second = list
            if terminator == .elseClause {
                let next = peek().kind
                if kind == .ifBranch && next == .ifKeyword || kind == .with && next == .with {
                    _ = read()
                    continue
                }
                let (elseList, last) = try parseList(source)
                if last != .end { throw failure("expected end; found %s", [.text(spelled(last))]) }
                syntax.nodes[Int(node)].third = elseList
            }
            break
        }
        scope.variables.removeLast(scope.variables.count - visible)
        return first
    }

    // MARK: Expressions

    /// Declarations, then commands, up to the closing token.
    private mutating func pipeline(_ context: String, until end: Token.Kind) throws(RenderError) -> NodeIndex
    {
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
            let name = String(decoding: text(token), as: UTF8.self)
            guard hasFunction(name) else { throw failure("function %q not defined", [.string(name)]) }
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
        if token.length == 1 { return true }
        let name = text(token)
        for (offset, length) in scope.variables where length == token.length {
            let other = UnsafeBufferPointer(rebasing: bytes[Int(offset)..<Int(offset + length)])
            if GoText.compare(name, other) == 0 { return true }
        }
        return false
    }

    // MARK: Nodes

    private mutating func makeNode(_ kind: Syntax.Node.Kind, at position: Int32) throws(RenderError)
        -> NodeIndex
    {
        let index = syntax.nodes.count
        if index >= limits.nodes { throw limit("nodes", limits.nodes, "--max-template-nodes") }
        syntax.nodes.append(Syntax.Node(kind: kind, position: position))
        return NodeIndex(index)
    }

    private mutating func leaf(_ kind: Syntax.Node.Kind, _ token: Token) throws(RenderError) -> NodeIndex {
        let node = try makeNode(kind, at: token.offset)
        setRange(node, token)
        return node
    }

    private mutating func setRange(_ node: NodeIndex, _ token: Token) {
        syntax.nodes[Int(node)].start = token.offset
        syntax.nodes[Int(node)].length = token.length
    }

    private mutating func append(_ node: NodeIndex, to parent: NodeIndex, last: inout NodeIndex) {
        if last == Syntax.none {
            syntax.nodes[Int(parent)].first = node
        } else {
            syntax.nodes[Int(last)].next = node
        }
        last = node
    }

    // MARK: Tokens

    private mutating func read() -> Token {
        if scope.peeked > 0 {
            scope.peeked -= 1
        } else {
            scope.token0 = lexer.next()
        }
        return scope.peeked == 0 ? scope.token0 : scope.peeked == 1 ? scope.token1 : scope.token2
    }

    private mutating func peek() -> Token {
        if scope.peeked == 0 {
            scope.token0 = lexer.next()
            scope.peeked = 1
        }
        return scope.peeked == 1 ? scope.token0 : scope.peeked == 2 ? scope.token1 : scope.token2
    }

    private mutating func readPastSpace() -> Token {
        while true {
            let token = read()
            if token.kind != .space { return token }
        }
    }

    private mutating func peekPastSpace() -> Token {
        let token = readPastSpace()
        scope.peeked += 1
        return token
    }

    /// Puts a token back before the one that was read after it.
    private mutating func putBack(_ token: Token) {
        scope.token1 = token
        scope.peeked = 2
    }

    private func text(_ token: Token) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(rebasing: bytes[Int(token.offset)..<token.end])
    }

    private func textOfTerm(_ index: NodeIndex) -> [UInt8] {
        let node = syntax.nodes[Int(index)]
        switch node.kind {
        case .dot: return Array(".".utf8)
        case .nilConstant: return Array("nil".utf8)
        default: return Array(bytes[Int(node.start)..<Int(node.start + node.length)])
        }
    }

    private func unquote(_ token: Token) throws(RenderError) -> [UInt8] {
        guard let value = GoQuote.unquote(text(token)) else { throw failure("invalid syntax", []) }
        return value
    }

    // MARK: Errors

    /// One more level has begun.
    private mutating func checkNesting() throws(RenderError) {
        if nesting > limits.nesting { throw limit("nesting", limits.nesting, "--max-template-nesting") }
        syntax.deepest = max(syntax.deepest, nesting)
        if nesting > room { throw RenderError(kind: .engine, detail: "no room on the stack") }
    }

    private func unexpected(_ token: Token, _ context: String) -> RenderError {
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

    private func unexpected(_ terminator: Terminator, in context: String? = nil) -> RenderError {
        if let context {
            return failure("unexpected %s in %s", [.text(spelled(terminator)), .string(context)])
        }
        return failure("unexpected %s", [.text(spelled(terminator))])
    }

    private func spelled(_ terminator: Terminator) -> [UInt8] {
        lexer.left + Array((terminator == .end ? "end" : "else").utf8) + lexer.right
    }

    private func described(_ token: Token) -> [UInt8] {
        if token.kind == .endOfFile { return Array("EOF".utf8) }
        let bytes = text(token)
        if token.kind.isKeyword && token.kind != .error {
            return [UInt8(ascii: "<")] + Array(bytes) + [UInt8(ascii: ">")]
        }
        return GoFormat.printf(bytes.count > 10 ? "%.10q..." : "%q", [.text(Array(bytes))])
    }

    private func line(_ offset: Int32) -> Int {
        var line = 1
        for byte in bytes[..<min(Int(offset), bytes.count)] where byte == UInt8(ascii: "\n") { line += 1 }
        return line
    }

    /// The line of the token that was read last.
    private var lastLine: Int { line(scope.token0.offset) }

    /// Go puts the template's name into a format, so a percent sign in it acts as one: `n%sx` swallows an argument.
    private func failure(_ format: String, _ arguments: [GoValue]) -> RenderError {
        let head = Array("template: ".utf8) + sourceName + Array(":\(lastLine): ".utf8)
        return RenderError(
            kind: .parse, detailBytes: GoFormat.printf(head + Array(format.utf8), arguments),
            place: .init(template: String(decoding: sourceName, as: UTF8.self), line: lastLine))
    }

    private func limit(_ name: String, _ value: Int, _ flag: String) -> RenderError {
        let line = lastLine
        let place = RenderError.Place(template: String(decoding: sourceName, as: UTF8.self), line: line)
        return LimitMessage.error(
            name, value, flag, head: "template: \(place.template):\(line): ", place: place)
    }
}
