import Glibc

/// A file that is written in parts and replaces the old one when it is complete. Until then, and after a failure, the
/// old file is unchanged. If the path is a link, its target is written and the link is kept. A file that is not regular
/// (a device, a pipe) is written directly.
public struct ReplacedFile: ~Copyable {
    private let name: String
    private let path: String
    /// The path of the temporary file; nil if the file is written directly.
    private let temporary: String?
    private let descriptor: Int32
    private var isInPlace = false

    /// - Throws: if the file, or one next to it, cannot be written.
    public init(_ name: String) throws(FileError) {
        self.name = name
        var information = stat()
        let exists = stat(name, &information) == 0
        guard !exists || information.st_mode & S_IFMT == S_IFREG else {
            (path, temporary) = (name, nil)
            descriptor = open(name, O_WRONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw FileError.ofSystem(name) }
            return
        }
        path = exists ? File.resolved(name) ?? name : name
        let temporary = "\(path).pillion-\(getpid())"
        self.temporary = temporary
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FileError.ofSystem(temporary) }
        // The mode is not set by opening the file, because the umask would remove bits.
        if exists { fchmod(descriptor, information.st_mode & 0o777) }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        if descriptor >= 0, let temporary, !isInPlace { unlink(temporary) }
    }

    public func write(_ bytes: UnsafeBufferPointer<UInt8>) throws(FileError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let slice = UnsafeBufferPointer(rebasing: rest)
            let count = Glibc.write(descriptor, slice.baseAddress, slice.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileError.ofSystem(name) }
            rest = rest.dropFirst(count)
        }
    }

    /// Replaces the old file with the written one.
    public mutating func finish() throws(FileError) {
        if let temporary {
            guard rename(temporary, path) == 0 else { throw FileError.ofSystem(name) }
        }
        isInPlace = true
    }
}
