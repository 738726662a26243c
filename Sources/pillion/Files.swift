import Glibc
import Values
import YAML

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

/// Writes the file anew: a temporary one beside it first, so that a failure leaves the old one as it was. A link stays
/// one, and what it leads to is written. `-` and `/dev/stdout` are standard output; what is no file (a device, a pipe)
/// is written as it is.
func write(_ bytes: [UInt8], toFile path: String) throws {
    // Opened anew, a file behind standard output would be written from its beginning.
    if isStandardOutput(path) { return standardOutput.write(bytes) }
    var information = stat()
    let exists = stat(path, &information) == 0
    if exists, information.st_mode & S_IFMT != S_IFREG {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure("\(path): \(systemMessage())") }
        defer { close(descriptor) }
        guard writeAll(bytes, to: descriptor) else { throw Failure("\(path): \(systemMessage())") }
        return
    }
    let target = exists ? resolved(path) : path
    try replace(target, by: bytes, mode: exists ? information.st_mode & 0o777 : nil)
}

func isStandardOutput(_ path: String) -> Bool { path == "-" || path == "/dev/stdout" }

private func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
}

private func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
        let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if written < 0, errno == EINTR { continue }
        guard written >= 0 else { return false }
        rest = rest.dropFirst(written)
    }
    return true
}

/// - Parameter mode: of the file that is there.
private func replace(_ path: String, by bytes: [UInt8], mode: mode_t?) throws {
    let temporary = "\(path).pillion-\(getpid())"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Failure("\(temporary): \(systemMessage())") }
    // Not by opening it so: the mask for new files would take bits away.
    if let mode { fchmod(descriptor, mode) }
    guard writeAll(bytes, to: descriptor) else {
        let message = systemMessage()
        close(descriptor)
        unlink(temporary)
        throw Failure("\(path): \(message)")
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

/// The last part of a path: what messages call a template by.
func baseName(_ path: String) -> String {
    path == "-" ? "stdin" : String(path.split(separator: "/").last ?? Substring(path))
}

/// The documents of a file: JSON where it begins like JSON, else YAML.
func values(ofFile path: String) throws -> [Value] {
    let bytes = try read(file: path)
    let name = path == "-" ? "standard input" : path
    let start = bytes.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0a && $0 != 0x0d }
    if start == UInt8(ascii: "{") || start == UInt8(ascii: "[") {
        do throws(JSONError) {
            let value = try JSON.read(bytes)
            return [value]
        } catch {
            // Flow YAML looks like JSON; where it is neither, JSON's message is the better one.
            guard let documents = try? YAMLReader.documents(bytes) else {
                let position = SourceText(bytes).position(of: error.offset)
                throw Failure("\(name):\(position.line):\(position.column): \(error.message)")
            }
            return documents.filter { !$0.isEmpty }.map(\.value)
        }
    }
    do throws(YAMLError) {
        let documents = try YAMLReader.documents(bytes)
        return documents.filter { !$0.isEmpty }.map(\.value)
    } catch {
        throw Failure("\(name): \(error)")
    }
}

/// The one document of a file, null where it holds none.
func value(ofFile path: String) throws -> Value {
    let values = try values(ofFile: path)
    guard values.count <= 1 else { throw Failure("\(path): holds \(values.count) documents, want one") }
    return values.first ?? .null
}

/// Hands over each line without its line feed, as soon as it is there.
func forEachLine(of path: String, _ body: (UnsafeBufferPointer<UInt8>) throws -> Void) throws {
    let descriptor = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure("\(path): \(systemMessage())") }
    defer { if descriptor != 0 { close(descriptor) } }
    var pending: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 262_144)
    while true {
        let count = Glibc.read(descriptor, &chunk, chunk.count)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw Failure("\(path): \(systemMessage())") }
        if count == 0 { break }
        var start = 0
        for index in 0..<count where chunk[index] == 0x0a {
            pending += chunk[start..<index]
            try pending.withUnsafeBufferPointer(body)
            pending.removeAll(keepingCapacity: true)
            start = index + 1
        }
        pending += chunk[start..<count]
    }
    if !pending.isEmpty { try pending.withUnsafeBufferPointer(body) }
}
