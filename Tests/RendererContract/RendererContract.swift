import Glibc
public import PluginAPI
import System
public import Values

/// Checks the contract of every renderer, built in or loaded. The tests of each engine call it with samples in the
/// engine's language. Each check returns its violations as sentences; an empty result means that it passes.
public struct RendererContract: Sendable {
    /// Samples in the engine's own language.
    public struct Samples: Sendable {
        /// A template, its data and its output.
        public var plain: (template: String, data: Value, output: String)
        /// A template that does not parse, and the line of the error.
        public var broken: (template: String, line: Int)
        /// A template and data whose rendering fails, and the line; nil if the language has no such failure.
        public var failing: (template: String, data: Value, line: Int)?
        /// The output of an empty template; nil if it does not parse.
        public var empty: String?
        /// A template in bytes that are not UTF-8, and its output; nil if the language refuses them.
        public var notUTF8: (template: [UInt8], output: [UInt8])
        /// A template that renders for a long time, with at least 100,000 steps if the engine counts them.
        public var long: (template: String, data: Value)
        /// Whether the engine counts steps, and stops by itself at the deadline.
        public var countsSteps: Bool

        public init(
            plain: (template: String, data: Value, output: String), broken: (template: String, line: Int),
            failing: (template: String, data: Value, line: Int)?, empty: String?,
            notUTF8: (template: [UInt8], output: [UInt8]), long: (template: String, data: Value),
            countsSteps: Bool
        ) {
            self.plain = plain
            self.broken = broken
            self.failing = failing
            self.empty = empty
            self.notUTF8 = notUTF8
            self.long = long
            self.countsSteps = countsSteps
        }
    }

    let renderer: any Renderer
    let samples: Samples

    public init(_ renderer: any Renderer, _ samples: Samples) {
        self.renderer = renderer
        self.samples = samples
    }

    /// All checks, one after the other.
    ///
    /// - Parameter renders: the number of renderings of one template on eight threads.
    public func violations(renders: Int = 10_000) -> [String] {
        var found: [String] = []
        func check(_ name: String, _ broken: [String]) { found += broken.map { "\(name): \($0)" } }
        check("description", description())
        check("plain template", plain())
        check("empty template", empty())
        check("broken template", broken())
        check("failing data", failing())
        check("bytes that are not UTF-8", notUTF8())
        check("limit of output", outputLimit())
        check("limit of source", sourceLimit())
        check("limit of steps", stepLimit())
        check("deadline", deadline())
        check("many renders", manyRenders(renders))
        return found
    }

    // MARK: Checks

    private func description() -> [String] {
        let description = renderer.description
        var found: [String] = []
        if !PluginRegistry.isWellFormed(description.id) {
            found.append("id \"\(description.id)\" is malformed")
        }
        if description.version.isEmpty { found.append("there is no version") }
        return found
    }

    private func plain() -> [String] {
        var output = ByteBuffer()
        output.append("before ")
        let error = render(samples.plain.template, samples.plain.data, .server, into: &output)
        if let error { return ["fails: \(error.detail)"] }
        return output.text == "before " + samples.plain.output
            ? []
            : [
                "appended \(output.text.debugDescription) to \"before \", want \(samples.plain.output.debugDescription)"
            ]
    }

    private func empty() -> [String] {
        var output = ByteBuffer()
        let error = render("", samples.plain.data, .server, into: &output)
        guard let wanted = samples.empty else { return error == nil ? ["it compiles, and should not"] : [] }
        if let error { return ["fails: \(error.detail)"] }
        return output.text == wanted ? [] : ["prints \(output.text.debugDescription)"]
    }

    private func broken() -> [String] {
        do throws(RenderError) {
            _ = try renderer.compile(sources(samples.broken.template), options: CompileOptions())
            return ["it compiles"]
        } catch {
            return judge(error, .parse, line: samples.broken.line)
        }
    }

    private func failing() -> [String] {
        guard let failing = samples.failing else { return [] }
        var output = ByteBuffer()
        guard let error = render(failing.template, failing.data, .server, into: &output) else {
            return ["it renders"]
        }
        return judge(error, .execution, line: failing.line)
    }

    private func notUTF8() -> [String] {
        var output = ByteBuffer()
        do throws(RenderError) {
            let source = TemplateSources(TemplateSource(name: "main", bytes: samples.notUTF8.template))
            let template = try renderer.compile(source, options: CompileOptions())
            try template.render(TemplateData(samples.plain.data), limits: .server, into: &output)
            return output.bytes == samples.notUTF8.output ? [] : ["prints \(output.bytes)"]
        } catch {
            return ["fails: \(error.detail)"]
        }
    }

