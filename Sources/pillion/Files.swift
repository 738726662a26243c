import Glibc
import Values

/// The bytes of a file, or of standard input for `-`.
///
/// - Throws: `Failure` naming the file and what the system says.
func read(file path: String) throws -> [UInt8] {
    let descriptor = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure("\(path): \(systemMessage())") }
    defer { if descriptor != 0 { close(descriptor) } }
    var information = stat()
    if fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFDIR {
        throw Failure("\(path): is a directory, want a file")
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(max(Int(information.st_size) + 1, 4096))
    let chunk = 65_536
    while true {
        var count = 0
        bytes.append(addingCapacity: chunk) { span in
            span.withUnsafeMutableBufferPointer { buffer, initialized in
                count = Glibc.read(descriptor, buffer.baseAddress, chunk)
                initialized = max(count, 0)
            }
        }
        if count == 0 { return bytes }
        if count < 0, errno != EINTR { throw Failure("\(path): \(systemMessage())") }
    }
}

/// Writes the file anew: a temporary one beside it first, so that a failure leaves the old one as it was.
func write(_ bytes: [UInt8], toFile path: String) throws {
    let temporary = "\(path).pillion-\(getpid())"
    var mode: mode_t = 0o644
    var information = stat()
    if stat(path, &information) == 0 { mode = information.st_mode & 0o777 }
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw Failure("\(temporary): \(systemMessage())") }
    var rest = bytes[...]
    while !rest.isEmpty {
        let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if written < 0, errno == EINTR { continue }
        guard written >= 0 else {
            let message = systemMessage()
            close(descriptor)
            unlink(temporary)
            throw Failure("\(path): \(message)")
        }
        rest = rest.dropFirst(written)
    }
    close(descriptor)
    guard rename(temporary, path) == 0 else {
        let message = systemMessage()
        unlink(temporary)
        throw Failure("\(path): \(message)")
    }
}

/// What the system says of the last failure, for example `No such file or directory`.
func systemMessage() -> String { String(cString: strerror(errno)) }
