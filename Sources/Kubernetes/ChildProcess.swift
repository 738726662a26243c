import Glibc

/// A program that is run to its end for what it writes.
struct ChildProcess {
    var command: String
    var arguments: [String]
    var environment: [(name: String, value: String)]
    /// Hands on standard input; else it is empty.
    var readsInput: Bool

    /// What it writes to standard output; what it writes to standard error is the user's to see.
    ///
    /// A child that takes longer, or writes more, is ended; and so is one that still runs when the signal is raised.
    func output(atMost limit: Int, milliseconds: Int, stop: StopSignal) throws(ChildProcessError) -> [UInt8] {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw ChildProcessError("cannot be run", errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }
        let child: pid_t
        do throws(ChildProcessError) {
            child = try start(output: ends[1])
            close(ends[1])
        } catch {
            close(ends[1])
            throw error
        }
        let outcome = collect(from: ends[0], atMost: limit, milliseconds: milliseconds, stop)
        if outcome.problem != nil { kill(child, SIGKILL) }
        let status = wait(for: child, isEnding: outcome.problem != nil, until: outcome.deadline, stop)
        if let problem = outcome.problem { throw ChildProcessError(message: problem) }
        guard let status else {
            throw ChildProcessError(
                message: stop.isRaised ? Self.stopped : "did not end within \(milliseconds) ms")
        }
        if status & 0x7f != 0 { throw ChildProcessError(message: "was ended by signal \(status & 0x7f)") }
        let code = status >> 8 & 0xff
        guard code == 0 else { throw ChildProcessError(message: "ended with status \(code)") }
        return outcome.bytes
    }

    private static let stopped = "was ended, as this process is about to"

    private func start(output: Int32) throws(ChildProcessError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if !readsInput { posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) }
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        var words: [UnsafeMutablePointer<CChar>?] = ([command] + arguments).map { strdup($0) } + [nil]
        var settings: [UnsafeMutablePointer<CChar>?] =
            environment.map { strdup("\($0.name)=\($0.value)") } + [nil]
        defer { for word in words + settings { free(word) } }
        var child: pid_t = 0
        let problem = posix_spawnp(&child, command, &actions, nil, &words, &settings)
        guard problem == 0 else { throw ChildProcessError("cannot be run", problem) }
        return child
    }

    private func collect(
        from descriptor: Int32, atMost limit: Int, milliseconds: Int, _ stop: StopSignal
    ) -> (bytes: [UInt8], deadline: Int, problem: String?) {
        let deadline = MonotonicMilliseconds.now + milliseconds
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        var watched = [descriptor, stop.descriptor].map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        while true {
            let left = deadline - MonotonicMilliseconds.now
            guard left > 0 else { return (bytes, deadline, "did not end within \(milliseconds) ms") }
            guard poll(&watched, 2, Int32(clamping: left)) > 0 else { continue }
            guard !stop.isRaised else { return (bytes, deadline, Self.stopped) }
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return (bytes, deadline, nil) }
            bytes += chunk[..<count]
            guard bytes.count <= limit else { return (bytes, deadline, "wrote more than \(limit) bytes") }
        }
    }

    /// nil where it outlived the deadline or the signal, and was ended then.
    private func wait(
        for child: pid_t, isEnding: Bool, until deadline: Int, _ stop: StopSignal
    ) -> Int32? {
        var status: Int32 = 0
        while !isEnding {
            let ended = waitpid(child, &status, WNOHANG)
            if ended == child { return status }
            if ended < 0, errno != EINTR { return 0 }
            if MonotonicMilliseconds.now > deadline || stop.isRaised { break }
            usleep(5_000)
        }
        kill(child, SIGKILL)
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        return isEnding ? status : nil
    }
}

struct ChildProcessError: Error {
    var message: String

    init(message: String) { self.message = message }

    init(_ what: String, _ number: Int32) { message = "\(what): \(String(cString: strerror(number)))" }
}
