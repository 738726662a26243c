import Glibc
import HTTPServer
import Synchronization
import Values

/// Who may ask what on one listener.
///
/// | route | loopback, unix socket | other listeners |
/// | --- | --- | --- |
/// | /inject | anyone | with a client CA: who has its certificate and one of the names |
/// | /render, /decide | anyone | who has the token, where there is one |
/// | templates of a request | yes | with `--enableInlineTemplates` |
struct Access: Sendable {
    /// Whether only this machine reaches the listener.
    var isLocal: Bool
    /// Whether callers of /inject must show a certificate.
    var asksCertificate = false
    /// Names of which the certificate must bear one; empty allows each that the CA signed.
    var clientNames: [String] = []
    var token: BearerToken?
    var allowsInlineTemplates = true

    /// What a route is about, for these rules.
    enum Concern: Sendable { case review, question, open }

    func check(_ request: HTTPRequest, _ concern: Concern) throws(RequestProblem) {
        guard !isLocal else { return }
        switch concern {
        case .review: try checkCertificate(request)
        case .question: try checkToken(request)
        case .open: return
        }
    }

    private func checkCertificate(_ request: HTTPRequest) throws(RequestProblem) {
        guard asksCertificate else { return }
        switch request.tlsClient {
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
                detail: "there is no client certificate, want one of the CA")
        }
    }

    private func checkToken(_ request: HTTPRequest) throws(RequestProblem) {
        guard let token else { return }
        guard let header = request.header("Authorization") else {
            throw RequestProblem(
                status: 401, code: "unauthorized",
                detail: "there is no Authorization, want `Bearer` and the token")
        }
        guard header.lowercased().hasPrefix("bearer "), token.equals(header.dropFirst("bearer ".count).utf8)
        else {
            throw Self.forbidden("the token in Authorization is not the one that is asked for")
        }
    }

    static func forbidden(_ detail: String) -> RequestProblem {
        RequestProblem(status: 403, code: "forbidden", detail: detail)
    }
}

/// The token that callers must send: the first line of a file, which may change while the server runs.
final class BearerToken: Sendable {
    let path: String
    private let bytes: Mutex<[UInt8]>

    /// - Throws: where the file cannot be read or is empty.
    init(path: String) throws(FileError) {
        self.path = path
        bytes = Mutex(try Self.read(path))
    }

    /// Reads the file again; a file that cannot be used changes nothing.
    func reload() throws(FileError) {
        let new = try Self.read(path)
        bytes.withLock { $0 = new }
    }

    private static func read(_ path: String) throws(FileError) -> [UInt8] {
        let text = try FileError.contents(of: path, atMost: 64 << 10)
        let line = text.prefix { $0 != 0x0a && $0 != 0x0d }
        guard !line.isEmpty else {
            throw FileError(path: path, reason: "the first line is empty, want the token")
        }
        return Array(line)
    }

    /// Takes the same time wherever the two differ; only their lengths show.
    func equals(_ offered: some Collection<UInt8>) -> Bool {
        let offered = Array(offered)
        return bytes.withLock { bytes in
            guard bytes.count == offered.count else { return false }
            var difference: UInt8 = 0
            for index in bytes.indices { difference |= bytes[index] ^ offered[index] }
            return difference == 0
        }
    }
}
