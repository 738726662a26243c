import Synchronization
import System
import Values

/// An engine from a shared library that runs in child processes. If it hangs, crashes or exhausts its memory, only the
/// current call fails.
///
/// The children run this program with a hidden verb (`runIsolatedRenderer`). Each answers one call at a time. There is
/// one for each concurrent call, up to `mostProcesses`, and they are kept for later calls.
public struct IsolatedRenderer: Renderer {
    /// The verb for which the program calls `runIsolatedRenderer`. Its only operand is the library's path.
    public static let verb = "__render-plugin"
    /// The path of the running program.
    public static let thisProgram = "/proc/self/exe"

    /// The default time limit of compiling.
    private static let compileTime: UInt64 = 10_000_000_000

    public let description: RendererDescription
    private let pool: ProcessPool

    /// Starts a first child, which opens the library and sends its description.
    public init(library: String, executable: String = Self.thisProgram) throws(PluginRefusal) {
        let first = try IsolatedProcess(library: library, executable: executable)
        description = first.description
        pool = ProcessPool(library: library, executable: executable, first: first)
    }

    public func compile(
        _ sources: TemplateSources, options: CompileOptions
    ) throws(RenderError) -> any CompiledTemplate {
        var total = 0
        for source in sources.sources { total += source.bytes.count }
        guard total <= options.limits.sourceBytes else {
            throw RenderError(
                options.limits.reached(.sourceBytes), head: "template: \(sources.entry): ")
        }
        try PluginCall.checkTime(options.limits.deadline)
        let template = IsolatedTemplate(sources: sources, options: options, pool: pool)
        let deadline = options.limits.deadline ?? MonotonicClock.nanoseconds &+ Self.compileTime
        let process = try pool.take(until: deadline)
        try pool.use(process) { (process) throws(RenderError) in
            try process.compile(template, deadline: deadline)
        }
        return template
    }
}

/// A template that each child compiles at its first use there.
struct IsolatedTemplate: CompiledTemplate {
    private static let lastID = Atomic<UInt64>(0)

    let id: UInt64
    let sources: TemplateSources
    let options: CompileOptions
    private let pool: ProcessPool

    init(sources: TemplateSources, options: CompileOptions, pool: ProcessPool) {
        self.sources = sources
        self.options = options
        self.pool = pool
        id = Self.lastID.add(1, ordering: .relaxed).newValue
    }

    func render(
        _ data: TemplateData, limits: RenderLimits, sourceMap: inout SourceMap?, usage: inout RenderUsage,
        into output: inout ByteBuffer
    ) throws(RenderError) {
        sourceMap?.templates = sources.sources
        try PluginCall.checkTime(limits.deadline)
        var text = ByteBuffer()
        JSON.write(data.value, into: &text)
        let json = text.bytes
        let process = try pool.take(until: limits.deadline)
        let answer = try pool.use(process) { (process) throws(RenderError) in
            try process.compile(self, deadline: limits.deadline)
            return try process.render(self, json: json, limits: limits)
        }
        output.append(answer.output)
        usage = answer.usage
        usage.outputBytes = answer.output.count
        if let error = answer.error { throw error }
    }
}

/// The children of one library.
final class ProcessPool: @unchecked Sendable {
    /// The number of concurrent calls. Further calls wait.
    private static let mostProcesses = 8

    private let library: String
    private let executable: String
    private let monitor = Monitor()
    private var idle: [IsolatedProcess]
    private var count = 1

    init(library: String, executable: String, first: IsolatedProcess) {
        self.library = library
        self.executable = executable
        idle = [first]
    }

    /// Returns a child for one call. Starts one if none is idle. `use` must return it to the pool.
    func take(until deadline: UInt64?) throws(RenderError) -> IsolatedProcess {
        var taken: IsolatedProcess?
        let isLate = monitor.locked {
            while true {
                while let process = idle.popLast() {
                    if process.isAlive {
                        taken = process
                        return false
                    }
                    count -= 1
                }
                if count < Self.mostProcesses {
                    count += 1
                    return false
                }
                if !monitor.wait(until: deadline), idle.isEmpty { return true }
            }
        }
        if isLate {
            throw RenderError(
                kind: .deadline, detail: "template: all processes of the engine were busy until the deadline")
        }
        if let taken { return taken }
        do throws(PluginRefusal) {
            return try IsolatedProcess(library: library, executable: executable)
        } catch {
            giveBack(nil)
            throw RenderError(kind: .engine, detail: error.description)
        }
    }

    /// Runs one call. The child is kept for the next one, unless the call ended it.
    func use<R>(
        _ process: IsolatedProcess, _ body: (IsolatedProcess) throws(RenderError) -> R
    ) throws(RenderError) -> R {
        defer { giveBack(process.isAlive ? process : nil) }
        return try body(process)
    }

    private func giveBack(_ process: IsolatedProcess?) {
        monitor.locked {
            if let process { idle.append(process) } else { count -= 1 }
            monitor.signal()
        }
    }
}
