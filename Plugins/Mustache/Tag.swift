import PluginAPI

/// What opens and closes a tag.
struct Delimiters: Equatable {
    var left: [UInt8]
    var right: [UInt8]

    static let standard = Delimiters(left: Array("{{".utf8), right: Array("}}".utf8))

    /// A longer one would make looking for it dear, and nobody could read it.
    static let longest = 32
}

/// A tag as it stands in the source; offsets are bytes of that source.
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

        /// Whether it wants a closing tag.
        var opens: Bool { self == .section || self == .inverted || self == .parent || self == .block }
    }

    var kind: Kind
    /// From the first byte of the left delimiter to behind the right one.
    var range: Range<Int>
    /// The name without the white space around it, and without the `*` of a dynamic one.
    var name: Range<Int>
    /// Whether the name is to be looked up in the data: `{{>*name}}`.
    var isDynamic: Bool
}

/// Why a source does not compile: a message and the byte it is about.
struct SyntaxError: Error {
    var offset: Int
    var message: String
    /// Which limit, where it was one.
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
