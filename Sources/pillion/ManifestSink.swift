import System
import Values

/// The output of many manifests, written in parts: to standard output, or to a file that is replaced when everything is
/// written.
struct ManifestSink: ~Copyable {
    /// nil for standard output.
    private var file: ReplacedFile?
    private var buffer = ByteBuffer(capacity: 2 * writeBytes)
    /// The last byte that was written.
    private(set) var lastByte: UInt8?
    /// The colours of a difference on a terminal.
    private var colours: DifferenceColours?

    /// The number of bytes that are written at once.
    private static let writeBytes = 64 << 10

    /// - Parameters:
    ///   - target: a path, or `-` for standard output.
    ///   - isDifference: whether the output is a unified difference, whose lines have colours on a terminal.
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

    /// Ends the output after an error: standard output receives what was ready before, and a file stays unchanged.
    mutating func abandon() throws(Failure) {
        if file == nil {
            try flush()
            endColours()
        }
    }

    /// Writes the rest, and replaces the file.
    mutating func finish() throws(Failure) {
        try flush()
        endColours()
        do throws(FileError) { try file?.finish() } catch { throw Failure(error.description) }
    }
}
