import Synchronization
import System

/// The token that callers must send: the first line of a file, which may change while the server runs.
final class BearerToken: Sendable {
    let path: String
    private let bytes: Mutex<[UInt8]>

    /// - Throws: if the file cannot be read or is empty.
    init(path: String) throws(FileError) {
        self.path = path
        bytes = Mutex(try Self.read(path))
    }

    /// Reads the file again. A file that cannot be used changes nothing.
    ///
    /// - Returns: whether the token has changed.
    func reload() throws(FileError) -> Bool {
        let new = try Self.read(path)
        return bytes.withLock { bytes in
            defer { bytes = new }
            return bytes != new
        }
    }

    private static func read(_ path: String) throws(FileError) -> [UInt8] {
        let text = try File.contents(of: path, atMost: 64 << 10)
        let line = text.prefix { $0 != 0x0a && $0 != 0x0d }
        guard !line.isEmpty else {
            throw FileError(path: path, reason: "the first line is empty, expected the token")
        }
        return Array(line)
    }

    /// Compares in constant time: the duration reveals only whether the lengths are equal.
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
