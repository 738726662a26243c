/// Limits of reading JSON: the depth guards the stack, the size the memory.
public struct JSONLimits: Sendable {
    /// Arrays and objects within each other.
    public var depth: Int
    /// Bytes of text.
    public var bytes: Int

    public init(depth: Int = 10_000, bytes: Int = .max) {
        self.depth = depth
        self.bytes = bytes
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

/// How JSON is written.
public enum JSONStyle: Sendable {
    /// No white space.
    case compact
    /// Indented by that many blanks.
    case pretty(Int)
}

/// JSON (RFC 8259) in and out.
public enum JSON {
    public static func read(
        _ bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits = .standard
    ) throws(JSONError) -> Value {
        fatalError("being written")
    }

    public static func read(_ bytes: [UInt8], limits: JSONLimits = .standard) throws(JSONError) -> Value {
        fatalError("being written")
    }

    public static func read(_ text: String, limits: JSONLimits = .standard) throws(JSONError) -> Value {
        try read(Array(text.utf8), limits: limits)
    }

    public static func write(_ value: Value, into output: inout ByteBuffer, style: JSONStyle = .compact) {
        fatalError("being written")
    }

    public static func text(_ value: Value, style: JSONStyle = .compact) -> String {
        var output = ByteBuffer()
        write(value, into: &output, style: style)
        return output.text
    }
}
