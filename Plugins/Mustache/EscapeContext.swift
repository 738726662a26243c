import PluginAPI

/// Follows a template's own text up to a tag, to know what the tag's value stands in: quotes, a comment, a block
/// scalar, or bare. Only text is followed, tag after tag in the order of the source; sections are seen through.
///
/// It knows as much of YAML and JSON as that takes, and where it is wrong it errs on the side of quoting.
struct EscapeContext {
    private enum Quote { case none, single, double, comment }

    private let escape: CompileOptions.Escape
    private var quote = Quote.none
    /// The byte before was a backslash within double quotes.
    private var isEscaped = false
    /// The single quotes were closed by the byte before: another one opens them again.
    private var justClosed = false
    /// Whether a scalar would begin here.
    private var atStart = true
    /// The byte before was an indicator (`:`, `-`, `?`), which counts when a blank follows.
    private var indicator: UInt8 = 0
    private var previous: UInt8 = UInt8(ascii: "\n")
    private var flowDepth = 0

    private var column = 0
    /// Where the line's first key or scalar begins, behind blanks and dashes.
    private var keyColumn = 0
    private var hasKey = false
    private var inLead = true
    /// The column of the innermost dash of the line, -1 without one.
    private var dashColumn = -1
    /// A block scalar's header was seen on this line.
    private var header = false
    /// Lines that are indented deeper than this belong to a block scalar; nil outside of one.
    private var block: Int?

    init(_ escape: CompileOptions.Escape) { self.escape = escape }

    /// How a value is written here.
    ///
    /// - Parameter scalarEnds: whether what stands behind the tag lets an unquoted scalar end.
    func style(scalarEnds: Bool) -> ValueStyle {
        switch escape {
        case .none: return .none
        case .html: return .html
        case .json: return quote == .double ? .jsonString : .jsonValue
        case .yaml:
            if isInBlock { return .yamlLine }
            switch quote {
            case .single: return .yamlSingleQuoted
            case .double: return .yamlDoubleQuoted
            case .comment: return .yamlLine
            case .none: return !atStart ? .yamlPart : scalarEnds ? .yamlScalar : .yamlFirstPart
            }
        }
    }

    /// A tag that writes something itself stood here.
    mutating func feedValue() {
        guard escape == .json || escape == .yaml else { return }
        if inLead {
            if let threshold = block, column <= threshold { block = nil }
            keyColumn = column
        }
        (inLead, atStart, indicator, justClosed) = (false, false, 0, false)
        previous = UInt8(ascii: "x")
    }

    mutating func feed(_ text: ArraySlice<UInt8>) {
        guard escape == .json || escape == .yaml else { return }
        for byte in text {
            if escape == .json { feedJSON(byte) } else { feedYAML(byte) }
            previous = byte
        }
    }

    private mutating func feedJSON(_ byte: UInt8) {
        if quote == .double {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\n") {
                quote = .none
            }
        } else if byte == UInt8(ascii: "\"") {
            quote = .double
        }
    }

    private var isInBlock: Bool { block.map { (inLead ? column : keyColumn) > $0 } ?? false }

    private mutating func feedYAML(_ byte: UInt8) {
        if byte == UInt8(ascii: "\n") { return endLine() }
        if byte == UInt8(ascii: "\r") { return }
        if inLead, byte != UInt8(ascii: " ") {
            if let threshold = block, column <= threshold { block = nil }
            if byte == UInt8(ascii: "-"), block == nil {
                dashColumn = column
            } else {
                keyColumn = column
                inLead = false
            }
        }
        column += 1
        guard !isInBlock else { return }
        switch quote {
        case .comment: return
        case .double:
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                quote = .none
                atStart = false
            }
        case .single:
            if byte == UInt8(ascii: "'") {
                quote = .none
                justClosed = true
                atStart = false
            }
        case .none: feedBare(byte)
        }
    }

    private mutating func feedBare(_ byte: UInt8) {
        defer { justClosed = false }
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\t"):
            if indicator != 0 { atStart = true }
            if indicator == UInt8(ascii: ":") { hasKey = true }
            indicator = 0
        case UInt8(ascii: ":"): (indicator, atStart) = (byte, false)
        case UInt8(ascii: "-"), UInt8(ascii: "?"): (indicator, atStart) = (atStart ? byte : 0, false)
        case UInt8(ascii: "#") where previous == UInt8(ascii: " ") || previous == UInt8(ascii: "\n"):
            quote = .comment
        case UInt8(ascii: "\"") where atStart: quote = .double
        case UInt8(ascii: "'") where atStart || justClosed: quote = .single
        case UInt8(ascii: "["), UInt8(ascii: "{"):
            if atStart || flowDepth > 0 { (flowDepth, atStart) = (flowDepth + 1, true) }
        case UInt8(ascii: "]"), UInt8(ascii: "}"):
            flowDepth = max(0, flowDepth - 1)
            (indicator, atStart) = (0, false)
        case UInt8(ascii: ",") where flowDepth > 0: (indicator, atStart) = (0, true)
        case UInt8(ascii: "|"), UInt8(ascii: ">"):
            if atStart { header = true }
            (indicator, atStart) = (0, false)
        default: (indicator, atStart) = (0, false)
        }
    }

    private mutating func endLine() {
        if header { block = hasKey ? keyColumn : dashColumn }
        // Quotes reach over lines in YAML; a comment does not.
        if quote == .comment { quote = .none }
        if quote == .none { atStart = true }
        (indicator, column, keyColumn, dashColumn) = (0, 0, 0, -1)
        (header, hasKey, inLead, isEscaped, justClosed) = (false, false, true, false, false)
    }

    /// What a piece of text behind a tag says about an unquoted scalar before it.
    enum Ending: Equatable {
        case ends
        case continues
        /// The piece has nothing but blanks: the next one says. Whether a blank was seen so far.
        case open(blank: Bool)
    }

    func ending(_ text: ArraySlice<UInt8>, afterBlank: Bool) -> Ending {
        let rest = text.drop(while: isBlank)
        let blank = afterBlank || rest.startIndex > text.startIndex
        guard let first = rest.first else { return .open(blank: blank) }
        switch first {
        case UInt8(ascii: "\n"), UInt8(ascii: "\r"): return .ends
        case UInt8(ascii: "#"): return blank ? .ends : .continues
        case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"):
            return flowDepth > 0 ? .ends : .continues
        case UInt8(ascii: ":"):
            let next = rest.dropFirst().first ?? UInt8(ascii: "\n")
            return isWhite(next) ? .ends : .continues
        default: return .continues
        }
    }
}
