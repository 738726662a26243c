import HTTPServer
import Synchronization
import System

/// The CAs of `--clientCAFile`, read at the start, and again when the file changes. A file without any is refused, and
/// the last good ones stay in use.
final class ClientAuthority: Sendable {
    let path: String
    let authority: TLSClientAuthority
    private let bytes: Mutex<[UInt8]>

    /// - Throws: the problem of the file.
    init(path: String) throws(ServiceError) {
        self.path = path
        do throws(FileError) {
            let bytes = try Self.read(path)
            authority = try Self.authority(bytes, path)
            self.bytes = Mutex(bytes)
        } catch {
            throw ServiceError(message: error.description)
        }
    }

    /// Reads the file again. A file that cannot be used changes nothing.
    ///
    /// - Returns: whether the CAs have changed. A file that was refused is not tried again until it changes.
    func reload() throws(FileError) -> Bool {
        let new = try Self.read(path)
        let isNew = bytes.withLock { bytes in
            defer { bytes = new }
            return bytes != new
        }
        guard isNew else { return false }
        do throws(HTTPServerError) {
            try authority.replace(with: new)
        } catch {
            throw FileError(path: path, reason: error.message)
        }
        return true
    }

    private static func read(_ path: String) throws(FileError) -> [UInt8] {
        try File.contents(of: path, atMost: 1 << 20)
    }

    private static func authority(_ bytes: [UInt8], _ path: String) throws(FileError) -> TLSClientAuthority {
        do throws(HTTPServerError) {
            return try TLSClientAuthority(certificates: bytes)
        } catch {
            throw FileError(path: path, reason: error.message)
        }
    }
}
