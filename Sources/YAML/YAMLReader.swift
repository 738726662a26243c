public import Values

/// Reads YAML 1.1 as Kubernetes does: sigs.k8s.io/yaml on go-yaml v2, by the events of libyaml.
///
/// Takes bytes. Returns values, with the place of each document and, if asked for, of each value; or an
/// error with its place. Tags and anchors are resolved here, styles and comments are not kept. Nothing recurses.
///
/// What is not obvious:
/// - `y yes on n no off` are booleans, `0644` and `0o644` octal, `1_000` an integer, `1e3` a binary fraction, and
///   a number that does not fit becomes text, as there.
/// - A key that is not a string becomes one (`1:` is `"1"`, `yes:` is `"true"`); null and collections cannot be keys.
/// - `<<` merges at its place: keys before it are overwritten, keys after it overwrite.
/// - Infinities and NaN are errors, as they have no JSON.
/// - Times stay text; `!!binary` is decoded.
public enum YAMLReader {
    /// All documents of a text, in order. Text before the first `---` that holds only comments is a document of
    /// its own, an empty one, so that the ranges of all documents and the markers between them make up the text.
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

    /// The value of the first document, null if there is no document. What follows it is not read, as
    /// go-yaml's Unmarshal does not.
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

    /// The value of a text that is written as templates write YAML, read the short way; nil where anything else
    /// is in it, a mistake for example. If it is not nil, `value` gives the same.
    public static func simpleValue(
        _ bytes: UnsafeBufferPointer<UInt8>, limits: YAMLLimits = YAMLLimits()
    ) -> Value? {
        YAMLBlockReader.value(bytes, limits: limits)
    }

    /// Whether `value` of the text gives this value, found out without making one where the text is written as templates
    /// write YAML.
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

    /// The UTF-8 of a text in UTF-16, which begins with a byte order mark; nil where it is not one.
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

/// How YAML is read.
public struct YAMLOptions: Sendable {
    /// Whether a duplicate key in a mapping is an error; else the last one wins.
    public var strict: Bool
    /// Whether the place of every value is kept.
    public var positions: Bool
    /// Whether the places of the nodes in the text are kept.
    public var layout: Bool
    /// Whether a byte order mark may begin any document, as kubectl has it, not only the text.
    public var allowsMarks: Bool
    /// Whether a key is the text that is written (`on:` is `"on"`), not what YAML 1.1 takes that for (`"true"`).
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

/// What reading YAML may cost.
public struct YAMLLimits: Sendable {
    /// Sequences and mappings within each other. Manifests stay below 30.
    public var depth: Int
    /// Values of one document, each as often as aliases repeat it. Repeated values share their memory here, but
    /// the one that writes them out does not.
    public var nodes: Int
    /// Values of all documents of one text together.
    public var textNodes: Int
    /// Bytes of the paths for which places are kept; the places of further values are left out.
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
    /// Its bytes in the text, without the `---` before it and the marker after it.
    public var range: Range<Int>
    /// The line of its first byte, from 1.
    public var line: Int
    /// Whether it holds no value at all: white space and comments only.
    public var isEmpty: Bool
    /// JSON pointer → the place of the value, or of its key in a mapping; nil where not asked for.
    public var positions: [String: SourcePosition]?
    /// Where the nodes are; nil if not asked for, or if there are no nodes.
    public var layout: YAMLLayout?

    init(range: Range<Int>, line: Int = 1) {
        value = .null
        self.range = range
        self.line = line
        isEmpty = true
    }
}

/// Why a text is not YAML, or not YAML with a JSON of its own.
public struct YAMLError: Error, Sendable, Equatable {
    public enum Code: String, Sendable {
        /// libyaml cannot read the text.
        case syntax
        case duplicateKey = "duplicate_key"
        case badKey = "bad_key"
        case badMerge = "bad_merge"
        case badTag = "bad_tag"
        /// A value that JSON cannot say.
        case unsupportedValue = "unsupported_value"
        case unknownAnchor = "unknown_anchor"
        case cyclicAnchor = "cyclic_anchor"
        case tooDeep = "too_deep"
        case tooManyNodes = "too_many_nodes"
        case tooManyDirectives = "too_many_directives"
        /// The work that it is for was stopped (`WorkStop`).
        case stopped
        case excessiveAliasing = "excessive_aliasing"
    }

    public var code: Code
    /// The problem, without its place.
    public var message: String
    /// The line that go-yaml's text names, which is sometimes the one before; nil where it names none.
    public var reportedLine: Int?
    /// Where it was noticed; `culprit(in:)` says where it most likely is.
    public var position: SourcePosition?
    /// Where the thing begins that could not be finished, as far as libyaml says so.
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
    /// As go-yaml formats it: `yaml: line 3: did not find expected key`.
    public var description: String {
        guard let reportedLine else { return "yaml: \(message)" }
        return "yaml: line \(reportedLine): \(message)"
    }
}
