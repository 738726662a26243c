/// Limits of parsing JSON. The depth protects the stack, the others protect the memory.
public struct JSONLimits: Sendable {
    /// The depth of nested arrays and objects. Parsing and writing need no stack for it, but freeing a value does: 100
    /// to 200 bytes per level, so 10,000 levels need a stack of 2 MB. No manifest has 100 levels.
    public var depth: Int
    /// The size of the text in bytes.
    public var bytes: Int
    /// The number of values: each item, and each member's value. 1.7 million empty objects in 5 MB of text need 233
    /// MiB.
    public var values: Int

    public init(depth: Int = 1_000, bytes: Int = .max, values: Int = .max) {
        self.depth = depth
        self.bytes = bytes
        self.values = values
    }

    public static let standard = JSONLimits()
}

/// The reason why a text is not JSON, and its byte offset.
public struct JSONError: Error, Sendable, Equatable {
    public enum Code: String, Sendable {
        case unexpectedEnd = "unexpected_end"
        case unexpectedByte = "unexpected_byte"
        case badNumber = "bad_number"
        case badEscape = "bad_escape"
        case controlCharacter = "control_character"
        case tooDeep = "too_deep"
        case tooLong = "too_long"
        case tooManyValues = "too_many_values"
        /// The work was stopped (`WorkStop`).
        case stopped
    }

    public var code: Code
    /// The byte offset, from 0.
    public var offset: Int
    /// What was found and what was expected.
    public var message: String

    public init(code: Code, offset: Int, message: String) {
        self.code = code
        self.offset = offset
        self.message = message
    }
}

extension JSONError: CustomStringConvertible {
    /// The whole message, for example `json: byte 12: found '}', expected a value`.
    public var description: String { "json: byte \(offset): \(message)" }
}

/// The format in which JSON is written.
public enum JSONStyle: Sendable {
    /// No white space.
    case compact
    /// Indented by that many spaces.
    case pretty(Int)
}

/// Parses and writes JSON (RFC 8259).
///
/// Neither is recursive: the depth of a text costs heap memory, but no stack.
public enum JSON {
    /// Parses one JSON text. Anything but white space after it is an error.
    ///
    /// An integer literal that fits in an `Int64` is `.int` (also `-0`, as 0); every other number is `.double`. For
    /// repeated keys, the last value is used at the position of the first. Bytes in strings that are not UTF-8 and
    /// unpaired surrogates become U+FFFD, one for each byte or surrogate.
    public static func read(
        _ bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits = .standard
    ) throws(JSONError) -> Value {
        var reader = JSONReader(
            base: try start(of: bytes, limits), count: bytes.count, limits: limits)
        return try reader.read()
    }

    /// Parses one JSON text, and records it to speed up the parsing of similar texts.
    public static func readKeeping(
        _ bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits = .standard
    ) throws(JSONError) -> (value: Value, known: KnownJSON) {
        var reader = JSONReader(
            base: try start(of: bytes, limits), count: bytes.count, limits: limits, keepsParts: true
        )
        let value = try reader.read()
        return (value, reader.kept())
    }

    /// Parses a JSON text, reusing values of a text that may be similar. The result is the same, but faster if the
    /// texts are similar.
    ///
    /// - Returns: the value, and the number of bytes of the text whose values were reused.
    public static func read(
        _ bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits = .standard, beside known: KnownJSON
    ) throws(JSONError) -> (value: Value, knownBytes: Int) {
        var reader = JSONReader(
            base: try start(of: bytes, limits), count: bytes.count, limits: limits, beside: known)
        let value = try reader.read()
        return (value, reader.knownBytes)
    }

    private static func start(
        of bytes: UnsafeBufferPointer<UInt8>, _ limits: JSONLimits
    ) throws(JSONError) -> UnsafePointer<UInt8> {
        guard bytes.count <= limits.bytes else {
            throw JSONError(
                code: .tooLong, offset: limits.bytes,
                message: "found \(bytes.count) bytes, expected at most \(limits.bytes)")
        }
        guard let base = bytes.baseAddress else { throw JSONError.end(at: 0, expected: "a value") }
        return base
    }

    public static func read(_ bytes: [UInt8], limits: JSONLimits = .standard) throws(JSONError) -> Value {
        try bytes.withUnsafeBufferPointer { buffer throws(JSONError) in try read(buffer, limits: limits) }
    }

    public static func read(_ text: String, limits: JSONLimits = .standard) throws(JSONError) -> Value {
        try read(Array(text.utf8), limits: limits)
    }

    /// Writes a value. Numbers are written as Go's encoding/json writes them. `escapesHTML` also escapes `<`, `>`, `&`
    /// and the separators U+2028 and U+2029, as its Marshal does. Infinity and NaN, which JSON does not have, become
    /// null.
    public static func write(
        _ value: Value, into output: inout ByteBuffer, style: JSONStyle = .compact, escapesHTML: Bool = false
    ) {
        JSONWriter(style: style, escapesHTML: escapesHTML).write(value, into: &output)
    }

    public static func text(_ value: Value, style: JSONStyle = .compact, escapesHTML: Bool = false) -> String
    {
        var output = ByteBuffer()
        write(value, into: &output, style: style, escapesHTML: escapesHTML)
        return output.text
    }

    /// Writes a JSON string, including quotes. `escapesLineSeparators` additionally escapes U+2028 and U+2029 only,
    /// which Go does whether or not it escapes for HTML.
    public static func writeString(
        _ text: String, into output: inout ByteBuffer, escapesHTML: Bool = false,
        escapesLineSeparators: Bool = false
    ) {
        guard escapesLineSeparators, !escapesHTML, text.hasLineSeparator else {
            return JSONWriter(style: .compact, escapesHTML: escapesHTML).write(string: text, into: &output)
        }
        var quoted = ByteBuffer(capacity: text.utf8.count + 8)
        JSONWriter(style: .compact, escapesHTML: false).write(string: text, into: &quoted)
        for scalar in quoted.text.unicodeScalars {
            switch scalar {
            case "\u{2028}": output.append("\\u2028")
            case "\u{2029}": output.append("\\u2029")
            default: output.append(String(scalar))
            }
        }
    }
}

extension String {
    /// Whether the string contains U+2028 or U+2029 (E2 80 A8 or E2 80 A9).
    fileprivate var hasLineSeparator: Bool {
        guard utf8.contains(0xE2) else { return false }
        return unicodeScalars.contains { $0 == "\u{2028}" || $0 == "\u{2029}" }
    }
}
