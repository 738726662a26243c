import PluginAPI
import System
import Values

/// Parses tokens to `Syntax`, one source after the other, each with the templates that it defines.
///
/// Messages are Go's, with the line of the token that was read last, which is not always the wrong one. Blocks and
/// parentheses are parsed by recursion, which `limits.nesting` bounds and for which `DeepStack` provides the stack.
struct Parser: ~Copyable {
    /// The state that is restored when a definition inside of another template ends.
    struct Scope {
        /// The visible names: offset and length.
        var variables: [(Int32, Int32)] = []
        /// The offset of the action that is being parsed; nil between actions.
        var action: Int32?
        var loops = 0
        var parentheses = 0
    }

    /// The token that ended a list.
    enum Terminator { case end, elseClause, endOfFile }

    let bytes: UnsafeBufferPointer<UInt8>
    let sourceName: [UInt8]
    let limits: RenderLimits
    let hasFunction: (String) -> Bool
    var lexer: Lexer
    /// The tokens of the current action and of the text before it.
    var tokens = Pool<Token>(capacity: 64)
    /// The index of the next token. Decreasing it goes back.
    var cursor = 0
    /// The number of these tokens that were read at least once.
    var seen = 0
    /// The offset of the last token that was read in earlier actions.
    var earlierOffset: Int32 = 0
    var scope = Scope()
    var syntax = Syntax()
    var nodes = Pool<Syntax.Node>(capacity: 0)
    var nesting = 0
    let room: DeepStack.Room
    /// The functions and strings of this source so far, by their text.
    var functions = TextTable()
    var strings = TextTable()
    /// The templates of this source. They are merged into the set afterwards.
    var found = DefinitionTable()

    /// The mask of the node indexes at which a stop is checked, which is every 1,024 nodes.
    private static let stopInterval = 1_023
    /// The limit of Go's parser for the depth of parentheses.
    static let parenthesesLimit = 10_000

    private init(
        _ bytes: UnsafeBufferPointer<UInt8>, name: [UInt8], left: [UInt8], right: [UInt8],
        limits: RenderLimits, room: DeepStack.Room,
        hasFunction: @escaping (String) -> Bool
    ) {
        self.room = room
        self.bytes = bytes
        sourceName = name
        self.limits = limits
        self.hasFunction = hasFunction
        lexer = Lexer(
            bytes, left: left, right: right, breakIsFunction: hasFunction("break"),
            continueIsFunction: hasFunction("continue"))
    }

    /// Parses sources and adds their definitions. A later definition replaces an earlier one, unless it is empty.
    ///
    /// - Throws: `.parse` with Go's message, or `.limit`.
    static func add(
        _ sources: [TemplateSource], left: String, right: String, limits: RenderLimits,
        to syntax: inout Syntax, hasFunction: @escaping (String) -> Bool
    ) throws(RenderError) {
        var before = Syntax()
        swap(&before, &syntax)
        var result: Syntax?
        var failure: RenderError?
        DeepStack.run { room in
            do throws(RenderError) {
                result = try parsed(
                    sources, (left, right), limits, onto: before, room, hasFunction: hasFunction)
            } catch {
                if error.kind == .engine { return .noRoom }
                failure = error
            }
            return .done
        }
        if let failure { throw failure }
        guard let result else { throw Parser.noStack }
        syntax = result
    }

    /// Tells `add` that the stack is too small. The caller only sees it if the system has no larger one.
    static let noStack = RenderError(
        kind: .engine,
        detail:
            "no stack for a template that nests so deep: allow more memory, or lower \(RenderLimit.nesting.flag)"
    )

