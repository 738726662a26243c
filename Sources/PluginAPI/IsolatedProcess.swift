import Glibc
import System

/// A child process that runs one library and answers one call at a time. It is killed when the object is released.
final class IsolatedProcess: @unchecked Sendable {
    let description: RendererDescription
    private let process: ChildProcess
    private let socket: FrameSocket
    private var isReaped = false
    /// The templates that the child has compiled, in the order of their last use.
    private var known: [UInt64] = []

    /// The number of compiled templates that a child keeps.
    static let mostKnown = 32
    /// The maximum time for starting a child and opening the library.
    private static let startTime: UInt64 = 10_000_000_000
    /// The time beyond the deadline that the child gets, in which an engine that polls can report its position.
    private static let grace: UInt64 = 100_000_000
    /// The maximum size of an answer without its output, for example of the error message.
    private static let besides = 1 << 20

    /// Starts the child and waits for its description.
    init(library: String, executable: String) throws(PluginRefusal) {
        func refusal(_ reason: String) -> PluginRefusal { PluginRefusal(path: library, reason: reason) }
        guard let pair = SocketPair.make() else {
            throw refusal("no socket for its process: \(systemMessage())")
        }
        let socket = FrameSocket(pair.0)
        let started: ChildProcess
        do throws(ChildProcessError) {
            // Only the child keeps this end open, so that its exit closes the connection.
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

    /// Whether the child still runs. It may have been killed while it was idle.
    var isAlive: Bool {
        guard !isReaped else { return false }
        if process.ending() != nil { isReaped = true }
        return !isReaped
    }

    /// Compiles the template in the child, unless the child has it already. Afterwards the child can be used for
    /// further calls, unless the error is `.engine` or `.deadline`.
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

    /// Renders a template that the child has compiled.
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

    /// Ends the child and returns the error for the failure.
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

    /// The time that a child that has closed its socket gets to exit by itself, in milliseconds, so that the message
    /// can contain its exit status.
    private static let endTime = 20

    /// Kills the process if it still runs, and returns how it ended.
    private static func end(_ process: ChildProcess) -> String {
        switch process.end(by: MonotonicClock.milliseconds + endTime) {
        case nil: "it was ended"
        case .status(let status): "exit status \(status)"
        case .signal(let signal): "signal \(signal)"
        case .unknown: "it is gone"
        }
    }

    /// Starts the child with its socket as descriptor 0 and standard error as 1 and 2. It closes all other descriptors.
    /// From the environment it only gets the search path of libraries.
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
