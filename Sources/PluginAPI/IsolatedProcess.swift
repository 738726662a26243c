import Glibc

/// A child process that runs one library, and answers one call at a time. Gone with the value.
final class IsolatedProcess: @unchecked Sendable {
    let description: RendererDescription
    private let pid: pid_t
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
    /// A message and its surroundings, beside the output.
    private static let besides = 1 << 20

    /// Starts the child and waits for its first word.
    init(library: String, executable: String) throws(PluginRefusal) {
        func refusal(_ reason: String) -> PluginRefusal { PluginRefusal(path: library, reason: reason) }
        var pair: [Int32] = [0, 0]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair) == 0 else {
            throw refusal("no socket for its process: \(String(cString: strerror(errno)))")
        }
        let socket = FrameSocket(pair[0])
        let started = Self.spawn(executable, library, input: pair[1])
        close(pair[1])
        guard let started else {
            throw refusal("its process \(executable) does not start: \(String(cString: strerror(errno)))")
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
        pid = started
        self.socket = socket
    }

    deinit {
        guard !isReaped else { return }
        kill(pid, SIGKILL)
        _ = Self.end(pid)
    }

    /// Whether the child still runs; it may have been ended by others while it had nothing to do.
    var isAlive: Bool {
        guard !isReaped else { return false }
        var status: Int32 = 0
        if waitpid(pid, &status, WNOHANG) != 0 { isReaped = true }
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
        let ending = isReaped ? "it is gone" : Self.end(pid)
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

    /// Kills the process if it still runs, and says how it ended.
    private static func end(_ pid: pid_t) -> String {
        // A child that closed its socket is about to end by itself, and how it does is what the message should say.
        var status: Int32 = 0
        for _ in 0..<20 {
            let result = waitpid(pid, &status, WNOHANG)
            if result == pid { return ending(status) }
            if result < 0, errno != EINTR { return "it is gone" }
            usleep(1_000)
        }
        kill(pid, SIGKILL)
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return "it was ended"
    }

    private static func ending(_ status: Int32) -> String {
        let signal = status & 0x7f
        return signal == 0 ? "exit status \((status >> 8) & 0xff)" : "signal \(signal)"
    }

    /// The child sees its socket as descriptor 0 and standard error as 1 and 2; it closes what else it inherits. Of the
    /// environment it gets where libraries are looked for, and no more.
    private static func spawn(_ executable: String, _ library: String, input: Int32) -> pid_t? {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, 2, 1)
        var environment: [UnsafeMutablePointer<CChar>?] = []
        if let path = getenv("LD_LIBRARY_PATH") {
            environment.append(strdup("LD_LIBRARY_PATH=" + String(cString: path)))
        }
        environment.append(nil)
        var words: [UnsafeMutablePointer<CChar>?] =
            ["pillion", IsolatedRenderer.verb, library].map { (word: String) in strdup(word) } + [nil]
        defer { for word in environment + words { free(word) } }
        var pid: pid_t = 0
        let status = posix_spawn(&pid, executable, &actions, nil, &words, &environment)
        errno = status
        return status == 0 ? pid : nil
    }
}
