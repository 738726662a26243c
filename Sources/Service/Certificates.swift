import HTTPServer
import Kubernetes
import Synchronization
import System
import Values

/// The certificate of the HTTPS listener, read from files or a Secret at the start, and again when they change. A bad
/// pair is refused, and the last good one stays in use.
final class Certificates: Sendable {
    private let source: Source
    let credentials: TLSCredentials
    private let files: Mutex<Files>
    /// The last warning about the certificate's end that was logged.
    private let warned = Mutex<String?>(nil)

    private enum Source: Sendable {
        case files(certificate: String, key: String)
        case keeper(CertificateKeeper)

        /// The name in messages.
        var name: String {
            switch self {
            case .files(let certificate, _): certificate
            case .keeper(let keeper): "secret \(keeper.secret)"
            }
        }
    }

    private struct Files: Equatable {
        var certificate: [UInt8]
        var key: [UInt8]
    }

    enum Outcome: Sendable {
        case unchanged
        case loaded
        case refused(String)
    }

    /// - Throws: the problem of the files.
    convenience init(certificatePath: String, keyPath: String) throws(ServiceError) {
        try self.init(.files(certificate: certificatePath, key: keyPath))
    }

    convenience init(_ keeper: CertificateKeeper) throws(ServiceError) { try self.init(.keeper(keeper)) }

    private init(_ source: Source) throws(ServiceError) {
        self.source = source
        let files = try Self.read(source)
        self.files = Mutex(files)
        credentials = TLSCredentials(try Self.pair(files, source.name))
    }

    /// The files that are watched.
    var paths: [String] {
        if case .files(let certificate, let key) = source { [certificate, key] } else { [] }
    }

    func reload() -> Outcome {
        do throws(ServiceError) {
            let new = try Self.read(source)
            // A pair that was refused is not tried again until it changes.
            let isNew = files.withLock { old in
                defer { old = new }
                return old != new
            }
            guard isNew else { return .unchanged }
            credentials.replace(with: try Self.pair(new, source.name))
            return .loaded
        } catch {
            return .refused(error.message)
        }
    }

    /// Whether the certificate is valid now.
    var isInForce: Bool { credentials.current.validity.contains(Timestamp.now) }

    /// The time at which it ends, in seconds since 1970.
    var expiry: Int { credentials.current.validity.upperBound }

    /// The members of the log about the pair in use: its end and its names.
    var summary: [Member] {
        let names =
            (try? CertificateChain(pem: credentials.current.certificates))?.certificates[0].names ?? []
        return [
            Member("until", .string(Timestamp.text(seconds: expiry))),
            Member("names", .string(names.joined(separator: " "))),
        ]
    }

    /// The warning about the certificate's end: one 30 days before, another 7 days before, another after it. Each is
    /// returned once for a pair; otherwise nil.
    func expiryWarning(now: Int = Timestamp.now) -> String? {
        let end = Timestamp.text(seconds: expiry)
        let sentence: String? =
            switch expiry - now {
            case ..<0: "the certificate ended at \(end): no API server will call any more"
            case ..<(7 * 86_400): "the certificate ends within 7 days, at \(end)"
            case ..<(30 * 86_400): "the certificate ends within 30 days, at \(end)"
            default: nil
            }
        return warned.withLock { last in
            guard sentence != last else { return nil }
            last = sentence
            return sentence
        }
    }

    private static func read(_ source: Source) throws(ServiceError) -> Files {
        let certificate: String
        let key: String
        switch source {
        case .files(let first, let second): (certificate, key) = (first, second)
        case .keeper(let keeper):
            guard let current = keeper.current else {
                throw ServiceError(message: "\(source.name): is not there")
            }
            return Files(certificate: current.certificate, key: current.key)
        }
        do throws(FileError) {
            return Files(
                certificate: try File.contents(of: certificate, atMost: 1 << 20),
                key: try File.contents(of: key, atMost: 1 << 20))
        } catch {
            throw ServiceError(message: error.description)
        }
    }

    private static func pair(_ files: Files, _ path: String) throws(ServiceError) -> TLSPair {
        do throws(HTTPServerError) {
            let pair = try TLSPair(certificates: files.certificate, key: files.key)
            guard Timestamp.now <= pair.validity.upperBound else {
                throw HTTPServerError(
                    message: "the certificate ended at \(Timestamp.text(seconds: pair.validity.upperBound))")
            }
            return pair
        } catch {
            throw ServiceError(message: "\(path): \(error.message)")
        }
    }
}
