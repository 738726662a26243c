public import PluginAPI
import System

/// Named functions that templates may call besides the built-in ones: `sprig`, `injection`, `helm`.
///
/// A set is data: each function has its name, its Go signature, whether it is pure, and its implementation. Argument
/// counts and types are checked against the signature before the call, with Go's messages. The function gets values
/// that already fit.
public struct FunctionSet: Sendable {
    /// The name by which a request selects the set, such as `sprig`.
    public let name: String
    /// The origin of the functions, for people: `sprig 3.3.0`.
    public let origin: String
    private let table: @Sendable () -> [TemplateFunction]
    public var functions: [TemplateFunction] { table() }

    /// - Parameter functions: evaluated whenever a template needs the set, not before. The caller should cache the
    ///   list.
    public init(
        name: String, origin: String, functions: @autoclosure @escaping @Sendable () -> [TemplateFunction]
    ) {
        self.name = name
        self.origin = origin
        table = functions
    }
}

/// The implementation of a function. Its arguments fit the signature and are in order, variadic ones at the end.
///
/// A `nil` for a parameter of map, slice, pointer or interface type arrives as `.none`.
public typealias NativeFunction =
    @Sendable (_ arguments: [GoValue], _ context: FunctionContext) throws(FunctionError) -> GoValue

public struct TemplateFunction: Sendable {
    public let name: String
    /// The function's type in Go: `func(sep string, v ...any) (string, error)`.
    public let signatureText: String
    /// The parsed signature. It is parsed on demand, because a program calls only some of hundreds of functions.
    public var signature: FunctionSignature { FunctionSignature(signatureText) }
    /// Whether the result depends only on the arguments. Functions that use the clock, randomness, certificates or the
    /// network are not pure, and are only available if `CompileOptions.allowsImpureFunctions` is set.
    public let isPure: Bool
    /// Whether it changes a map in place. A program that calls such a function gets its data as `GoMap`s.
    public let mutates: Bool
    /// A description in one line.
    public let summary: String
    /// A template and its output: documentation that is also a test. `{{ upper "a" }}` → `A`.
    public var example: (template: String, output: String) {
        guard let exampleName else { return writtenExample }
        return (writtenExample.template.replacingWord(exampleName, with: name), writtenExample.output)
    }
    let writtenExample: (template: String, output: String)
    /// The function's name in the written example, if it differs from `name`.
    var exampleName: String?
    public let call: NativeFunction

    /// - Parameter signature: a Go function type. An invalid one traps when a template that calls the function is
    ///   compiled.
    public init(
        _ name: String, _ signature: String, isPure: Bool = true, mutates: Bool = false,
        summary: String = "", example: (template: String, output: String) = ("", ""),
        call: @escaping NativeFunction
    ) {
        self.name = name
        signatureText = signature
        self.isPure = isPure
        self.mutates = mutates
        self.summary = summary
        writtenExample = example
        self.call = call
    }
}

extension TemplateFunction {
    /// A function with the same name that fails with the reason why it may not be called.
    var refused: TemplateFunction {
        let name = name
        return TemplateFunction(
            name, signatureText, isPure: true, mutates: false, summary: summary, example: example
        ) { _, _ throws(FunctionError) in
            throw .message(
                "\(name) depends on more than its arguments and is not allowed here (--allow-impure-functions allows it)"
            )
        }
    }
}

/// The reason why a function call failed.
public enum FunctionError: Error, Sendable {
    /// The function's own error or panic, reported as in Go: `error calling NAME: …`.
    case failed([UInt8])
    /// The template stopped itself with this message: `fail`, `required`.
    case told([UInt8])
    /// A limit was reached.
    case limit(ReachedLimit)
    /// A template that the function rendered failed with this error. It is reported after `error calling NAME: …`,
    /// unless it is a limit.
    case template(RenderError)

    public static func message(_ text: String) -> FunctionError { .failed(Array(text.utf8)) }
}

/// The environment of function calls besides their arguments: limits, the variables that `env` may read, the data of
/// the rendering, and the engine itself. Each rendering has one and uses it on its own thread only. No access to a
/// property calls back into the context, so checking its accesses for overlaps is unnecessary.
public final class FunctionContext {
    public let limits: RenderLimits
    /// The variables that `env` and `expandenv` may read.
    public let environment: [String: String]
    /// The data that the template is rendered over (`$` of the outermost template).
    public let data: GoValue
    /// The number of steps so far. A function that loops over much data adds to it with `count(steps:)`.
    public internal(set) var steps = 0
    /// The current depth of templates that call each other, or render others through functions.
    var depth = 0
    /// The greatest depth so far.
    var deepest = 0
    /// The number of nested functions that are currently rendering.
    var evaluations = 0
    /// The maps that were changed. They are emptied at the end.
    private var mutated: [GoMap] = []
    /// Whether a function changed a map.
    private(set) var hasChanges = false
    /// The few templates that are currently being included, and how often each.
    @exclusivity(unchecked) private var inclusions: [(name: String, count: Int)] = []
    /// A text that was compiled for `tpl`, in addition to the program.
    struct CompiledText {
        var program: Program
        var source: [UInt8]
        var template: GoTemplate
    }
    /// The largest number of cached texts. A chart has a few dozen.
    static let textLimit = 500
    @exclusivity(unchecked) var texts: [CompiledText] = []
    @exclusivity(unchecked) var printedData = PrintedData()
    @exclusivity(unchecked) var includes = IncludeMemory()
    /// The engine, for functions that render.
    @exclusivity(unchecked) var evaluator: (any TemplateEvaluator)?
    /// The origins of values; nil if nothing more than `tainted` is requested.
    var origins: OriginTable?
    /// Whether parts of the data come from a request.
    var isTainted = false
    /// The parts of the output that tainted data produced.
    var tainted: [TaintedRun] = []
    /// Whether a map was changed with a tainted value.
    var hasTaintedChanges = false

