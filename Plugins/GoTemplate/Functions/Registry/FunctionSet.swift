public import PluginAPI
import System

/// Named functions that templates may call besides the built-in ones: `sprig`, `injection`, `helm`.
///
/// A set is data: each function says its name, its Go signature, whether it is pure, and how it is called. Argument
/// counts and types are checked from the signature before the call, with Go's messages; the function sees values
/// that already fit.
public struct FunctionSet: Sendable {
    /// What a request asks for: `sprig`.
    public let name: String
    /// Where the functions come from, for people: `sprig 3.3.0`.
    public let origin: String
    private let table: @Sendable () -> [TemplateFunction]
    public var functions: [TemplateFunction] { table() }

    /// - Parameter functions: asked for when a template wants the set, and never before. The one that makes it keeps it.
    public init(
        name: String, origin: String, functions: @autoclosure @escaping @Sendable () -> [TemplateFunction]
    ) {
        self.name = name
        self.origin = origin
        table = functions
    }
}

/// What a function does: takes arguments that fit its signature, in order, variadic ones at the end.
///
/// A `nil` for a parameter of map, slice, pointer or interface type arrives as `.none`.
public typealias NativeFunction =
    @Sendable (_ arguments: [GoValue], _ context: FunctionContext) throws(FunctionError) -> GoValue

public struct TemplateFunction: Sendable {
    public let name: String
    /// Go's: `func(sep string, v ...any) (string, error)`.
    public let signatureText: String
    /// Read from its text where it is asked for: a program calls some of hundreds of functions.
    public var signature: FunctionSignature { FunctionSignature(signatureText) }
    /// Whether it depends on nothing but its arguments. Functions of clock, chance, certificates and network are
    /// not pure, and are there only where `CompileOptions.allowsImpureFunctions` says so.
    public let isPure: Bool
    /// Whether it changes a map in place: a program that calls one gets its data as `GoMap`s.
    public let mutates: Bool
    /// What it does, in a line.
    public let summary: String
    /// An expression and what it prints: documentation that is also a test. `{{ upper "a" }}` → `A`.
    public var example: (template: String, output: String) {
        guard let exampleName else { return writtenExample }
        return (writtenExample.template.replacingWord(exampleName, with: name), writtenExample.output)
    }
    let writtenExample: (template: String, output: String)
    /// The name that the written example has for the function, where it is another.
    var exampleName: String?
    public let call: NativeFunction

    /// - Parameter signature: a Go function type; one that does not parse stops the first compilation that calls it.
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
    /// A function of the same name that says why it is not called.
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

/// Why a function call failed.
public enum FunctionError: Error, Sendable {
    /// The function's own error or panic: Go's `error calling NAME: …`.
    case failed([UInt8])
    /// The template stops itself with these words: `fail`, `required`.
    case told([UInt8])
    /// A limit was reached.
    case limit(ReachedLimit)
    /// A template that the function rendered failed with this; `error calling NAME: …` goes before it, unless it
    /// is a limit.
    case template(RenderError)

