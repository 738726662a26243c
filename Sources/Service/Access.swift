import HTTPServer
import Values

/// The access rules of one listener.
///
/// | route | loopback, unix socket | other listeners |
/// | --- | --- | --- |
/// | /inject | anyone | with a client CA: callers with its certificate and one of the names |
/// | /render, /decide, /scan | anyone | callers with the token; without a token, anyone with `--allow-unauthenticated` |
/// | templates of a request | yes | with `--enableInlineTemplates` |
struct Access: Sendable {
    /// Whether only this machine can reach the listener.
    var isLocal: Bool
    /// The check that rejects requests of web pages to a loopback address; nil on other addresses and on sockets in the
    /// file system.
    var localCaller: LocalCaller? = nil
    /// The CA of the certificates that callers of /inject must present; nil requires no certificate.
    var clientAuthority: TLSClientAuthority?
    /// Names of which the certificate must have one; empty allows every certificate that the CA signed.
    var clientNames: [String] = []
    var token: BearerToken?
    /// Whether callers without a token are allowed.
    var allowsUnauthenticated = false
    var allowsInlineTemplates = true

    /// The kind of a route, for these rules. A `page` is a file that a browser shows: anyone may read it, and a link on
    /// another site may open it.
    enum Concern: Sendable { case review, question, open, page }

    func check(_ request: HTTPRequest, _ concern: Concern) throws(RequestProblem) {
        try localCaller?.check(request, isPage: concern == .page)
        guard !isLocal else { return }
        switch concern {
        case .review: try checkCertificate(request)
        case .question: try checkToken(request)
        case .open, .page: return
        }
    }

    private func checkCertificate(_ request: HTTPRequest) throws(RequestProblem) {
        guard let clientAuthority else { return }
        switch request.tlsClient(trusting: clientAuthority) {
        case .verified(let name):
            guard
                clientNames.isEmpty || clientNames.contains(name)
                    || clientNames.contains(where: request.tlsClientIs)
            else {
                throw Self.forbidden("the client's certificate bears none of the names that may ask here")
            }
        case .untrusted:
            throw Self.forbidden(
                "the client's certificate is not signed by the CA of --clientCAFile, or not in force")
        case .unknown:
            throw RequestProblem(
                status: 401, code: "unauthorized",
                detail: "there is no client certificate: expected one of the CA of --clientCAFile",
                challenge: "ClientCertificate realm=\"pillion\"")
        }
    }

    private func checkToken(_ request: HTTPRequest) throws(RequestProblem) {
        guard let token else {
            guard !allowsUnauthenticated else { return }
            throw Self.forbidden(
                "callers beyond loopback must send a token, and the server has none: "
                    + "expected --authTokenFile, or --allow-unauthenticated")
        }
        guard let header = request.header("Authorization") else {
            throw RequestProblem(
                status: 401, code: "unauthorized",
                detail: "there is no Authorization, expected `Bearer` and the token")
        }
        guard header.lowercased().begins(with: "bearer "),
            token.equals(header.dropFirst("bearer ".count).utf8)
        else {
            throw Self.forbidden("the token in Authorization is not the one that is asked for")
        }
    }

    static func forbidden(_ detail: String) -> RequestProblem {
        RequestProblem(status: 403, code: "forbidden", detail: detail)
    }
}
