import Glibc

/// Reads files up to a limit, and replaces them as a whole.
public enum File {
    /// The maximum size of a file that a command reads: much more than any real input, and less than the memory of a
    /// process.
    public static let longest = 1 << 30

    /// The kinds of files that may be read.
    public enum Kind: Sendable {
        /// Only a regular file. A server reads its files repeatedly: a FIFO would block it, and /dev/zero never ends.
        case regular
        /// Also a pipe, a socket or a terminal, which people pass to commands, and /dev/null. Other devices are
        /// refused.
        case stream
    }

    /// Returns the content of a file.
    ///
    /// - Throws: the system's error, or an error if the file is too long or of another kind.
    public static func contents(
        of path: String, atMost limit: Int, kind: Kind = .regular
    ) throws(FileError) -> [UInt8] {
        let file = try openedForReading(path, kind)
        defer { close(file) }
        return try contents(of: file, named: path, atMost: limit)
    }

    /// Opens a file without waiting for a writer, so that its kind can be checked first.
    private static func openedForReading(_ path: String, _ kind: Kind) throws(FileError) -> Int32 {
        var information = stat()
        if kind == .stream, stat(path, &information) == 0 {
            // Opening some devices has side effects, so the kind is checked before.
            try check(information, path, kind)
            return try opened(path, O_RDONLY)
        }
        let file = try opened(path, O_RDONLY | O_NONBLOCK)
        guard fstat(file, &information) == 0 else {
            let error = FileError.ofSystem(path)
            close(file)
            throw error
        }
        do throws(FileError) {
            try check(information, path, kind)
        } catch {
            close(file)
            throw error
        }
        return file
    }

    private static func check(_ information: stat, _ path: String, _ kind: Kind) throws(FileError) {
        let found: String
        switch information.st_mode & S_IFMT {
        case S_IFREG: return
        case S_IFDIR: found = "a directory"
        case S_IFIFO:
            if kind == .stream { return }
            found = "a FIFO"
        case S_IFSOCK:
            if kind == .stream { return }
            found = "a socket"
        case S_IFCHR:
            if kind == .stream, isNull(information) || isTerminal(path) { return }
            found = "a device"
        default: found = "a device"
        }
        let expected = kind == .regular ? "a regular file" : "a file, a pipe or a terminal"
        throw FileError(path: path, reason: "is \(found), expected \(expected)")
    }

    /// Whether the file is /dev/null, which has the same device number on every Linux (1, 3).
    private static func isNull(_ information: stat) -> Bool { information.st_rdev == 0x103 }

    private static func isTerminal(_ path: String) -> Bool {
        let file = Glibc.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        return isatty(file) == 1
    }

    /// Returns the content of standard input up to its end.
    public static func contentsOfStandardInput(atMost limit: Int) throws(FileError) -> [UInt8] {
        try contents(of: 0, named: standardInput, atMost: limit)
    }

    /// The name of standard input in errors.
    private static let standardInput = "standard input"

    private static func contents(
        of descriptor: Int32, named path: String, atMost limit: Int
    ) throws(FileError) -> [UInt8] {
        let size = size(of: descriptor)
        guard size <= limit else { throw FileError(path: path, reason: "is longer than \(limit) bytes") }
        // Reads one more byte than allowed, to detect a file that is too long.
        let bytes = try read(descriptor, path, atMost: limit == .max ? limit : limit + 1, size: size)
        guard bytes.count <= limit else {
            throw FileError(path: path, reason: "is longer than \(limit) bytes")
        }
        return bytes
    }

    /// Returns at most `limit` bytes from the beginning of a file.
    public static func beginning(of path: String, atMost limit: Int) throws(FileError) -> [UInt8] {
        let file = try openedForReading(path, .regular)
        defer { close(file) }
        return try read(file, path, atMost: limit, size: size(of: file))
    }

    /// The size of a regular file; 0 for any other, and for those of `/proc`.
    private static func size(of descriptor: Int32) -> Int {
        var information = stat()
        guard fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG else { return 0 }
        return Int(information.st_size)
    }

    private static func opened(_ path: String, _ flags: Int32, _ mode: mode_t = 0) throws(FileError) -> Int32
    {
        let file = Glibc.open(path, flags | O_CLOEXEC, mode)
        guard file >= 0 else { throw FileError.ofSystem(path) }
        return file
    }