    public static func message(_ text: String) -> FunctionError { .failed(Array(text.utf8)) }
}

/// What a function may use besides its arguments: limits, the allow-list of `env`, the data of the rendering, and
/// the engine itself. One for each rendering; used on that rendering's thread only, and none of its accesses calls back
/// into it, so that nothing is gained by checking each for overlaps.
public final class FunctionContext {
    public let limits: RenderLimits
    /// What `env` and `expandenv` may read.
    public let environment: [String: String]
    /// The data that the template is rendered over (`$` of the outermost template).
    public let data: GoValue
    /// Steps used so far; a function that loops over much adds to it with `count(steps:)`.
    public internal(set) var steps = 0
    /// How deep templates call each other, and evaluate others through functions, at this moment.
    var depth = 0
    /// The deepest call so far.
    var deepest = 0
    /// How many functions that render are running within each other.
    var evaluations = 0
    /// Maps that were changed, to be emptied at the end.
    private var mutated: [GoMap] = []
    /// Whether a function changed a map.
    private(set) var hasChanges = false
    /// Templates that are being included at this moment, and how often each: a few.
    @exclusivity(unchecked) private var inclusions: [(name: String, count: Int)] = []
    /// A text that was compiled for `tpl` beside a program.
    struct CompiledText {
        var program: Program
        var source: [UInt8]
        var template: GoTemplate
    }
    /// Texts that are kept; a chart has some dozens.
    static let textLimit = 500
    @exclusivity(unchecked) var texts: [CompiledText] = []
    @exclusivity(unchecked) var printedData = PrintedData()
    @exclusivity(unchecked) var includes = IncludeMemory()
    /// The engine, for functions that render.
    @exclusivity(unchecked) var evaluator: (any TemplateEvaluator)?
    /// Where values come from; nil where nobody asks for more than `tainted`.
    var origins: OriginTable?
    /// Whether a request wrote parts of the data.
    var isTainted = false
    /// What tainted data wrote.
    var tainted: [TaintedRun] = []
    /// Whether a map was changed with a tainted value.
    var hasTaintedChanges = false

    public init(limits: RenderLimits, environment: [String: String] = [:], data: GoValue = .none) {
        self.limits = limits
        self.environment = environment
        self.data = data
    }

    /// To be called before building that many bytes (or items).
    ///
    /// - Throws: a limit's error where that is more than one function may build.
    public func checkSize(_ size: Int) throws(FunctionError) {
        if size < 0 || size > limits.functionBytes {
            throw .limit(limits.reached(.functionBytes))
        }
    }

    /// To be called before using a regular expression of that many bytes.
    public func checkRegex(_ size: Int) throws(FunctionError) {
        if size > limits.regexBytes {
            throw .limit(limits.reached(.regexBytes))
        }
    }

    /// To be called by functions that do much work in proportion to their input.
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

    /// How many members of an object may be searched for one step.
    static let membersPerStep = 64

    @inline(__always)
    func count(members: Int) throws(FunctionError) {
        if members >= Self.membersPerStep { try count(steps: members / Self.membersPerStep) }
    }

    /// To be called by functions that read or build that many bytes: small texts cost nothing more than the call.
    @inline(__always)
    func count(handledBytes bytes: Int) throws(FunctionError) {
        if bytes >= Call.bytesPerStep { try count(steps: bytes / Call.bytesPerStep) }
    }

    /// Call it after changing a map that a template can reach.
    public func noteMutation(of map: GoMap) {
        hasChanges = true
        includes.forget()
        emptyAtEnd(map)
    }

    /// A map that may come to hold itself.
    func emptyAtEnd(_ map: GoMap) { mutated.append(map) }

    /// Breaks the circles that maps may have come to form.
    func emptyMutatedMaps() {
        for map in mutated { map.removeAll() }
        mutated = []
    }

    /// Notes that a template is included.
    ///
    /// - Returns: how often it was being included already.
    func enter(_ name: String) -> Int {
        guard let place = inclusions.firstIndex(where: { $0.name == name }) else {
            inclusions.append((name, 1))
            return 0
        }
        inclusions[place].count += 1
        return inclusions[place].count - 1
    }

    /// Notes that an inclusion ends. Inclusions end in the reverse order.
    func leave(_ name: String) {
        guard let place = inclusions.lastIndex(where: { $0.name == name }) else { return }
        inclusions[place].count -= 1
        // The one that began last ends first.
        if inclusions[place].count == 0 { inclusions.removeLast() }
    }

    /// Renders a template that is defined in the running program: Helm's `include`.
    ///
    /// - Returns: what it wrote, as a string.
    public func renderTemplate(named name: String, data: GoValue) throws(FunctionError) -> GoValue {
        guard let evaluator else { throw .message("no template engine is available") }
        return try evaluator.render(named: name, data: data, context: self)
    }

    /// Compiles a text with the running program's functions, options and templates, and renders it:
    /// Helm's `tpl` and Istio's `render`.
    ///
    /// - Parameter name: the template's name in messages.
    /// - Returns: what it wrote, as a string.
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
