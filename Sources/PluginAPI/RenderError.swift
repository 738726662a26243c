public import System
import Values

/// The reason why a template could not be compiled or rendered, with its place.
public struct RenderError: Error, Sendable, Equatable {
    public enum Kind: String, Sendable {
        /// The source cannot be parsed, or calls a function that does not exist.
        case parse = "template_parse_error"
        /// A step of the rendering failed.
        case execution = "template_exec_error"
        /// A limit of `RenderLimits` was reached.
        case limit = "limit_exceeded"
        /// The deadline passed.
        case deadline = "deadline_exceeded"
        /// There is too little memory for all current work, or the client is gone.
        case overload = "overloaded"
        /// The engine itself failed, for example a loaded engine with an invalid answer.
        case engine = "internal_error"

        /// Whether the error is about the resources of a rendering, not about the template.
        public var isOfBudget: Bool { self == .limit || self == .deadline || self == .overload }

        /// The reason code in decisions and reviews.
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
        /// The line, from 1.
        public var line: Int
        /// The column in bytes, from 1; nil if the engine reports only a line, as Go's parser does.
        public var column: Int?

        public init(template: String, line: Int, column: Int? = nil) {
            self.template = template
            self.line = line
            self.column = column
        }
    }

    public var kind: Kind
    /// The engine's whole message, with place and context in the engine's format. It is bytes because a message may
    /// quote a template that is not UTF-8.
    public var detailBytes: [UInt8]
    public var place: Place?
    /// The limit that was reached, if the error is about one.
    public var limit: ReachedLimit?
    /// The function that the template calls and the engine does not have, if that is the error.
    public var unknownFunction: String?
    /// The template's own message if it stops on purpose (`fail`, `required`).
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

    /// Creates the error for a limit that was reached.
    ///
    /// - Parameters:
    ///   - head: the text before the message: the place in the engine's format.
    ///   - found: a message that replaces the limit's own.
    public init(_ limit: ReachedLimit, head: String, _ found: String? = nil, place: Place? = nil) {
        self.init(kind: .limit, detail: head + limit.message(found), place: place, limit: limit)
    }

    /// Creates the error for a rendering that was stopped from outside, or because of its memory.
    ///
    /// - Parameter head: the place in the engine's format.
    public init(_ stop: WorkStop, limits: RenderLimits, head: String, place: Place? = nil) {
        switch stop {
        case .memory: self.init(limits.reached(.memory), head: head, place: place)
        case .deadline: self.init(kind: .deadline, detail: head + stop.sentence, place: place)
        case .clientGone, .overload: self.init(kind: .overload, detail: head + stop.sentence, place: place)
        }
    }

    /// The message as a string. Bytes that are not UTF-8 become U+FFFD.
    public var detail: String { String(decoding: detailBytes, as: UTF8.self) }
}
