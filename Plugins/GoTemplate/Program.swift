import PluginAPI
import Values

/// What a set of templates compiles to: instructions and their pools. Immutable; any number of machines run it.
///
/// What a machine reads with every step lies in raw memory: reading an array of a class costs a reference count
/// each time, which took a third of a rendering.
final class Program: @unchecked Sendable {
    /// One template's part of the instructions.
    struct Definition: Sendable {
        var name: [UInt8]
        var start: Int32
        /// How many variables it has, `$` among them.
        var slots: Int32
    }

    /// One name of a path, with what makes comparing it fast.
    struct Name: Sendable {
        var text: String
        var length: Int
        var isASCII: Bool

        init(_ bytes: UnsafeBufferPointer<UInt8>) {
            text = String(decoding: bytes, as: UTF8.self)
            length = text.utf8.count
            isASCII = bytes.allSatisfy { $0 < 0x80 }
        }

        init(_ text: String) {
            self.text = text
            length = text.utf8.count
            isASCII = false
        }

        /// Whether it is that key, byte for byte. An ASCII text of the same length is equal only to itself.
        @inline(__always)
        func isName(of key: borrowing String) -> Bool {
            key.utf8.count == length && key == text && (isASCII || key.hasSameBytes(as: text))
        }
    }

    /// Names to follow from a value: `.a.b.c`.
    struct Path: Sendable {
        /// Which of `names`.
        var first: Int32
        var count: Int32
        /// Where messages point; -1 as in `Instruction`.
        var at: NodeIndex
        /// Whether the value is taken out of its interface at the end, as at the end of a command.
        var unwraps = false
        /// Of what it leads to from the root of the data.
        var origin = Origin.tainted
    }

    /// A call of a method with arguments: data has none, but values with behaviour of their own do.
    struct MethodCall: Sendable {
        /// Its name, in `names`.
        var name: Int32
        var count: Int32
        /// Whether the value that came through the pipe, which lies beneath the method, is the last argument.
        var hasFinal: Bool
        var at: NodeIndex
        var unwraps: Bool
        /// The nodes of the arguments, for messages.
        var arguments: [NodeIndex]
    }

    struct Call: Sendable {
        var builtin: Builtin
        /// Index into `functions` for a function of a set.
        var function: Int32 = -1
        var count: Int32
        /// Whether the first on the stack is the last argument: the value that came through the pipe.
        var hasFinal: Bool
        /// The node that messages show: the whole command.
        var node: NodeIndex
        /// What `call` says that it could not call.
        var calleeName: [UInt8] = []
    }

    /// What calling a function of a set needs of it: the rest of its row is not copied for each call.
    struct Callee: Sendable {
        var call: NativeFunction
        /// Whether the result stands in an interface.
        var isBoxed: Bool
    }

    struct Loop: Sendable {
        var elseTarget: Int32 = 0
        /// Where the round's value goes; -1 for nowhere.
        var elementSlot: Int32 = -1
        /// Where its index or key goes.
        var indexSlot: Int32 = -1
        var at: NodeIndex
        /// What it goes over, and what each round runs.
        var pipe: NodeIndex
        var body: NodeIndex
        /// Where it goes on after the last round.
        var behind: Int32 = 0
    }

    struct TemplateCall: Sendable {
        var definition: Int32
        var node: NodeIndex
    }

    struct Failure: Sendable {
        var at: NodeIndex
        /// A format of `printf` with its arguments.
        var format: String
        var arguments: [GoValue]
    }

