import CLibYAML
import CWorkMeter
import Values

/// libyaml's parser over bytes that are not copied. It is freed when it goes out of scope.
struct YAMLParser: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let bytes: UnsafeBufferPointer<UInt8>
    private let mark: Int
    /// The current event. libyaml owns its strings until the next one.
    private let event: UnsafeMutablePointer<yaml_event_t>

    init(_ bytes: UnsafeBufferPointer<UInt8>) throws(YAMLError) {
        self.bytes = bytes
        parser = .allocate(capacity: 1)
        event = .allocate(capacity: 1)
        event.initialize(to: yaml_event_t())
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            event.deallocate()
            throw YAMLError(code: .syntax, message: "out of memory")
        }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        // The byte order mark is skipped, because libyaml would count it as a column of the first line.
        mark = YAMLParser.markLength(bytes)
        yaml_parser_set_input_string(
            parser, bytes.baseAddress.map { $0 + mark } ?? YAMLParser.nothing.utf8Start, bytes.count - mark)
    }

    /// Throws for a text that libyaml must not parse. Must be called before a parser is created.
    static func check(_ bytes: UnsafeBufferPointer<UInt8>) throws(YAMLError) {
        guard let place = YAMLDirectives.excess(in: bytes) else { return }
        throw YAMLError(
            code: .tooManyDirectives,
            message:
                "found more than \(YAMLDirectives.limit) directives before a document, expected at most that",
            position: position(of: place, in: bytes))
    }

    /// Returns the length of a byte order mark at the start of a text, or 0.
    static func markLength(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        bytes.count >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF ? 3 : 0
    }

    deinit {
        yaml_event_delete(event)
        yaml_parser_delete(parser)
        event.deallocate()
        parser.deallocate()
    }

    /// Used for an empty text, because libyaml rejects a null pointer.
    private static let nothing: StaticString = " "

    var type: yaml_event_type_t { event.pointee.type }
    var start: yaml_mark_t { event.pointee.start_mark }
    var end: yaml_mark_t { event.pointee.end_mark }
    var position: SourcePosition { YAMLParser.position(start) }

    static func position(_ mark: yaml_mark_t) -> SourcePosition {
        SourcePosition(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }

    /// Parses the next event and replaces the current one.
    mutating func advance() throws(YAMLError) {
        if work_stops() != 0 {
            throw YAMLError(code: .stopped, message: "reading was stopped before its end")
        }
        yaml_event_delete(event)
        event.initialize(to: yaml_event_t())
        guard yaml_parser_parse(parser, event) == 1 else { throw problem() }
    }

    // MARK: Content of the event

    var scalarBytes: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: event.pointee.data.scalar.value, count: event.pointee.data.scalar.length)
    }
    /// Whether the scalar is plain, so that its text determines its type.
    var isPlain: Bool { event.pointee.data.scalar.plain_implicit != 0 }
    var scalarTag: String? { text(event.pointee.data.scalar.tag) }

    /// The style of a scalar.
    var style: YAMLMarks.Style {
        switch event.pointee.data.scalar.style {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
        case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
        case YAML_LITERAL_SCALAR_STYLE: .literal
        case YAML_FOLDED_SCALAR_STYLE: .folded
        default: .plain
        }
    }

    /// Whether a collection is in flow style.
    var isFlow: Bool {
        type == YAML_MAPPING_START_EVENT
            ? event.pointee.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE
            : event.pointee.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE
    }

    /// Whether a document begins with `---`.
    var isExplicitStart: Bool { event.pointee.data.document_start.implicit == 0 }
    var isExplicitEnd: Bool { event.pointee.data.document_end.implicit == 0 }

    /// The anchor that a scalar or collection defines, or that an alias refers to.
    var anchor: String? {
        switch type {
        case YAML_SCALAR_EVENT: text(event.pointee.data.scalar.anchor)
        case YAML_ALIAS_EVENT: text(event.pointee.data.alias.anchor)
        case YAML_SEQUENCE_START_EVENT: text(event.pointee.data.sequence_start.anchor)
        case YAML_MAPPING_START_EVENT: text(event.pointee.data.mapping_start.anchor)
        default: nil
        }
    }

    private func text(_ bytes: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        bytes.map { String(cString: $0) }
    }

    // MARK: Errors

    /// Returns the parser's error with go-yaml's line number. go-yaml counts lines from 0 and adds one only for errors
    /// of the scanner. So errors of the grammar have the number of the line before, and those of the first line have
    /// none.
    private func problem() -> YAMLError {
        let isScanner = parser.pointee.error == YAML_SCANNER_ERROR
        let problemLine = Int(parser.pointee.problem_mark.line)
        let contextLine = Int(parser.pointee.context_mark.line)
        var line = 0
        if problemLine != 0 {
            line = isScanner ? problemLine + 1 : problemLine
        } else if contextLine != 0 {
            line = contextLine
        }
        let message =
            parser.pointee.problem.map { String(cString: $0) } ?? "unknown problem parsing YAML content"
        // libyaml's reader, which decodes the bytes first, only reports the offset of the invalid byte.
        let isReader = parser.pointee.error == YAML_READER_ERROR
        return YAMLError(
            code: .syntax, message: message, reportedLine: line == 0 ? nil : line,
            position: isReader
                ? position(of: mark + parser.pointee.problem_offset)
                : YAMLParser.position(parser.pointee.problem_mark),
            context: parser.pointee.context == nil
                ? nil : YAMLParser.position(parser.pointee.context_mark))
    }

    private func position(of offset: Int) -> SourcePosition { Self.position(of: offset, in: bytes) }

    private static func position(of offset: Int, in bytes: UnsafeBufferPointer<UInt8>) -> SourcePosition {
        let before = bytes.prefix(max(offset, 0))
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return SourcePosition(
            line: before.count { $0 == 0x0A } + 1,
            column: before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1)
    }
}