    private static func read(
        _ descriptor: Int32, _ path: String, atMost limit: Int, size: Int
    ) throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(size > 0 ? size + 1 : 4_096, limit))
        while bytes.count < limit {
            // Reads a regular file and detects its end with one call, without touching more memory than needed.
            let left = size > 0 && size >= bytes.count ? size - bytes.count + 1 : 64 << 10
            let room = min(left, 64 << 10, limit - bytes.count)
            var count = 0
            bytes.append(addingCapacity: room) { span in
                span.withUnsafeMutableBufferPointer { buffer, initialized in
                    count = Glibc.read(descriptor, buffer.baseAddress, room)
                    initialized = max(count, 0)
                }
            }
            // With all bytes of a regular file and no further one, its end is known.
            if count == 0 || size > 0 && bytes.count == size && count < room { break }
            if count < 0, errno != EINTR { throw FileError.ofSystem(path) }
        }
        return bytes
    }

    // MARK: Lines

    /// Calls the body with each line of a file, without its line feed, as soon as it is available.
    ///
    /// - Parameters:
    ///   - path: the path of the file; nil for standard input.
    ///   - limit: the maximum length of a line in bytes.
    ///   - failure: converts an error of the file to the body's type of error.
    public static func forEachLine<E: Error>(
        of path: String?, atMost limit: Int, failure: (FileError) -> E,
        _ body: (UnsafeBufferPointer<UInt8>) throws(E) -> Void
    ) throws(E) {
        var descriptor: Int32 = 0
        if let path {
            do throws(FileError) { descriptor = try openedForReading(path, .stream) } catch {
                throw failure(error)
            }
        }
        defer { if descriptor != 0 { close(descriptor) } }
        let path = path ?? standardInput
        var pending: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(.ofSystem(path)) }
            if count == 0 { break }
            var start = 0
            for index in 0..<count where chunk[index] == 0x0a {
                pending += chunk[start..<index]
                try hand(pending, to: body)
                pending.removeAll(keepingCapacity: true)
                start = index + 1
            }
            pending += chunk[start..<count]
            guard pending.count <= limit else {
                throw failure(FileError(path: path, reason: "a line is longer than \(limit) bytes"))
            }
        }
        if !pending.isEmpty { try hand(pending, to: body) }
    }

    private static func hand<E: Error>(
        _ line: [UInt8], to body: (UnsafeBufferPointer<UInt8>) throws(E) -> Void
    ) throws(E) {
        let result = line.withUnsafeBufferPointer { bytes -> Result<Void, E> in
            do throws(E) { return .success(try body(bytes)) } catch { return .failure(error) }
        }
        try result.get()
    }

    // MARK: Pieces

    /// Calls the body with the content of a file in pieces of at most 256 KiB, as soon as they are available.
    ///
    /// - Parameters:
    ///   - path: the path of the file; nil for standard input.
    ///   - failure: converts an error of the file to the body's type of error.
    public static func forEachPiece<E: Error>(
        of path: String?, failure: (FileError) -> E, _ body: (UnsafeBufferPointer<UInt8>) throws(E) -> Void
    ) throws(E) {
        var descriptor: Int32 = 0
        if let path {
            do throws(FileError) { descriptor = try openedForReading(path, .stream) } catch {
                throw failure(error)
            }
        }
        defer { if descriptor != 0 { close(descriptor) } }
        var chunk = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(.ofSystem(path ?? standardInput)) }
            if count == 0 { return }
            let result = chunk.withUnsafeBufferPointer { bytes -> Result<Void, E> in
                do throws(E) {
                    return .success(try body(UnsafeBufferPointer(rebasing: bytes[..<count])))
                } catch {
                    return .failure(error)
                }
            }
            try result.get()
        }
    }

    // MARK: Writing

    /// Writes a file through a temporary one next to it, so that a failure leaves the old file unchanged and a reader
    /// sees either the old or the new content. If the path is a link, its target is written and the link is kept. A
    /// file that is not regular (a device, a pipe) is written directly.
    public static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
        var information = stat()
        let exists = stat(path, &information) == 0
        if exists, information.st_mode & S_IFMT != S_IFREG {
            let file = try opened(path, O_WRONLY)
            defer { close(file) }
            guard writeAll(bytes, to: file) else { throw FileError.ofSystem(path) }
            return
        }
        let target = exists ? Self.resolved(path) ?? path : path
        try replace(target, by: bytes, mode: exists ? information.st_mode & 0o777 : nil)
    }

    /// - Parameter mode: the mode of the existing file, if there is one.
    private static func replace(_ path: String, by bytes: [UInt8], mode: mode_t?) throws(FileError) {
        let temporary = "\(path).pillion-\(getpid())"
        let file = try opened(temporary, O_WRONLY | O_CREAT | O_EXCL, 0o644)
        // The mode is not set by opening the file, because the umask would remove bits.
        if let mode { fchmod(file, mode) }
        guard writeAll(bytes, to: file) else {
            let error = FileError.ofSystem(path)
            close(file)
            unlink(temporary)
            throw error
        }
        close(file)
        guard rename(temporary, path) == 0 else {
            let error = FileError.ofSystem(path)
            unlink(temporary)
            throw error
        }
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written >= 0 else { return false }
            rest = rest.dropFirst(written)
        }
        return true
    }

    /// Removes a file.
    public static func remove(_ path: String) throws(FileError) {
        guard unlink(path) == 0 else { throw FileError.ofSystem(path) }
    }

    /// Creates the file if it does not exist, and sets its modification time to now.
    public static func touch(_ path: String) throws(FileError) {
        let file = try opened(path, O_WRONLY | O_CREAT, 0o644)
        defer { close(file) }
        guard futimens(file, nil) == 0 else { throw FileError.ofSystem(path) }
    }

    // MARK: Paths

    /// Returns the path with all links resolved; nil, with `errno`, if it does not exist.
    public static func resolved(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    /// Does the same for a path whose folder contains no links: only resolves the last component.
    public static func resolvedName(_ path: String) -> String? {
        var information = stat()
        guard lstat(path, &information) == 0 else { return nil }
        return information.st_mode & S_IFMT == S_IFLNK ? resolved(path) : path
    }

    /// Whether the process is allowed to read the file.
    public static func isReadable(_ path: String) -> Bool { access(path, R_OK) == 0 }
}

/// The reason why a file cannot be used.
public struct FileError: Error, Sendable, CustomStringConvertible {
    public let path: String
    public let reason: String

    public init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }

    public var description: String { "\(path): \(reason)" }

    /// Creates the error for the system's last failure.
    static func ofSystem(_ path: String) -> FileError {
        let reason = errno == EISDIR ? "is a directory, expected a file" : systemMessage()
        return FileError(path: path, reason: reason)
    }
}

/// Returns the message of the system's last failure, for example `No such file or directory`.
public func systemMessage() -> String { systemMessage(errno) }

func systemMessage(_ number: Int32) -> String { String(cString: strerror(number)) }
