public import PluginAPI
public import Values

/// The problem of a request, in the format of RFC 9457: `application/problem+json`.
///
/// `code` is for programs and stable; `detail` is for people. If a template is at fault, further members are its place,
/// the limit and the partial output.
public struct RequestProblem: Error, Sendable, Equatable {
    /// The HTTP status.
    public var status: Int
    /// A reason code (`GET /reasons`) or one of `codes`.
    public var code: String
    public var detail: String
    /// Further members, in order: `template`, `rendered`, `snippet`, `limit`, `partialOutput`.
    public var members: Object
    /// The seconds of `Retry-After`; nil for none.
    public var retryAfter: Int?
    /// The value of `WWW-Authenticate` in a 401.
    public var challenge: String
    /// The limit that a rendering reached, for the metrics; callers find it in `members`.
    public var limit: RenderLimit?
    /// The function that a template calls but the engine does not have, for hints.
    public var unknownFunction: String?

    public init(
        status: Int, code: String, detail: String, members: Object = Object(), retryAfter: Int? = nil,
        challenge: String = "Bearer realm=\"pillion\""
    ) {
        self.status = status
        self.code = code
        self.detail = detail
        self.members = members
        self.retryAfter = retryAfter
        self.challenge = challenge
    }

    /// The codes of problems with a request itself. Those of templates, decisions and limits are reason codes.
    public static let codes: [(code: String, status: Int, title: String)] = [
        ("malformed_request", 400, "The request is malformed"),
        ("body_missing", 400, "The request has no body"),
        ("unauthorized", 401, "The request names no caller"),
        ("forbidden", 403, "The caller may not do this"),
        ("not_found", 404, "There is nothing at this path"),
        ("method_not_allowed", 405, "The path does not answer this method"),
        ("not_acceptable", 406, "No answer in an accepted format"),
        ("body_too_slow", 408, "The body came too slowly"),
        ("target_too_long", 414, "The path is too long"),
        ("headers_too_large", 431, "There are too many headers"),
        ("body_too_large", 413, "The body is too large"),
        ("misdirected_request", 421, "The request is for another host"),
        ("unsupported_media_type", 415, "The body's format is not understood"),
        ("parameters_conflict", 422, "The parameters exclude each other"),
        ("names_do_not_fit", 422, "Names in the request do not fit what is there"),
        ("chart_missing", 422, "There is no chart of that name"),
        ("chart_archive_invalid", 422, "The chart's archive cannot be read"),
        ("chart_invalid", 422, "The chart cannot be used"),
        ("chart_values_invalid", 422, "The chart's values cannot be used"),
        ("chart_schema_violated", 422, "The values are not as the chart's schema says"),
        ("chart_limit_exceeded", 422, "The chart is larger than it may be"),
        ("chart_output_invalid", 422, "What the chart renders to is not YAML"),
        ("webhook_invalid", 422, "The webhook configuration cannot be used"),
        ("rendered_json_invalid", 422, "The output is not JSON"),
        ("overloaded", 503, "The server has too much to do"),
        ("deadline_exceeded", 504, "The answer took too long"),
        ("version_not_supported", 505, "The HTTP version is not supported"),
        ("internal_error", 500, "The server did wrong"),
    ]

    static func malformed(_ detail: String) -> RequestProblem {
        RequestProblem(status: 400, code: "malformed_request", detail: detail)
    }

    /// A short sentence, the same for every problem with this code.
    public var title: String {
        if let row = Self.codes.first(where: { $0.code == code }) { return row.title }
        switch code {
        case "template_parse_error": return "The template does not parse"
        case "template_exec_error": return "The template fails"
        case "limit_exceeded": return "A limit was reached"
        case "rendered_yaml_invalid": return "The output is not YAML"
        case "tainted_value": return "A value changes the structure of the output"
        case "template_missing": return "There is no such template"
        default: return "The request cannot be answered"
        }
    }

    /// The members of RFC 9457, then `code`, then the further members.
    public var json: Value {
        var object = Object([
            Member(
                "type", .string(Self.codes.contains { $0.code == code } ? "about:blank" : "/reasons#" + code)),
            Member("title", .string(title)),
            Member("status", .int(Int64(status))),
            Member("detail", .string(detail)),
            Member("code", .string(code)),
        ])
        object.members += members.members
        return .object(object)
    }
}
