import System
import Values

/// Where the result of many manifests goes, part by part: standard output, or a file that is replaced when all is there.
struct ManifestSink: ~Copyable {
    /// nil for standard output.
    private var file: ReplacedFile?
    private var buffer = ByteBuffer(capacity: 2 * writeBytes)
    /// The last byte that was written.
    private(set) var lastByte: UInt8?
    /// For a difference on a terminal.
    private var colours: DifferenceColours?

    /// Bytes that are written at once.
    private static let writeBytes = 64 << 10

    /// - Parameters:
    ///   - target: a path, or `-` for standard output.
    ///   - isDifference: whether what is written is a unified difference, whose lines have colours on a terminal.
    init(_ target: String, isDifference: Bool = false) throws(Failure) {
        guard !isStandardOutput(target) else {
            if isDifference, standardOutput.isTerminal { colours = DifferenceColours() }
            return
        }
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
        guard file != nil else {
            guard let styled = colours?.add(String(decoding: bytes, as: UTF8.self)) else {
                return standardOutput.write(bytes)
            }
            return standardOutput.write(styled: styled)
        }
        do throws(FileError) {
            try bytes.withUnsafeBufferPointer { bytes throws(FileError) in try file?.write(bytes) }
        } catch {
            throw Failure(error.description)
        }
    }

    private mutating func endColours() {
        if let styled = colours?.finish() { standardOutput.write(styled: styled) }
    }

    /// Gives up: standard output gets what was ready before the error, a file stays what it was.
    mutating func abandon() throws(Failure) {
        if file == nil {
            try flush()
            endColours()
        }
    }

    /// Writes what is left, and puts a file in its place.
    mutating func finish() throws(Failure) {
        try flush()
        endColours()
        do throws(FileError) { try file?.finish() } catch { throw Failure(error.description) }
    }
}
