import System
import Values

/// Where the result of many manifests goes, part by part: standard output, or a file that is replaced when all is there.
struct ManifestSink: ~Copyable {
    /// nil for standard output.
    private var file: ReplacedFile?
    private var buffer = ByteBuffer(capacity: 2 * writeBytes)
    /// The last byte that was written.
    private(set) var lastByte: UInt8?

    /// Bytes that are written at once.
    private static let writeBytes = 64 << 10

    /// - Parameter target: a path, or `-` for standard output.
    init(_ target: String) throws(Failure) {
        guard !isStandardOutput(target) else { return }
        do throws(FileError) {
            file = try ReplacedFile(target)
        } catch {
            throw Failure(error.description)
        }
    }

    mutating func write(_ parts: [[UInt8]]) throws(Failure) {
        for part in parts where !part.isEmpty {
            buffer.append(part)
            lastByte = part.last
            if buffer.count >= Self.writeBytes { try flush() }
        }
    }

    private mutating func flush() throws(Failure) {
        let bytes = buffer.bytes
        buffer.truncate(to: 0)
        guard !bytes.isEmpty else { return }
        guard file != nil else { return standardOutput.write(bytes) }
        do throws(FileError) {
            try bytes.withUnsafeBufferPointer { bytes throws(FileError) in try file?.write(bytes) }
        } catch {
            throw Failure(error.description)
        }
    }

    /// Gives up: standard output gets what was ready before the error, a file stays what it was.
    mutating func abandon() throws(Failure) {
        if file == nil { try flush() }
    }

    /// Writes what is left, and puts a file in its place.
    mutating func finish() throws(Failure) {
        try flush()
        do throws(FileError) { try file?.finish() } catch { throw Failure(error.description) }
    }
}
