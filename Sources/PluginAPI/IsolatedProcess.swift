import Glibc
import System

/// A child process that runs one library, and answers one call at a time. Gone with the value.
final class IsolatedProcess: @unchecked Sendable {
    let description: RendererDescription
    private let process: ChildProcess
    private let socket: FrameSocket
    private var isReaped = false
    /// The templates that the child has compiled, in the order they were last used.
    private var known: [UInt64] = []

    /// Templates that a child keeps compiled.
    static let mostKnown = 32
    /// What starting a child and opening the library may take.
    private static let startTime: UInt64 = 10_000_000_000
    /// What the child may take beyond the deadline: an engine that polls says where it was.
    private static let grace: UInt64 = 100_000_000
    /// A message and its surroundings, besides the output.
    private static let besides = 1 << 20

    /// Starts the child and waits for its first word.
    init(library: String, executable: String) throws(PluginRefusal) {
        func refusal(_ reason: String) -> PluginRefusal { PluginRefusal(path: library, reason: reason) }
        guard let pair = SocketPair.make() else {
            throw refusal("no socket for its process: \(systemMessage())")
        }
        let socket = FrameSocket(pair.0)
        let started: ChildProcess
        do throws(ChildProcessError) {
            // Open in the child alone, so that its end is seen.
            defer { close(pair.1) }
            started = try Self.start(executable, library, input: pair.1)
        } catch {
            throw refusal("its process \(executable) \(error.message)")
        }
        do {
            let deadline = MonotonicClock.nanoseconds &+ Self.startTime
            let (kind, payload) = try socket.receive(largest: Self.besides, until: deadline)
            var reader = FrameReader(payload)
            switch kind {
            case .hello: description = try reader.description(of: library)
            case .refused: throw refusal(try reader.text())
            default: throw FrameError()
            }
        } catch {
            let ending = Self.end(started)
            if let error = error as? PluginRefusal { throw error }
            throw refusal("its process did not say what it is (\(ending))")
        }
        process = started
        self.socket = socket
    }

    deinit {
        if !isReaped { process.kill() }
    }

    /// Whether the child still runs; it may have been ended by others while it had nothing to do.
    var isAlive: Bool {
        guard !isReaped else { return false }
        if process.ending() != nil { isReaped = true }
        return !isReaped
    }

    /// Sees to it that the child has compiled the template. Afterwards the child is good for further calls, unless
    /// the error is `.engine` or `.deadline`.
    func compile(
        _ template: IsolatedTemplate, deadline: UInt64?
    ) throws(RenderError) {
        if let index = known.firstIndex(of: template.id) {
            known.append(known.remove(at: index))
            return
        }
        if known.count >= Self.mostKnown {
            var forget = FrameWriter(.forget)
            forget.number(known.removeFirst())
            try send(forget.finish(), until: deadline)
        }
        var frame = FrameWriter(.compile)
        frame.number(template.id)
        frame.template(template.sources, template.options)
        try send(frame.finish(), until: deadline)
        if let error = try answer(largest: Self.besides, until: deadline).error { throw error }
        known.append(template.id)
    }

    /// Renders a template that was compiled.
    func render(
        _ template: IsolatedTemplate, json: [UInt8], limits: RenderLimits
    ) throws(RenderError) -> (output: ArraySlice<UInt8>, usage: RenderUsage, error: RenderError?) {
        var frame = FrameWriter(.render)
        frame.number(template.id)
        frame.limits(limits)
        frame.bytes(json)
        try send(frame.finish(), until: limits.deadline)
        let largest = min(limits.outputBytes, Frame.largest - Self.besides) + Self.besides
        return try answer(largest: largest, until: limits.deadline)
    }

    private func send(_ frame: [UInt8]?, until deadline: UInt64?) throws(RenderError) {
        guard let frame else {
            throw RenderError(kind: .engine, detail: "\(named): the request is too long for its process")
        }
        do throws(FrameSocket.Failure) {
            try socket.send(frame, until: deadline.map { $0 &+ Self.grace })
        } catch {
            throw failure(error)
        }
    }

    private func answer(
        largest: Int, until deadline: UInt64?
    ) throws(RenderError) -> (output: ArraySlice<UInt8>, usage: RenderUsage, error: RenderError?) {
        let kind: Frame.Kind
        let payload: [UInt8]
        do throws(FrameSocket.Failure) {
            (kind, payload) = try socket.receive(largest: largest, until: deadline.map { $0 &+ Self.grace })
        } catch {
            throw failure(error)
        }
        var reader = FrameReader(payload)
        do throws(FrameError) {
            let usage = try reader.usage()
            let output = try reader.bytes()
            switch kind {
            case .done: return (output, usage, nil)
            case .failed: return (output, usage, try reader.error())
            default: throw FrameError()
            }
        } catch {
            throw failure(.nonsense)
        }
    }

    private var named: String { "engine \"\(description.id)\"" }

    /// What became of the child, which is ended whatever it was.
    private func failure(_ failure: FrameSocket.Failure) -> RenderError {
        let ending = isReaped ? "it is gone" : Self.end(process)
        isReaped = true
        switch failure {
        case .late:
            return RenderError(
                kind: .deadline,
                detail: "template: \(named) did not end at the deadline; its process was ended")
        case .closed:
            return RenderError(
                kind: .engine, detail: "\(named): its process ended during the call (\(ending))")
        case .nonsense:
            return RenderError(kind: .engine, detail: "\(named): its process answered nonsense and was ended")
        }
    }

    // MARK: Processes

    /// How long a child that closed its socket may take to end by itself: how it does is what the message should say.
    private static let endTime = 20

    /// Kills the process if it still runs, and says how it ended.
    private static func end(_ process: ChildProcess) -> String {
        switch process.end(by: MonotonicClock.milliseconds + endTime) {
        case nil: "it was ended"
        case .status(let status): "exit status \(status)"
        case .signal(let signal): "signal \(signal)"
        case .unknown: "it is gone"
        }
    }

    /// The child sees its socket as descriptor 0 and standard error as 1 and 2; it closes what else it inherits. Of the
    /// environment it gets where libraries are looked for, and no more.
    private static func start(
        _ executable: String, _ library: String, input: Int32
    ) throws(ChildProcessError) -> ChildProcess {
        var environment: [(name: String, value: String)] = []
        if let path = getenv("LD_LIBRARY_PATH") {
            environment.append(("LD_LIBRARY_PATH", String(cString: path)))
        }
        var program = ChildProcess.Program(
            executable, words: ["pillion", IsolatedRenderer.verb, library], environment: environment)
        program.descriptors = [(input, 0), (2, 1)]
        return try ChildProcess(program)
    }
}
