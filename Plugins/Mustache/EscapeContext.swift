import PluginAPI

/// Scans a template's own text up to a tag, to determine the context of the tag's value: quotes, a comment, a block
/// scalar, or none of them. Only text is scanned, tag after tag in the order of the source, regardless of sections.
///
/// It knows only as much of YAML and JSON as this requires. When in doubt, it errs on the side of quoting.
struct EscapeContext {
    private enum Quote { case none, single, double, comment }

    private let escape: CompileOptions.Escape
    private var quote = Quote.none
    /// Whether the previous byte was a backslash in double quotes.
    private var isEscaped = false
    /// Whether the previous byte closed single quotes. Another quote would open them again.
    private var justClosed = false
    /// Whether a scalar would begin here.
    private var atStart = true
    /// The previous byte, if it was an indicator (`:`, `-`, `?`). It only counts if white space follows.
    private var indicator: UInt8 = 0
    private var previous: UInt8 = UInt8(ascii: "\n")
    private var flowDepth = 0

    private var column = 0
    /// The column at which the line's first key or scalar begins, after white space and dashes.
    private var keyColumn = 0
    private var hasKey = false
    private var inLead = true
    /// The column of the innermost dash of the line; -1 without one.
    private var dashColumn = -1
    /// Whether a block scalar's header was found on this line.
    private var header = false
    /// Lines with a greater indentation belong to a block scalar; nil outside of one.
    private var block: Int?
    /// Whether leading white space of a line would change the block scalar: on its first line, and on all lines of a
    /// folded one.
    private var blanksCount = false
    private var isFolded = false
    /// Whether the line has contained only tags and white space so far.
    private var onlyTags = true
    /// The start of the current unquoted scalar in the scanned text; nil outside of one.
    private(set) var scalarStart: Int?
    /// The first tag at a place where a scalar would begin, if the tag itself writes nothing, such as a section's.
    private var leadTag: Int?
    /// A line with a greater indentation continues the unquoted scalar of the previous line.
    private var continuation: Int?
    /// Whether the line continues such a scalar.
    private var isContinued = false
    /// The first byte of the current anchor or tag, after which a scalar begins; 0 outside of one.
    private var property: UInt8 = 0
    private var propertyText: [UInt8] = []
    private(set) var hasForeignTag = false

    init(_ escape: CompileOptions.Escape) { self.escape = escape }

    /// Whether a value here is in an unquoted scalar, or is one.
    var isBare: Bool { escape == .yaml && quote == .none && !isInBlock }

    /// Whether a value here is part of an unquoted scalar that began on an earlier line.
    var continuesLine: Bool { isContinued || inLead && continuation.map { column > $0 } ?? false }

    var isInFlow: Bool { flowDepth > 0 }

    /// Returns the start of the unquoted scalar to which a tag at this place belongs.
    func start(ofTagAt place: Int) -> Int { scalarStart ?? leadTag ?? place }

    /// The column that the indentation of a line must exceed to continue an unquoted scalar of this line.
    var parentColumn: Int { hasKey ? keyColumn : dashColumn }

    /// The style of a value here. `ScalarRegions` determines that of unquoted YAML scalars.
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

    /// Scans a tag that writes nothing itself.
    mutating func feedTag(at place: Int) {
        if escape == .yaml, atStart, scalarStart == nil, leadTag == nil { leadTag = place }
    }

    /// Scans a tag that writes something itself.
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

    /// Updates the start of the unquoted scalar.
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
        // Quotes may span lines in YAML; a comment may not.
        if quote == .comment { quote = .none }
        if quote == .none { atStart = true }
        (indicator, column, keyColumn, dashColumn) = (0, 0, 0, -1)
        (header, hasKey, inLead, isEscaped, justClosed) = (false, false, true, false, false)
    }
}
