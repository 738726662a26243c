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
    /// Whether leading blanks of a line would change the block scalar: on its first line, and on all of a folded one.
    private var blanksCount = false
    private var isFolded = false
    /// Nothing but tags and blanks is on the line so far.
    private var onlyTags = true
    /// The start of the current unquoted scalar in the text that is fed; nil outside of one.
    private(set) var scalarStart: Int?
    /// The first tag where a scalar would begin, which writes nothing itself: a section's.
    private var leadTag: Int?
    /// A line that is indented deeper than this goes on with the unquoted scalar of the line before.
    private var continuation: Int?
    /// The line goes on with such a scalar.
    private var isContinued = false
    /// Within an anchor or a tag, behind which a scalar begins: its first byte; `other` for tags but `!!str`.
    private var property: UInt8 = 0
    private var propertyText: [UInt8] = []
    private(set) var hasForeignTag = false

    init(_ escape: CompileOptions.Escape) { self.escape = escape }

    /// Whether a value here stands in an unquoted scalar, or is one.
    var isBare: Bool { escape == .yaml && quote == .none && !isInBlock }

    /// Whether a value here is a part of an unquoted scalar that began on an earlier line.
    var continuesLine: Bool { isContinued || inLead && continuation.map { column > $0 } ?? false }

    var isInFlow: Bool { flowDepth > 0 }

    /// Where the unquoted scalar begins that a tag at this place belongs to.
    func start(ofTagAt place: Int) -> Int { scalarStart ?? leadTag ?? place }

    /// The column that lines have to exceed which go on with an unquoted scalar of this line.
    var parentColumn: Int { hasKey ? keyColumn : dashColumn }

    /// How a value is written here; unquoted YAML scalars are the matter of `ScalarRegions`.
    var style: ValueStyle {
        switch escape {
        case .none: return .none
        case .html: return .html
        case .json: return quote == .double ? .jsonString : .jsonValue
        case .yaml:
            if isInBlock { return blanksCount && (inLead || onlyTags) ? .yamlFirstLine : .yamlLine }
            switch quote {
            case .single: return .yamlSingleQuoted
            case .double: return .yamlDoubleQuoted
            case .comment: return .yamlLine
            case .none: return atStart ? .yamlFirstPart : .yamlPart
            }
        }
    }

    /// A tag that writes nothing itself stood here.
    mutating func feedTag(at place: Int) {
        if escape == .yaml, atStart, scalarStart == nil, leadTag == nil { leadTag = place }
    }

    /// A tag that writes something itself stood here.
    mutating func feedValue(at place: Int = 0) {
        guard escape == .json || escape == .yaml else { return }
        if isBare, scalarStart == nil { scalarStart = leadTag ?? place }
        if continuesLine { isContinued = true }
        property = 0
        if inLead {
            if let threshold = block, column <= threshold { block = nil }
            keyColumn = column
        }
        (inLead, atStart, indicator, justClosed) = (false, false, 0, false)
        previous = UInt8(ascii: "x")
    }

    /// - Parameter origin: the index of the template's first byte.
    mutating func feed(_ text: ArraySlice<UInt8>, origin: Int) {
        guard escape == .json || escape == .yaml else { return }
        for index in text.indices {
            let byte = text[index]
            if escape == .json {
                feedJSON(byte)
            } else {
                let wasStart = atStart
                feedYAML(byte)
                follow(byte, at: index - origin, wasStart: wasStart)
            }
            previous = byte
        }
    }

    /// Keeps where an unquoted scalar began.
    private mutating func follow(_ byte: UInt8, at place: Int, wasStart: Bool) {
        if quote != .none || isInBlock || atStart {
            (scalarStart, leadTag) = (nil, quote != .none || isInBlock ? nil : wasStart ? leadTag : nil)
        } else if wasStart {
            scalarStart = leadTag ?? place
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
        if !isWhite(byte) { onlyTags = false }
        if inLead, byte != UInt8(ascii: " ") {
            if continuesLine {
                (isContinued, atStart) = (true, false)
            } else {
                continuation = nil
            }
            if let threshold = block, column <= threshold { block = nil }
            if byte == UInt8(ascii: "-"), block == nil, !isContinued {
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
        if property != 0 {
            guard byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") else {
                propertyText.append(byte)
                return
            }
            if property == UInt8(ascii: "!"), propertyText != Array("!str".utf8) { hasForeignTag = true }
            property = 0
            return
        }
        if atStart, byte == UInt8(ascii: "&") || byte == UInt8(ascii: "!") {
            (property, propertyText) = (byte, [])
            return
        }
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\t"):
            if indicator != 0 { atStart = true }
            if indicator == UInt8(ascii: ":") { hasKey = true }
            if indicator != 0 { hasForeignTag = false }
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
            if atStart { (header, isFolded) = (true, byte == UInt8(ascii: ">")) }
            (indicator, atStart) = (0, false)
        default: (indicator, atStart) = (0, false)
        }
    }

    private mutating func endLine() {
        if isInBlock, !onlyTags { blanksCount = isFolded }
        if header { (block, blanksCount) = (parentColumn, true) }
        let hasScalar = quote == .none && !header && (scalarStart != nil || isContinued)
        if hasScalar, indicator != UInt8(ascii: ":") {
            if !isContinued { continuation = isInFlow ? -1 : parentColumn }
        } else if !onlyTags {
            continuation = nil
        }
        (scalarStart, leadTag, isContinued, onlyTags, property, hasForeignTag) = (
            nil, nil, false, true, 0, false
        )
        // Quotes reach over lines in YAML; a comment does not.
        if quote == .comment { quote = .none }
        if quote == .none { atStart = true }
        (indicator, column, keyColumn, dashColumn) = (0, 0, 0, -1)
        (header, hasKey, inLead, isEscaped, justClosed) = (false, false, true, false, false)
    }
}
