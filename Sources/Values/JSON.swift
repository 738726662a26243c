/// Limits of reading JSON: the depth guards the stack, the size the memory.
public struct JSONLimits: Sendable {
    /// Arrays and objects within each other. Reading and writing cost no stack, but freeing a value does: 100 to
    /// 200 bytes a level, so that 10,000 levels need a stack of 2 MB. No manifest has 100.
    public var depth: Int
    /// Bytes of text.
    public var bytes: Int
    /// Values: each item and each member's counts one. 1.7 million empty objects in 5 MB take 233 MiB.
    public var values: Int

    public init(depth: Int = 1_000, bytes: Int = .max, values: Int = .max) {
        self.depth = depth
        self.bytes = bytes
        self.values = values
    }

    public static let standard = JSONLimits()
}

/// Why a text is not JSON: what, and at which byte.
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
        /// The work that it is for was stopped (`WorkStop`).
        case stopped
    }

    public var code: Code
    /// The byte, from 0.
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
    /// `json: byte 12: found '}', expected a value`
    public var description: String { "json: byte \(offset): \(message)" }
}

/// How JSON is written.
public enum JSONStyle: Sendable {
    /// No white space.
    case compact
    /// Indented by that many blanks.
    case pretty(Int)
}

/// JSON (RFC 8259) in and out.
///
/// Comes in: bytes and limits, or a value. Goes out: a value or an error with its place, or bytes. Nothing here
/// knows what the text is about, and nothing recurses: the depth of a text costs heap, never stack.
public enum JSON {
    /// Reads one JSON text; anything but white space after it is an error.
    ///
    /// An integer literal that fits an `Int64` is `.int` (`-0` too, as 0), every other number `.double`. Of
    /// members with the same key the last value wins and the first place is kept. Bytes in strings that are not
    /// UTF-8 and halves of surrogate pairs become U+FFFD, one for each byte or half.
    public static func read(
        _ bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits = .standard
    ) throws(JSONError) -> Value {
        var reader = JSONReader(
            base: try start(of: bytes, limits), count: bytes.count, limits: limits)
        return try reader.read()
    }

    /// Reads one JSON text, and keeps it for those that are like it.
    public static func readKeeping(
        _ bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits = .standard
    ) throws(JSONError) -> (value: Value, known: KnownJSON) {
        var reader = JSONReader(
            base: try start(of: bytes, limits), count: bytes.count, limits: limits, keepsParts: true
        )
        let value = try reader.read()
        return (value, reader.kept())
    }

    /// Parses a JSON text, reusing values of a text that may be like it: the same value or error, faster where it is.
    ///
    /// - Returns: the value, and how many bytes of the text were known.
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

    /// Writes a value. Numbers are written as Go's encoding/json prints them; `escapesHTML` also escapes `<`, `>`, `&`
    /// and the separators U+2028 and U+2029, as its Marshal does. JSON has no infinity and no NaN: they become
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

    /// Writes a text as a JSON string, quotes included. `escapesLineSeparators` escapes U+2028 and U+2029 and nothing
    /// else: Go does so whether or not it escapes for HTML.
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
    /// Whether U+2028 or U+2029, which are E2 80 A8 and E2 80 A9, is in the text.
    fileprivate var hasLineSeparator: Bool {
        guard utf8.contains(0xE2) else { return false }
        return unicodeScalars.contains { $0 == "\u{2028}" || $0 == "\u{2029}" }
    }
}
