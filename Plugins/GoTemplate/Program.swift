import PluginAPI
import Values

/// A compiled set of templates: instructions and their pools. It is immutable, and any number of machines can run it.
///
/// The data that a machine reads with every step is in raw memory. Reading an array of a class costs reference counting
/// each time, which took a third of a rendering.
final class Program: @unchecked Sendable {
    /// The instructions of one template.
    struct Definition: Sendable {
        var name: [UInt8]
        var start: Int32
        /// The number of variables, including `$`.
        var slots: Int32
    }

    /// One name of a path, with precomputed properties for fast comparison.
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

        /// Whether it equals the key, byte for byte. An ASCII text is equal only to itself among texts of the same
        /// length.
        @inline(__always)
        func isName(of key: borrowing String) -> Bool {
            key.utf8.count == length && key == text && (isASCII || key.hasSameBytes(as: text))
        }
    }

    /// The names to follow from a value: `.a.b.c`.
    struct Path: Sendable {
        /// The index of its first name in `names`.
        var first: Int32
        var count: Int32
        /// The node that messages point to; -1 as in `Instruction`.
        var at: NodeIndex
        /// Whether the value is taken out of its interface at the end, as at the end of a command.
        var unwraps = false
        /// The origin of the value at its end, starting from the root of the data.
        var origin = Origin.tainted
    }

    /// A call of a method with arguments. Data has no such methods, but native values do.
    struct MethodCall: Sendable {
        /// The index of its name in `names`.
        var name: Int32
        var count: Int32
        /// Whether the value from the pipe, which is beneath the method, is the last argument.
        var hasFinal: Bool
        var at: NodeIndex
        var unwraps: Bool
        /// The nodes of the arguments, for messages.
        var arguments: [NodeIndex]
    }

    struct Call: Sendable {
        var builtin: Builtin
        /// The index in `functions`, for a function of a set.
        var function: Int32 = -1
        var count: Int32
        /// Whether the first value on the stack is the last argument, because it comes from the pipe.
        var hasFinal: Bool
        /// The node that messages show, which is the whole command.
        var node: NodeIndex
        /// The name that an error of `call` shows.
        var calleeName: [UInt8] = []
    }

    /// The properties of a set's function that a call needs. The rest of its row is not copied for each call.
    struct Callee: Sendable {
        var call: NativeFunction
        /// Whether the result is in an interface.
        var isBoxed: Bool
    }

    struct Loop: Sendable {
        var elseTarget: Int32 = 0
        /// The variable of the iteration's value; -1 if there is no such variable.
        var elementSlot: Int32 = -1
        /// The variable of its index or key; -1 if there is no such variable.
        var indexSlot: Int32 = -1
        var at: NodeIndex
        /// The node of the value that it iterates over, and the node of its body.
        var pipe: NodeIndex
        var body: NodeIndex
        /// The instruction after the loop.
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
    /// All sources, concatenated.
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
    /// The callees of `functions`, with the same indexes.
    let callees: UnsafeMutableBufferPointer<Callee>
    let definitions: [Definition]
    let missingKey: CompileOptions.MissingKey
    /// Whether a called function changes maps in place.
    let mutates: Bool
    /// The segments of the entry template, if it was split.
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
        // If a function has side effects or other inputs, its result does not depend only on what the template reads.
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

    /// Returns the index of a definition. The order is that of the syntax.
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

    /// Returns the position of a node. Go counts columns in bytes, from 1 after a line feed and from 0 on the first
    /// line.
    func position(of node: NodeIndex) -> (line: Int, column: Int) {
        let source = syntax.source(of: node)
        let position = SourceText.position(of: Int(syntax.nodes[Int(node)].position), in: source.bytes)
        return (position.line, position.column - 1)
    }

    /// Returns an error at a node, with the text and format of Go's. As in Go, the name of the source is a part of the
    /// format.
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
