import PluginAPI
import Values

/// Tokens in, `Syntax` out: one source after the other, each with the templates that it defines.
///
/// Messages are Go's, with the line of the token that was read last, which is not always the one that is wrong.
/// Blocks and parentheses are parsed by recursion; `limits.nesting` bounds it, and `DeepStack` gives it the room.
struct Parser {
    /// What has to be put back when a definition inside of another template ends.
    struct Scope {
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
    enum Terminator { case end, elseClause, endOfFile }

    let bytes: UnsafeBufferPointer<UInt8>
    let sourceName: [UInt8]
    let limits: RenderLimits
    let hasFunction: (String) -> Bool
    var lexer: Lexer
    var scope: Scope
    var syntax: Syntax
    var nesting = 0
    /// The nesting that there is room for on this stack; `levels` of `DeepStack`.
    let room: Int
    /// Where the names of functions stand that were found before.
    var knownFunctions: [(Int32, Int32)] = []
    /// The templates of this source: later these are merged into the set.
    var found: [Syntax.Definition] = []

    /// Deeper than Go's parser goes into parentheses.
    static let parenthesesLimit = 10_000

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

    // MARK: Nodes

    mutating func makeNode(_ kind: Syntax.Node.Kind, at position: Int32) throws(RenderError)
        -> NodeIndex
    {
        let index = syntax.nodes.count
        if index >= limits.nodes { throw limit("nodes", limits.nodes, "--max-template-nodes") }
        syntax.nodes.append(Syntax.Node(kind: kind, position: position))
        return NodeIndex(index)
    }

    mutating func leaf(_ kind: Syntax.Node.Kind, _ token: Token) throws(RenderError) -> NodeIndex {
        let node = try makeNode(kind, at: token.offset)
        setRange(node, token)
        return node
    }

    mutating func setRange(_ node: NodeIndex, _ token: Token) {
        syntax.nodes[Int(node)].start = token.offset
        syntax.nodes[Int(node)].length = token.length
    }

    mutating func append(_ node: NodeIndex, to parent: NodeIndex, last: inout NodeIndex) {
        if last == Syntax.none {
            syntax.nodes[Int(parent)].first = node
        } else {
            syntax.nodes[Int(last)].next = node
        }
        last = node
    }
}
