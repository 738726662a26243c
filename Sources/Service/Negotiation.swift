import HTTPServer
import Values

/// The formats of bodies, by their media types.
enum MediaType: String {
    case json = "application/json"
    case yaml = "application/yaml"
    case text = "text/plain; charset=utf-8"
    case problem = "application/problem+json"
    case gzip = "application/gzip"
    case multipart = "multipart/form-data"

    /// The format of a `Content-Type`, without its parameters; nil for any other type.
    init?(contentType: String) {
        // Nearly all requests have this value, which need not be parsed.
        if contentType == "application/json" {
            self = .json
            return
        }
        switch Self.essence(contentType) {
        case "application/json", "text/json": self = .json
        case "application/yaml", "text/yaml", "application/x-yaml", "text/x-yaml": self = .yaml
        case "application/gzip", "application/x-gzip", "application/x-tar+gzip": self = .gzip
        case "multipart/form-data": self = .multipart
        default: return nil
        }
    }

    /// The type and subtype in lower case, without parameters and blanks.
    static func essence(_ header: some StringProtocol) -> String {
        let head = header.prefix { $0 != ";" }
        return String(head.filter { $0 != " " && $0 != "\t" }).lowercased()
    }

    /// The media type without parameters; only one has any.
    var essence: String { self == .text ? "text/plain" : rawValue }
}

/// The formats that a client accepts (RFC 9110, 12.5.1).
struct Accept {
    private let ranges: [(type: String, quality: Double)]

    /// - Parameter header: nil accepts everything.
    init(_ header: String?) {
        guard let header, !header.allSatisfy({ $0 == " " }) else {
            ranges = [("*/*", 1)]
            return
        }
        // A header is at most as long as a connection's memory; 64 ranges are more than any client needs.
        ranges = header.split(byte: ",").prefix(64).map { range in
            let parts = range.split(byte: ";")
            var quality = 1.0
            for parameter in parts.dropFirst() {
                let text = parameter.filter { $0 != " " }.lowercased()
                if text.begins(with: "q=") { quality = Double(text.dropFirst(2)) ?? 0 }
            }
            return (MediaType.essence(parts.first ?? ""), quality)
        }
    }

    /// The preferred offer, the first one among equals; nil if none is accepted.
    func best(of offers: [String]) -> String? {
        var best: (offer: String, quality: Double)?
        for offer in offers {
            let quality = quality(of: offer)
            if quality > 0, quality > best?.quality ?? 0 { best = (offer, quality) }
        }
        return best?.offer
    }

    /// The quality of an offer, by the most specific range that matches.
    private func quality(of offer: String) -> Double {
        let wildcard = offer.prefix { $0 != "/" } + "/*"
        for pattern in [offer, String(wildcard), "*/*"] {
            if let range = ranges.first(where: { $0.type == pattern }) { return range.quality }
        }
        return 0
    }
}

extension HTTPRequest {
    /// The offer that the client prefers.
    ///
    /// - Throws: a problem of status 406 that names the offers.
    func accepted(_ offers: [String]) throws(RequestProblem) -> String {
        guard let header = header("Accept"), header != "*/*" else { return offers[0] }
        if offers.contains(header) { return header }
        if let best = Accept(header).best(of: offers) { return best }
        throw RequestProblem(
            status: 406, code: "not_acceptable",
            detail:
                "the answer comes as \(offers.joined(separator: " or ")): expected one of them in \"Accept\"")
    }

    /// Whether a parameter of the query is present without a value or is `true`; false if it is missing or `false`.
    ///
    /// - Throws: 400 for any other value.
    func flag(_ name: String) throws(RequestProblem) -> Bool {
        switch query(name) {
        case nil, "false": return false
        case "", "true": return true
        case let value?:
            throw .malformed("the parameter \"\(name)\" is \"\(excerpt(value))\": expected true or false")
        }
    }

    private static func typeHint(_ formats: [MediaType]) -> Object {
        let headers = formats.map { "Content-Type: \($0.rawValue)" }.joined(separator: ", or ")
        return Object([Member("hint", .string("send the header \(headers)"))])
    }

    /// The body's format.
    ///
    /// - Throws: 400 if there is no body, 415 if it is in another format.
    func bodyFormat(_ formats: [MediaType]) throws(RequestProblem) -> MediaType {
        guard !body.isEmpty else {
            throw RequestProblem(status: 400, code: "body_missing", detail: "no body found")
        }
        let names = formats.map { "`\($0.rawValue)`" }.joined(separator: " or ")
        guard let header = header("Content-Type") else {
            throw RequestProblem(
                status: 415, code: "unsupported_media_type",
                detail: "there is no Content-Type, expected \(names)", members: Self.typeHint(formats)
            )
        }
        guard let format = MediaType(contentType: header), formats.contains(format) else {
            throw RequestProblem(
                status: 415, code: "unsupported_media_type",
                detail: "invalid Content-Type: found `\(excerpt(header))`, expected \(names)",
                members: Self.typeHint(formats))
        }
        if let encoding = self.header("Content-Encoding"), encoding.lowercased() != "identity" {
            throw RequestProblem(
                status: 415, code: "unsupported_media_type",
                detail: "invalid Content-Encoding, expected none: bodies are read as they are")
        }
        return format
    }
}
