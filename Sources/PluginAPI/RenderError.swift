public import System
import Values

/// Why a template could not be compiled or rendered, with its place.
public struct RenderError: Error, Sendable, Equatable {
    public enum Kind: String, Sendable {
        /// The source does not parse, or names a function that is not there.
        case parse = "template_parse_error"
        /// A step of the rendering failed.
        case execution = "template_exec_error"
        /// A limit of `RenderLimits` was reached.
        case limit = "limit_exceeded"
        /// The deadline passed.
        case deadline = "deadline_exceeded"
        /// There is too little memory for all that goes on, or nobody waits for the rendering any more.
        case overload = "overloaded"
        /// The engine itself did wrong (a loaded engine that answers nonsense).
        case engine = "internal_error"

        /// Whether it says what a rendering may use, rather than what is wrong with it.
        public var isOfBudget: Bool { self == .limit || self == .deadline || self == .overload }

        /// The reason that decisions and reviews give for it.
        public var reason: ReasonCode {
            switch self {
            case .parse: .templateParseError
            case .execution: .templateExecError
            case .limit: .limitExceeded
            case .deadline: .deadlineExceeded
            case .overload: .overloaded
            case .engine: .internalError
            }
        }
    }

    /// The place in the template.
    public struct Place: Sendable, Equatable {
        public var template: String
        /// From 1.
        public var line: Int
        /// From 1, in bytes; nil where the engine names only a line, as Go's parser does.
        public var column: Int?

        public init(template: String, line: Int, column: Int? = nil) {
            self.template = template
            self.line = line
            self.column = column
        }
    }

    public var kind: Kind
    /// The engine's whole message, with place and context as the engine writes them. Bytes, because a message may
    /// quote a template that is not UTF-8.
    public var detailBytes: [UInt8]
    public var place: Place?
    /// The limit that was reached, where it was one.
    public var limit: ReachedLimit?
    /// The function that the template names and the engine does not have, where that is the error.
    public var unknownFunction: String?
    /// What the template itself says, where it stops on purpose (`fail`, `required`).
    public var told: [UInt8]?

    public init(kind: Kind, detailBytes: [UInt8], place: Place? = nil, limit: ReachedLimit? = nil) {
        self.kind = kind
        self.detailBytes = detailBytes
        self.place = place
        self.limit = limit
    }

    public init(kind: Kind, detail: String, place: Place? = nil, limit: ReachedLimit? = nil) {
        self.init(kind: kind, detailBytes: Array(detail.utf8), place: place, limit: limit)
    }

    /// A limit that was reached.
    ///
    /// - Parameters:
    ///   - head: what goes before the sentence: the place as the engine writes it.
    ///   - found: how it was reached, where the limit's own sentence does not fit.
    public init(_ limit: ReachedLimit, head: String, _ found: String? = nil, place: Place? = nil) {
        self.init(kind: .limit, detail: head + limit.message(found), place: place, limit: limit)
    }

    /// Why a rendering was stopped from outside, or for what it holds.
    ///
    /// - Parameter head: the place as the engine writes it.
    public init(_ stop: WorkStop, limits: RenderLimits, head: String, place: Place? = nil) {
        switch stop {
        case .memory: self.init(limits.reached(.memory), head: head, place: place)
        case .deadline: self.init(kind: .deadline, detail: head + stop.sentence, place: place)
        case .clientGone, .overload: self.init(kind: .overload, detail: head + stop.sentence, place: place)
        }
    }

    /// The message as text; bytes that are not UTF-8 become U+FFFD.
    public var detail: String { String(decoding: detailBytes, as: UTF8.self) }
}
