import Values

/// The protocol between the two sides of an isolated engine. A frame has a length (4 bytes, little-endian), a kind (1
/// byte) and a payload. Numbers have 8 bytes; strings have a length and bytes. Both sides are the same program, so
/// there is no version. A frame that cannot be decoded is a failure of the engine.
enum Frame {
    enum Kind: UInt8 {
        /// Child → parent, first: the engine's description.
        case hello = 1
        /// Child → parent, first: why the library is refused.
        case refused
        /// Parent → child: an id, sources and options.
        case compile
        /// Parent → child: an id, data as JSON, limits.
        case render
        /// Parent → child: an id that is no longer needed.
        case forget
        /// Child → parent: output and usage.
        case done
        /// Child → parent: output so far, usage and the error.
        case failed
    }

    static let headerBytes = 5
    /// The maximum length: half of what 4 bytes can express.
    static let largest = 1 << 31
}

/// The payload cannot be decoded.
struct FrameError: Error {}

struct FrameWriter: ~Copyable {
    private var buffer = ByteBuffer()

    init(_ kind: Frame.Kind) {
        buffer.append(repeating: 0, count: Frame.headerBytes - 1)
        buffer.append(kind.rawValue)
    }

    mutating func number(_ value: Int) { number(UInt64(bitPattern: Int64(value))) }

    mutating func number(_ value: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            buffer.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    mutating func bytes(_ bytes: UnsafeBufferPointer<UInt8>) {
        number(bytes.count)
        buffer.append(bytes)
    }

    mutating func bytes(_ bytes: [UInt8]) { bytes.withUnsafeBufferPointer { self.bytes($0) } }

    mutating func text(_ text: String) { bytes(Array(text.utf8)) }

    mutating func texts(_ texts: [String]) {
        number(texts.count)
        for text in texts { self.text(text) }
    }

    /// Returns the whole frame with its length; nil if it is too long.
    consuming func finish() -> [UInt8]? {
        var bytes = buffer.bytes
        let length = bytes.count - Frame.headerBytes
        guard length < Frame.largest else { return nil }
        for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: length >> (8 * index)) }
        return bytes
    }
}

struct FrameReader {
    private var rest: ArraySlice<UInt8>

    init(_ payload: [UInt8]) { rest = payload[...] }

    mutating func number() throws(FrameError) -> UInt64 {
        guard rest.count >= 8 else { throw FrameError() }
        var value: UInt64 = 0
        for byte in rest.prefix(8).reversed() { value = value << 8 | UInt64(byte) }
        rest = rest.dropFirst(8)
        return value
    }

    mutating func integer() throws(FrameError) -> Int { Int(Int64(bitPattern: try number())) }

    mutating func bytes() throws(FrameError) -> ArraySlice<UInt8> {
        let count = try integer()
        guard count >= 0, count <= rest.count else { throw FrameError() }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    mutating func text() throws(FrameError) -> String { String(decoding: try bytes(), as: UTF8.self) }

    mutating func texts() throws(FrameError) -> [String] {
        let count = try integer()
        // Every string has at least eight bytes.
        guard count >= 0, count <= rest.count / 8 else { throw FrameError() }
        var texts: [String] = []
        for _ in 0..<count { texts.append(try text()) }
        return texts
    }
}

// MARK: Records

extension FrameWriter {
    mutating func limits(_ limits: RenderLimits) {
        for limit in RenderLimit.allCases { number(limits[limit]) }
        number(limits.deadline ?? 0)
    }

    mutating func template(_ sources: TemplateSources, _ options: CompileOptions) {
        number(sources.sources.count)
        for source in sources.sources {
            text(source.name)
            bytes(source.bytes)
        }
        text(sources.entry)
        text(options.missingKey.rawValue)
        text(options.leftDelimiter)
        text(options.rightDelimiter)
        text(options.escape?.rawValue ?? "")
        texts(options.functionSets)
        limits(options.limits)
    }

    mutating func usage(_ usage: RenderUsage) {
        number(usage.steps)
        number(usage.depth)
    }

    mutating func error(_ error: RenderError) {
        text(error.kind.rawValue)
        bytes(error.detailBytes)
        text(error.place?.template ?? "")
        number(error.place?.line ?? 0)
        number(error.place?.column ?? 0)
        text(error.limit?.limit.rawValue ?? "")
        number(error.limit?.value ?? 0)
    }

    mutating func description(_ description: RendererDescription) {
        text(description.id)
        text(description.version)
        texts(description.options)
        texts(description.functionSets)
    }
}

extension FrameReader {
    mutating func limits() throws(FrameError) -> RenderLimits {
        var limits = RenderLimits.commandLine
        for limit in RenderLimit.allCases { limits[limit] = try integer() }
        let deadline = try number()
        limits.deadline = deadline == 0 ? nil : deadline
        return limits
    }

    mutating func template() throws(FrameError) -> (TemplateSources, CompileOptions) {
        let count = try integer()
        guard count >= 0, count <= rest.count / 16 else { throw FrameError() }
        var list: [TemplateSource] = []
        for _ in 0..<count { list.append(TemplateSource(name: try text(), bytes: Array(try bytes()))) }
        let sources = TemplateSources(list, entry: try text())
        var options = CompileOptions()
        options.missingKey = CompileOptions.MissingKey(rawValue: try text()) ?? .default
        options.leftDelimiter = try text()
        options.rightDelimiter = try text()
        options.escape = CompileOptions.Escape(rawValue: try text())
        options.functionSets = try texts()
        options.limits = try limits()
        return (sources, options)
    }

    mutating func usage() throws(FrameError) -> RenderUsage {
        var usage = RenderUsage()
        usage.steps = try integer()
        usage.depth = try integer()
        return usage
    }

    mutating func error() throws(FrameError) -> RenderError {
        guard let kind = RenderError.Kind(rawValue: try text()) else { throw FrameError() }
        let detail = Array(try bytes())
        let template = try text()
        let (line, column) = (try integer(), try integer())
        let (limit, value) = (RenderLimit(rawValue: try text()), try integer())
        return RenderError(
            kind: kind, detailBytes: detail,
            place: line > 0 ? .init(template: template, line: line, column: column > 0 ? column : nil) : nil,
            limit: limit.map { ReachedLimit($0, value: value) })
    }

    mutating func description(of path: String) throws(FrameError) -> RendererDescription {
        RendererDescription(
            id: try text(), version: try text(), origin: .library(path: path), options: try texts(),
            functionSets: try texts())
    }
}