    public init(limits: RenderLimits, environment: [String: String] = [:], data: GoValue = .none) {
        self.limits = limits
        self.environment = environment
        self.data = data
    }

    /// Checks a size. Call it before building that many bytes (or items).
    ///
    /// - Throws: a limit's error if a single function may not build that much.
    public func checkSize(_ size: Int) throws(FunctionError) {
        if size < 0 || size > limits.functionBytes {
            throw .limit(limits.reached(.functionBytes))
        }
    }

    /// Checks the size of a regular expression. Call it before using one of that many bytes.
    public func checkRegex(_ size: Int) throws(FunctionError) {
        if size > limits.regexBytes {
            throw .limit(limits.reached(.regexBytes))
        }
    }

    /// Counts further steps. Functions call it if their work grows with their input.
    public func count(steps further: Int) throws(FunctionError) {
        if let stop = WorkStop.current { throw stopped(stop) }
        steps &+= further
        if steps > limits.steps {
            throw .limit(limits.reached(.steps))
        }
    }

    @inline(never)
    private func stopped(_ stop: WorkStop) -> FunctionError {
        stop == .memory
            ? .limit(limits.reached(.memory)) : .template(RenderError(stop, limits: limits, head: ""))
    }

    /// The number of members of an object that may be searched for one step.
    static let membersPerStep = 64

    @inline(__always)
    func count(members: Int) throws(FunctionError) {
        if members >= Self.membersPerStep { try count(steps: members / Self.membersPerStep) }
    }

    /// Counts steps for reading or building that many bytes. Short texts cost nothing in addition to the call.
    @inline(__always)
    func count(handledBytes bytes: Int) throws(FunctionError) {
        if bytes >= Call.bytesPerStep { try count(steps: bytes / Call.bytesPerStep) }
    }

    /// Records that a map was changed. Call it after changing a map that a template can reach.
    public func noteMutation(of map: GoMap) {
        hasChanges = true
        includes.forget()
        emptyAtEnd(map)
    }

    /// Records a map that may contain itself.
    func emptyAtEnd(_ map: GoMap) { mutated.append(map) }

    /// Breaks the reference cycles that maps may form.
    func emptyMutatedMaps() {
        for map in mutated { map.removeAll() }
        mutated = []
    }

    /// Records that a template is included.
    ///
    /// - Returns: the number of its inclusions that are already in progress.
    func enter(_ name: String) -> Int {
        guard let place = inclusions.firstIndex(where: { $0.name == name }) else {
            inclusions.append((name, 1))
            return 0
        }
        inclusions[place].count += 1
        return inclusions[place].count - 1
    }

    /// Records that an inclusion ends. Inclusions end in the reverse order.
    func leave(_ name: String) {
        guard let place = inclusions.lastIndex(where: { $0.name == name }) else { return }
        inclusions[place].count -= 1
        // The last inclusion to begin is the first to end.
        if inclusions[place].count == 0 { inclusions.removeLast() }
    }

    /// Renders a template that is defined in the running program: Helm's `include`.
    ///
    /// - Returns: its output, as a string.
    public func renderTemplate(named name: String, data: GoValue) throws(FunctionError) -> GoValue {
        guard let evaluator else { throw .message("no template engine is available") }
        return try evaluator.render(named: name, data: data, context: self)
    }

    /// Compiles a text with the running program's functions, options and templates, and renders it:
    /// Helm's `tpl` and Istio's `render`.
    ///
    /// - Parameter name: the template's name in messages.
    /// - Returns: its output, as a string.
    public func render(source: [UInt8], name: String, data: GoValue) throws(FunctionError) -> GoValue {
        guard let evaluator else { throw .message("no template engine is available") }
        return try evaluator.render(source: source, name: name, data: data, context: self)
    }
}

/// The engine as functions see it.
protocol TemplateEvaluator: Sendable {
    func render(
        named name: String, data: GoValue, context: FunctionContext
    ) throws(FunctionError) -> GoValue
    func render(
        source: [UInt8], name: String, data: GoValue, context: FunctionContext
    ) throws(FunctionError) -> GoValue
}