    /// The sources share one pool of nodes, which grows with each of them. Copying it for each would take quadratic
    /// time.
    private static func parsed(
        _ sources: [TemplateSource], _ delimiters: (String, String), _ limits: RenderLimits,
        onto before: Syntax, _ room: DeepStack.Room, hasFunction: @escaping (String) -> Bool
    ) throws(RenderError) -> Syntax {
        let left = delimiters.0.isEmpty ? Delimiter.usualLeft.bytes : Array(delimiters.0.utf8)
        let right = delimiters.1.isEmpty ? Delimiter.usualRight.bytes : Array(delimiters.1.utf8)
        var size = before.sources.reduce(0) { $0 + $1.bytes.count }
        var syntax = before
        var nodes = Pool<Syntax.Node>(
            capacity: before.nodes.count + sources.reduce(0) { $0 + $1.bytes.count } / 8 + 16)
        nodes.append(contentsOf: before.nodes.buffer)
        for source in sources {
            size += source.bytes.count
            try checkSize(size, source, limits)
            try source.bytes.withUnsafeBufferPointer { bytes throws(RenderError) in
                var parser = Parser(
                    bytes, name: Array(source.name.utf8), left: left, right: right, limits: limits,
                    room: room, hasFunction: hasFunction)
                swap(&parser.syntax, &syntax)
                swap(&parser.nodes, &nodes)
                try parser.parseSource(source.bytes, left, right)
                swap(&parser.syntax, &syntax)
                swap(&parser.nodes, &nodes)
            }
        }
        syntax.nodes = NodeStorage(nodes.finish())
        return syntax
    }

