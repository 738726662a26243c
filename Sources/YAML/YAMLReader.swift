public import Values

/// Parses YAML 1.1 as Kubernetes does (sigs.k8s.io/yaml on go-yaml v2), with libyaml.
///
/// It returns values with the place of each document and, if requested, of each value, or an error with its place. Tags
/// and anchors are resolved; styles and comments are not kept.
///
/// Special cases:
/// - `y yes on n no off` are booleans, `0644` and `0o644` are octal, `1_000` is an integer, `1e3` is a double, and a
///   number that is out of range becomes a string.
/// - A key that is not a string becomes one (`1:` is `"1"`, `yes:` is `"true"`); null and collections cannot be keys.
/// - `<<` merges at its place: it overrides keys before it, and keys after it override it.
/// - Infinities and NaN are errors, because JSON does not have them.
/// - Times remain strings; `!!binary` is decoded.
public enum YAMLReader {
    /// Parses all documents of a text, in order. Comments before the first `---` are a separate, empty document, so
    /// that the ranges of all documents and the markers between them make up the text.
    public static func documents(
        _ bytes: UnsafeBufferPointer<UInt8>, options: YAMLOptions = YAMLOptions()
    ) throws(YAMLError) -> [YAMLDocument] {
        if let text = try decoded(bytes) { return try documents(text, options: options) }
        if !options.strict, !options.positions, bytes.count < options.limits.textNodes,
            let documents = YAMLBlockReader.documents(bytes, options: options)
        {
            return documents
        }
        if options.allowsMarks, hasInnerMark(bytes),
            let error = YAMLBlockReader.firstError(bytes, options: options)
        {
            throw error
        }
        var composer = try YAMLComposer(bytes, options: options)
        var documents: [YAMLDocument] = []
        while let document = try composer.next() {
            if let last = documents.indices.last, documents[last].range.upperBound > composer.marker {
                documents[last].range = documents[last].range.lowerBound..<composer.marker
            }
            if let leading = composer.leadingDocument { documents.append(leading) }
            documents.append(document)
        }
        if documents.isEmpty { documents.append(YAMLDocument(range: 0..<bytes.count)) }
        return documents
    }

    public static func documents(
        _ bytes: [UInt8], options: YAMLOptions = YAMLOptions()
    ) throws(YAMLError) -> [YAMLDocument] {
        try bytes.withUnsafeBufferPointer { buffer throws(YAMLError) in
            try documents(buffer, options: options)
        }
    }

    /// Parses the first document and returns its value; null if there is no document. As with go-yaml's Unmarshal, the
    /// rest of the text is not parsed.
    public static func value(
        _ bytes: UnsafeBufferPointer<UInt8>, options: YAMLOptions = YAMLOptions()
    ) throws(YAMLError) -> Value {
        if let text = try decoded(bytes) { return try value(text, options: options) }
        if !options.strict, let value = YAMLBlockReader.value(bytes, limits: options.limits) { return value }
        var composer = try YAMLComposer(bytes, options: options)
        return try composer.next()?.value ?? .null
    }

    public static func value(
        _ bytes: [UInt8], options: YAMLOptions = YAMLOptions()
    ) throws(YAMLError) -> Value {
        try bytes.withUnsafeBufferPointer { buffer throws(YAMLError) in try value(buffer, options: options) }
    }

    /// Parses a text with the fast path for the simple YAML that templates write; nil if it contains anything else, for
    /// example an error. If the result is not nil, it equals that of `value`.
    public static func simpleValue(
        _ bytes: UnsafeBufferPointer<UInt8>, limits: YAMLLimits = YAMLLimits()
    ) -> Value? {
        YAMLBlockReader.value(bytes, limits: limits)
    }

    /// Whether parsing the text with `value` gives this value. For the simple YAML that templates write, this is
    /// checked without creating a value.
    public static func reads(_ bytes: [UInt8], as value: Value, limits: YAMLLimits = YAMLLimits()) -> Bool {
        bytes.withUnsafeBufferPointer { bytes in
            if YAMLBlockReader.reads(bytes, as: value, limits: limits) { return true }
            guard let read = try? self.value(bytes, options: YAMLOptions(limits: limits)) else {
                return false
            }
            return read == value
        }
    }

    /// Whether a line after the first begins with a byte order mark.
    private static func hasInnerMark(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard bytes.count > 3 else { return false }
        return (1..<bytes.count - 2).contains {
            bytes[$0] == 0xEF && bytes[$0 + 1] == 0xBB && bytes[$0 + 2] == 0xBF && bytes[$0 - 1] == 0x0A
        }
    }

