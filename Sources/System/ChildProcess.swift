import Glibc

/// A running child process. The caller that starts it must wait for its end, with `end` or `output`.
public struct ChildProcess: Sendable {
    let id: pid_t

    /// The program to start, with its arguments and environment.
    public struct Program: Sendable {
        /// The path of the file. Without a slash, it is searched for in PATH.
        public var path: String
        /// The words of its command line. The first is its own name.
        public var words: [String]
        public var environment: [(name: String, value: String)]
        /// Its descriptors: each `to` is a copy of `from`. Other descriptors with the close-on-exec flag are not
        /// inherited.
        public var descriptors: [(from: Int32, to: Int32)] = []
        /// Whether it inherits this process's standard input. Otherwise its standard input is empty, unless
        /// `descriptors` sets it.
        public var readsInput = false

        public init(_ path: String, words: [String], environment: [(name: String, value: String)]) {
            self.path = path
            self.words = words
            self.environment = environment
        }
    }

    /// The way in which a process ended.
    public enum Ending: Sendable, Equatable {
        case status(Int32)
        case signal(Int32)
        /// Unknown, because something else has waited for it.
        case unknown

        init(wait status: Int32) {
            self = status & 0x7f == 0 ? .status(status >> 8 & 0xff) : .signal(status & 0x7f)
        }
    }

    public init(_ program: Program) throws(ChildProcessError) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if !program.readsInput, !program.descriptors.contains(where: { $0.to == 0 }) {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        for pair in program.descriptors { posix_spawn_file_actions_adddup2(&actions, pair.from, pair.to) }
        var words: [UnsafeMutablePointer<CChar>?] = program.words.map { strdup($0) } + [nil]
        var settings: [UnsafeMutablePointer<CChar>?] =
            program.environment.map { strdup("\($0.name)=\($0.value)") } + [nil]
        defer { for word in words + settings { free(word) } }
        var child: pid_t = 0
        let problem = posix_spawnp(&child, program.path, &actions, nil, &words, &settings)
        guard problem == 0 else { throw ChildProcessError("cannot be run: \(systemMessage(problem))") }
        id = child
    }

    /// Returns how the process ended; nil while it runs. Must not be called again after it has returned a result.
    public func ending() -> Ending? {
        var status: Int32 = 0
        let ended = waitpid(id, &status, WNOHANG)
        if ended == id { return Ending(wait: status) }
        return ended < 0 && errno != EINTR ? .unknown : nil
    }

    /// Kills the process and waits for its end.
    public func kill() {
        Glibc.kill(id, SIGKILL)
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0, errno == EINTR {}
    }

    /// Waits for the end of the process.
    ///
    /// - Returns: how it ended; nil if it was killed because it still ran at the deadline (milliseconds of the
    ///   monotonic clock) or when the signal was raised.
    public func end(by deadline: Int, _ stop: StopSignal? = nil) -> Ending? {
        while true {
            if let ending = ending() { return ending }
            if MonotonicClock.milliseconds > deadline || stop?.isRaised == true { break }
            Thread.sleep(milliseconds: 2)
        }
        kill()
        return nil
    }
}

/// The reason why a program could not be run or its output is not available.
public struct ChildProcessError: Error, Sendable {
    /// The message, which follows the program's name: `did not end within 100 ms`.
    public let message: String

    init(_ message: String) { self.message = message }
}