    /// - Parameter size: the bytes of the source and all before it. Offsets are 32 bits wide.
    private static func checkSize(
        _ size: Int, _ source: TemplateSource, _ limits: RenderLimits
    ) throws(RenderError) {
        guard size > min(limits.sourceBytes, Int(Int32.max) / 2) else { return }
        throw RenderError(
            limits.reached(.sourceBytes), head: "template: \(source.name): ",
            place: .init(template: source.name, line: 1))
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
                let mark = cursor
                _ = read()
                if read().kind == .define {
                    try parseDefinition(index)
                    continue
                }
                cursor = mark
            }
            let (node, terminator) = try textOrAction(index)
            if let terminator { throw unexpected(terminator) }
            append(node, to: root, last: &last)
        }
        try define(sourceName, root, index)
        syntax.sources[index].nodesEnd = NodeIndex(nodes.count)
        for definition in found.list {
            var place = syntax.definition(named: definition.name)
            if let existing = place, !isEmpty(definition.root, in: index) {
                syntax.table.replace(at: existing, by: definition)
            } else if place == nil || definition.name == sourceName {
                place = syntax.definitions.count
                syntax.table.append(definition)
            }
            if definition.name == sourceName { syntax.lastRoot = place ?? 0 }
        }
    }

    // MARK: Definitions

    private mutating func parseDefinition(_ source: Int) throws(RenderError) {
        let saved = scope
        scope = Scope()
        let token = read()
        guard token.kind == .string || token.kind == .rawString else {
            throw unexpected(token, "define clause")
        }
        let name = try unquote(token)
        let delimiter = read()
        guard delimiter.kind == .rightDelimiter else { throw unexpected(delimiter, "define clause") }
        let (list, terminator) = try parseList(source)
        if terminator != .end { throw unexpected(terminator, in: "define clause") }
        try define(name, list, source)
        scope = saved
    }

    /// Parses `{{block "name" pipe}}`, which is a definition and a call.
    private mutating func blockControl(_ source: Int) throws(RenderError) -> NodeIndex {
        let token = read()
        let name = try templateName(token, "block clause")
        let pipe = try pipeline("block clause", until: .rightDelimiter)
        let saved = scope
        let clauseEnd = lastOffset
        scope = Scope()
        let (list, terminator) = try parseList(source)
        if terminator != .end {
            // Go's message comes from the parser of the enclosing text, which has not read further.
            seen = 0
            earlierOffset = clauseEnd
            throw unexpected(terminator, in: "block clause")
        }
        try define(name, list, source)
        scope = saved
        return try templateNode(token, name, pipe)
    }

    private func isEmpty(_ list: NodeIndex, in source: Int) -> Bool {
        Syntax.isEmpty(list, nodes.base, in: syntax.sources[source])
    }

    private mutating func define(_ name: [UInt8], _ root: NodeIndex, _ source: Int) throws(RenderError) {
        let definition = Syntax.Definition(name: name, root: root, source: source)
        guard let existing = found.index(named: name) else {
            found.append(definition)
            return
        }
        if isEmpty(found.list[existing].root, in: source) {
            found.replace(at: existing, by: definition)
        } else if !isEmpty(root, in: source) {
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
        let list = try makeNode(.list, at: peek().offset)
        var last = Syntax.none
        while peek().kind != .endOfFile {
            let (node, terminator) = try textOrAction(source)
            if let terminator { return (list, terminator) }
            append(node, to: list, last: &last)
        }
        throw failure("unexpected EOF", [])
    }

    private mutating func textOrAction(
        _ source: Int
    ) throws(RenderError) -> (node: NodeIndex, terminator: Terminator?) {
        let token = read()
        switch token.kind {
        case .text:
            return (try leaf(.text, token), nil)
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
        let token = read()
        switch token.kind {
        case .block: return (try blockControl(source), nil)
        case .breakKeyword: return (try loopControl(token, .breakLoop, "{{break}}"), nil)
        case .continueKeyword: return (try loopControl(token, .continueLoop, "{{continue}}"), nil)
        case .elseKeyword:
            let next = peek()
            // The parser of the branch continues with `else if` and `else with`.
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
            let name = read()
            let text = try templateName(name, "template clause")
            var pipe = Syntax.none
            if read().kind != .rightDelimiter {
                cursor -= 1
                pipe = try pipeline("template clause", until: .rightDelimiter)
            }
            return (try templateNode(name, text, pipe), nil)
        default:
            cursor -= 1
            let node = try makeNode(.action, at: peek().offset)
            let pipe = try pipeline("command", until: .rightDelimiter)
            nodes.base[Int(node)].first = pipe
            return (node, nil)
        }
    }

    private mutating func expectRightDelimiter(_ context: String) throws(RenderError) {
        let token = read()
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
        nodes.base[Int(node)].second = NodeIndex(syntax.strings.count)
        nodes.base[Int(node)].first = pipe
        syntax.strings.append(name)
        return node
    }

    /// Parses `if`, `range` and `with` up to their `end`.
    ///
    /// `{{else if}}` and `{{else with}}` open a branch in the else list, which shares the `end`. A chain of them is
    /// parsed in a loop, because it may be as long as the template.
    private mutating func branch(
        _ kind: Syntax.Node.Kind, _ context: String, _ source: Int
    ) throws(RenderError) -> NodeIndex {
        let visible = scope.variables.count
        var first = Syntax.none
        var current = Syntax.none
        while true {
            let pipe = try pipeline(context, until: .rightDelimiter)
            let node = try makeNode(kind, at: nodes.base[Int(pipe)].position)
            if current == Syntax.none {
                first = node
            } else {
                let list = try makeNode(.list, at: nodes.base[Int(node)].position)
                nodes.base[Int(list)].first = node
                nodes.base[Int(current)].third = list
            }
            current = node
            if kind == .range { scope.loops += 1 }
            let (list, terminator) = try parseList(source)
            if kind == .range { scope.loops -= 1 }
            nodes.base[Int(node)].first = pipe
            nodes.base[Int(node)].second = list
            if terminator == .elseClause {
                let next = peek().kind
                if kind == .ifBranch && next == .ifKeyword || kind == .with && next == .with {
                    _ = read()
                    continue
                }
                let (elseList, last) = try parseList(source)
                if last != .end { throw failure("expected end; found %s", [.text(spelled(last))]) }
                nodes.base[Int(node)].third = elseList
            }
            break
        }
        scope.variables.removeLast(scope.variables.count - visible)
        return first
    }

    // MARK: Nodes

    @inline(__always)
    mutating func makeNode(_ kind: Syntax.Node.Kind, at position: Int32) throws(RenderError) -> NodeIndex {
        try append(Syntax.Node(kind: kind, position: position))
    }

    /// Makes a node for a single token.
    @inline(__always)
    mutating func leaf(
        _ kind: Syntax.Node.Kind, _ token: Token, flag: Bool = false, second: NodeIndex = Syntax.none
    ) throws(RenderError) -> NodeIndex {
        try append(
            Syntax.Node(
                kind: kind, flag: flag, position: token.offset, start: token.offset, length: token.length,
                second: second))
    }

    @inline(__always)
    private mutating func append(_ node: Syntax.Node) throws(RenderError) -> NodeIndex {
        let index = nodes.count
        if index >= limits.nodes { throw limit(.nodes) }
        if index & Self.stopInterval == 0, let stop = WorkStop.current {
            throw RenderError(stop, limits: limits, head: "template: ")
        }
        nodes.append(node)
        return NodeIndex(index)
    }

    @inline(__always)
    mutating func append(_ node: NodeIndex, to parent: NodeIndex, last: inout NodeIndex) {
        if last == Syntax.none {
            nodes.base[Int(parent)].first = node
        } else {
            nodes.base[Int(last)].next = node
        }
        last = node
    }
}
