import Glibc
import HTTPServer
import Synchronization

/// The certificate of the HTTPS listener, from its files: read at the start, and again when they change. A bad pair
/// is refused and the last good one shown on.
final class Certificates: Sendable {
    let certificatePath: String
    let keyPath: String
    let credentials: TLSCredentials
    private let bytes: Mutex<[[UInt8]]>

    enum Outcome: Sendable {
        case unchanged
        case loaded
        case refused(String)
    }

    /// - Throws: what is wrong with the files.
    init(certificatePath: String, keyPath: String) throws(ServiceError) {
        self.certificatePath = certificatePath
        self.keyPath = keyPath
        let files = try Self.read(certificatePath, keyPath)
        bytes = Mutex(files)
        credentials = TLSCredentials(try Self.pair(files, certificatePath))
    }

    func reload() -> Outcome {
        do throws(ServiceError) {
            let files = try Self.read(certificatePath, keyPath)
            // What was refused once is not tried again until it changes.
            let isNew = bytes.withLock { old in
                defer { old = files }
                return old != files
            }
            guard isNew else { return .unchanged }
            credentials.replace(with: try Self.pair(files, certificatePath))
            return .loaded
        } catch {
            return .refused(error.message)
        }
    }

    /// Whether the certificate holds now.
    var isInForce: Bool { credentials.current.validity.contains(time(nil)) }

    /// When it ends, in seconds since 1970.
    var expiry: Int { credentials.current.validity.upperBound }

    private static func read(_ certificate: String, _ key: String) throws(ServiceError) -> [[UInt8]] {
        do throws(FileError) {
            return [
                try FileError.contents(of: certificate, atMost: 1 << 20),
                try FileError.contents(of: key, atMost: 1 << 20),
            ]
        } catch {
            throw ServiceError(message: error.description)
        }
    }

    private static func pair(_ files: [[UInt8]], _ path: String) throws(ServiceError) -> TLSPair {
        do throws(HTTPServerError) {
            let pair = try TLSPair(certificates: files[0], key: files[1])
            let now = time(nil)
            guard now <= pair.validity.upperBound else {
                throw HTTPServerError(
                    message: "the certificate ended at \(Timestamp.text(seconds: pair.validity.upperBound))")
            }
            return pair
        } catch {
            throw ServiceError(message: "\(path): \(error.message)")
        }
    }
}