    private func outputLimit() -> [String] {
        var limits = RenderLimits.server
        let length = samples.plain.output.utf8.count
        limits.outputBytes = length
        var output = ByteBuffer()
        if let error = render(samples.plain.template, samples.plain.data, limits, into: &output) {
            return ["\(length) bytes do not fit \(length): \(error.detail)"]
        }
        limits.outputBytes = length - 1
        output = ByteBuffer()
        guard let error = render(samples.plain.template, samples.plain.data, limits, into: &output) else {
            return ["\(length) bytes are written with a limit of \(length - 1)"]
        }
        var found = judge(error, limit: .outputBytes, length - 1)
        if output.count >= length { found.append("\(output.count) bytes stand in the output") }
        return found
    }

    private func sourceLimit() -> [String] {
        var options = CompileOptions()
        options.limits = .server
        options.limits.sourceBytes = 1
        do throws(RenderError) {
            _ = try renderer.compile(sources(samples.plain.template), options: options)
            return ["it compiles"]
        } catch {
            return judge(error, limit: .sourceBytes, 1)
        }
    }

    private func stepLimit() -> [String] {
        guard samples.countsSteps else { return [] }
        var limits = RenderLimits.server
        limits.steps = 1000
        var output = ByteBuffer()
        guard let error = render(samples.long.template, samples.long.data, limits, into: &output) else {
            return ["it renders"]
        }
        return judge(error, limit: .steps, 1000)
    }

    private func deadline() -> [String] {
        var limits = RenderLimits.server
        limits.deadline = MonotonicClock.nanoseconds
        var output = ByteBuffer()
        guard let error = render(samples.long.template, samples.long.data, limits, into: &output) else {
            return ["it renders although the time is over"]
        }
        return error.kind == .deadline
            ? [] : ["want deadline_exceeded, got \(error.kind.rawValue): \(error.detail)"]
    }

    /// One compiled template on eight threads at once: the same output every time.
    private func manyRenders(_ renders: Int) -> [String] {
        let template: any CompiledTemplate
        do throws(RenderError) {
            template = try renderer.compile(sources(samples.plain.template), options: CompileOptions())
        } catch {
            return ["does not compile: \(error.detail)"]
        }
        let (data, wanted) = (samples.plain.data, samples.plain.output)
        let broken = onEightThreads { () -> String? in
            for _ in 0..<renders / 8 {
                var output = ByteBuffer()
                do throws(RenderError) {
                    try template.render(TemplateData(data), limits: .server, into: &output)
                } catch {
                    return error.detail
                }
                if output.text != wanted { return "prints \(output.text.debugDescription)" }
            }
            return nil
        }
        return broken
    }

    // MARK: Implementation

    private func sources(_ text: String) -> TemplateSources {
        TemplateSources(TemplateSource(name: "main", text: text))
    }

    private func render(
        _ text: String, _ data: Value, _ limits: RenderLimits, into output: inout ByteBuffer
    ) -> RenderError? {
        do throws(RenderError) {
            let template = try renderer.compile(sources(text), options: CompileOptions())
            try template.render(TemplateData(data), limits: limits, into: &output)
            return nil
        } catch {
            return error
        }
    }

    private func judge(_ error: RenderError, _ kind: RenderError.Kind, line: Int) -> [String] {
        var found: [String] = []
        if error.kind != kind {
            found.append("want \(kind.rawValue), got \(error.kind.rawValue): \(error.detail)")
        }
        if error.place?.line != line || error.place?.template != "main" {
            found.append("the place is \(String(describing: error.place)), want line \(line) of main")
        }
        if !error.detail.hasPrefix("template: main:\(line)") {
            found.append("the message does not begin with the place: \(error.detail)")
        }
        return found
    }

    private func judge(_ error: RenderError, limit: RenderLimit, _ value: Int) -> [String] {
        guard error.kind == .limit, error.limit == ReachedLimit(limit, value: value) else {
            return [
                "expected the limit \(limit) of \(value), found \(error.kind.rawValue) \(String(describing: error.limit)): \(error.detail)"
            ]
        }
        return []
    }
}

/// Runs the work on eight threads and collects their violations.
private func onEightThreads(_ work: @escaping @Sendable () -> String?) -> [String] {
    final class Job: @unchecked Sendable {
        let work: @Sendable () -> String?
        var answer: String?
        init(_ work: @escaping @Sendable () -> String?) { self.work = work }
    }
    let jobs = (0..<8).map { _ in Job(work) }
    let threads = jobs.map { job -> pthread_t? in
        var thread = pthread_t()
        let handed = Unmanaged.passRetained(job)
        let started = pthread_create(
            &thread, nil,
            { handed in
                if let handed {
                    let job = Unmanaged<Job>.fromOpaque(handed).takeRetainedValue()
                    job.answer = job.work()
                }
                return nil
            }, handed.toOpaque())
        return started == 0 ? thread : nil
    }
    for thread in threads {
        if let thread { pthread_join(thread, nil) }
    }
    return jobs.compactMap(\.answer)
}