    /// Converts a text in UTF-16 with a byte order mark to UTF-8; nil if the text is not in UTF-16.
    private static func decoded(_ bytes: UnsafeBufferPointer<UInt8>) throws(YAMLError) -> [UInt8]? {
        guard let encoding = TextEncoding(markIn: bytes), encoding != .utf8 else { return nil }
        do throws(TextEncoding.Problem) {
            return try encoding.decode(bytes)
        } catch {
            throw YAMLError(code: .syntax, message: error.message)
        }
    }

    public static func value(_ text: String, options: YAMLOptions = YAMLOptions()) throws(YAMLError) -> Value
    {
        try value(Array(text.utf8), options: options)
    }
}

/// The options of parsing YAML.
public struct YAMLOptions: Sendable {
    /// Whether a duplicate key in a mapping is an error; otherwise the last one is used.
    public var strict: Bool
    /// Whether the position of every value is recorded.
    public var positions: Bool
    /// Whether the layout of the nodes in the text is recorded.
    public var layout: Bool
    /// Whether any document may begin with a byte order mark, as in kubectl, not only the text.
    public var allowsMarks: Bool
    /// Whether keys are kept as written (`on:` is `"on"`) instead of resolved as in YAML 1.1 (`"true"`).
    public var keepsKeys: Bool
    public var limits: YAMLLimits

    public init(
        strict: Bool = false, positions: Bool = false, layout: Bool = false, allowsMarks: Bool = false,
        keepsKeys: Bool = false, limits: YAMLLimits = YAMLLimits()
    ) {
        self.strict = strict
        self.positions = positions
        self.layout = layout
        self.allowsMarks = allowsMarks
        self.keepsKeys = keepsKeys
        self.limits = limits
    }
}

/// The limits of parsing YAML.
public struct YAMLLimits: Sendable {
    /// The depth of nested sequences and mappings. Manifests have less than 30.
    public var depth: Int
    /// The number of values of one document. Each value is counted as often as aliases repeat it: repeated values share
    /// memory after parsing, but not when they are written.
    public var nodes: Int
    /// The number of values of all documents of one text together.
    public var textNodes: Int
    /// The total size in bytes of the paths with recorded positions. Positions of further values are omitted.
    public var pathBytes: Int

    public init(
        depth: Int = 100, nodes: Int = 1_000_000, textNodes: Int = .max, pathBytes: Int = 16 << 20
    ) {
        self.depth = depth
        self.nodes = nodes
        self.textNodes = textNodes
        self.pathBytes = pathBytes
    }
}

/// One document of a text.
public struct YAMLDocument: Sendable {
    public var value: Value
    /// Its byte range in the text, without the `---` before it and the marker after it.
    public var range: Range<Int>
    /// The line of its first byte, from 1.
    public var line: Int
    /// Whether it contains no value: only white space and comments.
    public var isEmpty: Bool
    /// The position of each value, or of its key in a mapping, by JSON pointer; nil if not requested.
    public var positions: [String: SourcePosition]?
    /// The layout of the nodes; nil if it is not requested, or if there are no nodes.
    public var layout: YAMLLayout?

    init(range: Range<Int>, line: Int = 1) {
        value = .null
        self.range = range
        self.line = line
        isEmpty = true
    }
}

/// The reason why a text is not valid YAML, or cannot be converted to JSON.
public struct YAMLError: Error, Sendable, Equatable {
    public enum Code: String, Sendable {
        /// libyaml cannot parse the text.
        case syntax
        case duplicateKey = "duplicate_key"
        case badKey = "bad_key"
        case badMerge = "bad_merge"
        case badTag = "bad_tag"
        /// A value that JSON cannot represent.
        case unsupportedValue = "unsupported_value"
        case unknownAnchor = "unknown_anchor"
        case cyclicAnchor = "cyclic_anchor"
        case tooDeep = "too_deep"
        case tooManyNodes = "too_many_nodes"
        case tooManyDirectives = "too_many_directives"
        /// The work was stopped (`WorkStop`).
        case stopped
        case excessiveAliasing = "excessive_aliasing"
    }

    public var code: Code
    /// The message, without the place.
    public var message: String
    /// The line in go-yaml's message, which is sometimes the one before; nil if the message has no line.
    public var reportedLine: Int?
    /// The position at which the error was detected. `culprit(in:)` returns where it most likely is.
    public var position: SourcePosition?
    /// The beginning of the unfinished construct, if libyaml reports it.
    public var context: SourcePosition?

    public init(
        code: Code, message: String, reportedLine: Int? = nil, position: SourcePosition? = nil,
        context: SourcePosition? = nil
    ) {
        self.code = code
        self.message = message
        self.reportedLine = reportedLine
        self.position = position
        self.context = context
    }
}

extension YAMLError: CustomStringConvertible {
    /// The message in go-yaml's format: `yaml: line 3: did not find expected key`.
    public var description: String {
        guard let reportedLine else { return "yaml: \(message)" }
        return "yaml: line \(reportedLine): \(message)"
    }
}
