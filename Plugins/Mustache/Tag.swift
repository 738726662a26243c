import PluginAPI

/// The text that opens and the text that closes a tag.
struct Delimiters: Equatable {
    var left: [UInt8]
    var right: [UInt8]

    static let standard = Delimiters(left: Array("{{".utf8), right: Array("}}".utf8))

    /// The greatest length. Searching for a longer one would be expensive, and nobody could read it.
    static let longest = 32
}

/// A tag in the source. Offsets are in bytes of that source.
struct Tag {
    enum Kind: UInt8 {
        /// `{{name}}`
        case variable
        /// `{{{name}}}` and `{{&name}}`
        case unescaped
        /// `{{#name}}`
        case section
        /// `{{^name}}`
        case inverted
        /// `{{/name}}`
        case close
        /// `{{! … }}`
        case comment
        /// `{{=<% %>=}}`
        case delimiters
        /// `{{>name}}`
        case partial
        /// `{{<name}}`
        case parent
        /// `{{$name}}`
        case block

        /// Whether it needs a closing tag.
        var opens: Bool { self == .section || self == .inverted || self == .parent || self == .block }
    }

    var kind: Kind
    /// The range from the first byte of the left delimiter to the end of the right one.
    var range: Range<Int>
    /// The name without surrounding white space, and without the `*` of a dynamic one.
    var name: Range<Int>
    /// Whether the name is looked up in the data: `{{>*name}}`.
    var isDynamic: Bool
}

/// The reason why a source does not compile: a message and the byte to which it refers.
struct SyntaxError: Error {
    var offset: Int
    var message: String
    /// The limit, if one was exceeded.
    var limit: ReachedLimit?

    init(_ message: String, at offset: Int) {
        self.message = message
        self.offset = offset
    }

    init(_ limit: ReachedLimit, _ found: String, at offset: Int) {
        self.init(limit.message(found), at: offset)
        self.limit = limit
    }
}

@inline(__always)
func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

@inline(__always)
func isWhite(_ byte: UInt8) -> Bool {
    isBlank(byte) || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") || byte == 0x0b || byte == 0x0c
}
