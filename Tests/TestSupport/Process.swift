public import Glibc

/// The output and exit status of a finished process.
public struct ProcessResult: Sendable {
    public var status: Int32
    public var output: String
    public var errors: String
    /// User and system time together.
    public var processorMilliseconds = 0
}

/// The binary that the tests run: next to the test bundle, or `PILLION_BINARY`.
public let pillionBinary: String = {
    if let named = getenv("PILLION_BINARY") { return String(cString: named) }
    return packageRoot + "/.build/debug/pillion"
}()

/// Runs a program to its end. Output goes to files, so that neither side can block the other.
public func run(
    _ program: String = pillionBinary, _ arguments: [String], input: String = "",
    environment: [String: String] = [:], in workingFolder: String? = nil
) -> ProcessResult {
    if let workingFolder {
        let inner = ["--chdir=\(workingFolder)", program] + arguments
        return run("/usr/bin/env", inner, input: input, environment: environment)
    }
    let folder = TemporaryFolder()
    folder.write(input, to: "in")
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, folder.path("in"), O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, folder.path("out"), O_WRONLY | O_CREAT, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, folder.path("err"), O_WRONLY | O_CREAT, 0o600)
    var pid: pid_t = 0
    let status = spawn(&pid, program, arguments, environment, &actions)
    guard status == 0 else { return ProcessResult(status: -1, output: "", errors: "cannot start \(program)") }
    var wait: Int32 = 0
    var usage = rusage()
    while wait4(pid, &wait, 0, &usage) < 0, errno == EINTR {}
    let code = wait & 0x7f == 0 ? (wait >> 8) & 0xff : -(wait & 0x7f)
    return ProcessResult(
        status: code, output: text(of: folder.path("out")), errors: text(of: folder.path("err")),
        processorMilliseconds: milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime))
}

/// Runs a command whose standard error is a terminal.
///
/// - Parameter shell: a shell script that runs the command `"$0" "$@"`.
/// - Returns: the terminal's content as `output`.
public func runAtTerminal(
    _ command: [String], shell: String = #""$0" "$@""#, in workingFolder: String
) -> ProcessResult {
    let script = """
        import os, pty, subprocess, sys
        master, slave = pty.openpty()
        p = subprocess.Popen(['/bin/sh', '-c'] + sys.argv[1:], stdout=subprocess.DEVNULL, stderr=slave)
        os.close(slave)
        try:
            while chunk := os.read(master, 4096): sys.stdout.buffer.write(chunk)
        except OSError:
            pass
        sys.exit(p.wait())
        """
    return run("/usr/bin/env", ["python3", "-c", script, shell] + command, in: workingFolder)
}

private func milliseconds(_ time: timeval) -> Int { Int(time.tv_sec) * 1000 + Int(time.tv_usec) / 1000 }

private func spawn(
    _ pid: inout pid_t, _ program: String, _ arguments: [String], _ environment: [String: String],
    _ actions: inout posix_spawn_file_actions_t
) -> Int32 {
    var variables = ["PATH": String(cString: getenv("PATH") ?? strdup("/usr/bin:/bin"))]
    if let library = getenv("LD_LIBRARY_PATH") { variables["LD_LIBRARY_PATH"] = String(cString: library) }
    variables.merge(environment) { _, new in new }
    var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
    var settings: [UnsafeMutablePointer<CChar>?] = variables.map { strdup("\($0)=\($1)") } + [nil]
    defer { for word in words + settings { free(word) } }
    return posix_spawn(&pid, program, &actions, nil, &words, &settings)
}

/// A program that runs while a test uses it. Deinitializing the value ends it by its process id.
public final class RunningProcess: @unchecked Sendable {
    public let pid: pid_t
    private let folder = TemporaryFolder()
    private var isOver = false

    public init?(
        _ program: String = pillionBinary, _ arguments: [String], environment: [String: String] = [:]
    ) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, folder.path("out"), O_WRONLY | O_CREAT, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, folder.path("err"), O_WRONLY | O_CREAT, 0o600)
        var started: pid_t = 0
        guard spawn(&started, program, arguments, environment, &actions) == 0 else { return nil }
        pid = started
    }

    deinit { end() }

    public var output: String { text(of: folder.path("out")) }
    public var errors: String { text(of: folder.path("err")) }

    public func signal(_ number: Int32) { if !isOver { kill(pid, number) } }

    /// Sends SIGTERM, after ten seconds SIGKILL, and waits. Returns the exit status, or the negative number of the
    /// signal that ended it.
    @discardableResult
    public func end() -> Int32 {
        guard !isOver else { return 0 }
        isOver = true
        kill(pid, SIGTERM)
        var wait: Int32 = 0
        for _ in 0..<1000 {
            if waitpid(pid, &wait, WNOHANG) == pid {
                return wait & 0x7f == 0 ? (wait >> 8) & 0xff : -(wait & 0x7f)
            }
            usleep(10_000)
        }
        kill(pid, SIGKILL)
        waitpid(pid, &wait, 0)
        return -SIGKILL
    }
}

/// A temporary folder, removed when the value is deinitialized.
public final class TemporaryFolder: Sendable {
    public let root: String

    public init() {
        var template = Array("/tmp/pillion-test-XXXXXX".utf8CString)
        root = mkdtemp(&template).map { String(cString: $0) } ?? "/tmp"
    }

    deinit { removeAll(root) }

    public func path(_ name: String) -> String { "\(root)/\(name)" }

    @discardableResult
    public func write(_ content: String, to name: String) -> String {
        write(Array(content.utf8), to: name)
    }

    @discardableResult
    public func write(_ content: [UInt8], to name: String) -> String {
        let path = path(name)
        if let file = fopen(path, "wb") {
            fwrite(content, 1, content.count, file)
            fclose(file)
        }
        return path
    }

    private func removeAll(_ path: String) {
        guard path.hasPrefix("/tmp/pillion-test-") else { return }
        for name in entries(of: path) {
            let inner = "\(path)/\(name)"
            if unlink(inner) != 0 { removeAll(inner) }
        }
        rmdir(path)
    }
}
