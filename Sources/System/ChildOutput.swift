import Glibc

extension ChildProcess {
    /// Runs a program to its end and returns its standard output. Its standard error is that of this process.
    ///
    /// The program is killed if it takes longer or writes more than allowed, or if it still runs when the signal is
    /// raised.
    ///
    /// - Throws: an error also if the exit status is not 0.
    public static func output(
        of program: Program, atMost limit: Int, milliseconds: Int, stop: StopSignal
    ) throws(ChildProcessError) -> [UInt8] {
        let deadline = MonotonicClock.milliseconds + milliseconds
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw ChildProcessError("cannot be run: \(systemMessage())") }
        let (reading, writing) = (ends[0], ends[1])
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(reading, F_SETFL, O_NONBLOCK)
        defer { close(reading) }
        var program = program
        program.descriptors.append((writing, 1))
        let child: ChildProcess
        do throws(ChildProcessError) {
            child = try ChildProcess(program)
            close(writing)
        } catch {
            close(writing)
            throw error
        }
        let late = "did not end within \(milliseconds) ms"
        let bytes: [UInt8]
        do throws(ChildProcessError) {
            bytes = try collect(from: reading, atMost: limit, until: deadline, late, stop)
        } catch {
            child.kill()
            throw error
        }
        switch child.end(by: deadline, stop) {
        case nil: throw ChildProcessError(stop.isRaised ? stopped : late)
        case .signal(let signal): throw ChildProcessError("was ended by signal \(signal)")
        case .status(let code) where code != 0: throw ChildProcessError("ended with status \(code)")
        case .status, .unknown: return bytes
        }
    }

    private static let stopped = "was ended, as this process is about to"

    private static func collect(
        from descriptor: Int32, atMost limit: Int, until deadline: Int, _ late: String, _ stop: StopSignal
    ) throws(ChildProcessError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let left = deadline - MonotonicClock.milliseconds
            guard left > 0 else { throw ChildProcessError(late) }
            WakePipe.wait(for: descriptor, stop.descriptor, milliseconds: left)
            guard !stop.isRaised else { throw ChildProcessError(stopped) }
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            if count <= 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= limit else { throw ChildProcessError("wrote more than \(limit) bytes") }
        }
    }
}