    let syntax: Syntax
    let instructions: UnsafeMutableBufferPointer<Instruction>
    /// The node of each instruction, for the source map.
    let nodes: UnsafeMutableBufferPointer<NodeIndex>
    /// All sources, one behind the other.
    let literals: UnsafeMutableBufferPointer<UInt8>
    let constants: UnsafeMutableBufferPointer<GoValue>
    let paths: UnsafeMutableBufferPointer<Path>
    let names: UnsafeMutableBufferPointer<Name>
    let calls: UnsafeMutableBufferPointer<Call>
    let loops: [Loop]
    let templateCalls: [TemplateCall]
    let methodCalls: [MethodCall]
    let failures: [Failure]
    let types: [GoType]
    let functions: [TemplateFunction]
    /// By the same index.
    let callees: UnsafeMutableBufferPointer<Callee>
    let definitions: [Definition]
    let missingKey: CompileOptions.MissingKey
    /// Whether a function is called that changes maps in place.
    let mutates: Bool
    /// How the template that is run first is cut into segments, where it is.
    let plan: SegmentPlan?

    init(_ parts: consuming Compiler.Parts, syntax: Syntax, missingKey: CompileOptions.MissingKey) {
        self.syntax = syntax
        self.missingKey = missingKey
        loops = parts.loops
        templateCalls = parts.templateCalls
        methodCalls = parts.methodCalls
        failures = parts.failures
        types = parts.types
        functions = parts.functions
        definitions = parts.definitions
        mutates = parts.functions.contains { $0.mutates }
        // What a function changes or finds out elsewhere is not seen in what a template reads.
        plan = parts.functions.allSatisfy { $0.isPure && !$0.mutates } ? parts.plan : nil
        instructions = parts.instructions.finish()
        nodes = parts.nodes.finish()
        literals = parts.literals.finish()
        constants = parts.constants.finish()
        paths = parts.paths.finish()
        names = parts.names.finish()
        calls = parts.calls.finish()
        callees = .allocate(capacity: functions.count)
        for (index, function) in functions.enumerated() {
            let isBoxed = function.signature.result.kind == .interface
            callees.initializeElement(at: index, to: Callee(call: function.call, isBoxed: isBoxed))
        }
    }

    /// They stand as in the syntax.
    func definition(named name: [UInt8]) -> Int? { syntax.definition(named: name) }

    deinit {
        instructions.deinitialize().deallocate()
        nodes.deallocate()
        literals.deinitialize().deallocate()
        constants.deinitialize().deallocate()
        paths.deinitialize().deallocate()
        names.deinitialize().deallocate()
        calls.deinitialize().deallocate()
        callees.deinitialize().deallocate()
    }

    /// Where a node stands: Go counts columns in bytes, from 1 behind a line feed and from 0 on the first line.
    func position(of node: NodeIndex) -> (line: Int, column: Int) {
        let source = syntax.source(of: node)
        let position = SourceText.position(of: Int(syntax.nodes[Int(node)].position), in: source.bytes)
        return (position.line, position.column - 1)
    }

    /// An error at a node, worded and formatted as Go's: the name of the source counts as a part of the format.
    func failure(
        at node: NodeIndex, in definition: Int32, _ format: [UInt8], _ arguments: [GoValue],
        limit: ReachedLimit? = nil
    ) -> RenderError {
        let source = syntax.source(of: node)
        let (line, column) = position(of: node)
        var text = ByteBuffer()
        text.append("template: ")
        text.append(source.name)
        text.append(":\(line):\(column): executing ")
        var name = ByteBuffer()
        definitions[Int(definition)].name.withUnsafeBufferPointer { GoQuote.append($0, into: &name) }
        text.append(GoText.doublingPercent(name.bytes))
        text.append(" at <")
        text.append(GoText.doublingPercent(syntax.text(of: node)))
        text.append(">: ")
        text.append(format)
        return RenderError(
            kind: limit == nil ? .execution : .limit,
            detailBytes: GoFormat.printf(text.bytes, arguments),
            place: .init(
                template: String(decoding: source.name, as: UTF8.self), line: line, column: column + 1),
            limit: limit)
    }
}

extension GoText {
    static func doublingPercent(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.contains(UInt8(ascii: "%")) else { return bytes }
        return bytes.flatMap { $0 == UInt8(ascii: "%") ? [$0, $0] : [$0] }
    }
}
