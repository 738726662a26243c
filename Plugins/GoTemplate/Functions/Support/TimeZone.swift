import Glibc
import Synchronization
import System

/// A time zone of the IANA database: its offsets and names, and the moments from which they apply.
///
/// Zones are read from the compiled files (RFC 8536) of the machine. A template can select a file by name, but cannot
/// influence its contents. Without a database, all zones but UTC are unknown, and dates fall back to UTC as sprig's do.
struct TimeZone: Sendable {
    private struct Kind {
        var offset: Int64
        var name: String
        var isSummer: Bool
    }

    private var kinds: [Kind] = [Kind(offset: 0, name: "UTC", isSummer: false)]
    private var moments: [Int64] = []
    private var kindAt: [Int] = []
    /// The rule for moments after the last one of the table.
    private var rule: PosixZone?

    static let utc = TimeZone()
    private static let cache = Mutex<[String: TimeZone]>([:])
    /// The largest number of cached zones. The database has fewer names.
    private static let cacheLimit = 1_000
    private static let fileLimit = 1 << 20

    private init() {}

    /// Returns the zone of that name (`Europe/Berlin`). `UTC`, `Local` and the empty name are UTC. nil if it is
    /// unknown.
    static func named(_ name: String) -> TimeZone? {
        if name.isEmpty || name == "UTC" || name == "Local" { return utc }
        guard isWellFormed(name) else { return nil }
        if let known = cache.withLock({ $0[name] }) { return known }
        guard let bytes = try? File.contents(of: "/usr/share/zoneinfo/" + name, atMost: fileLimit),
            let zone = TimeZone(file: bytes)
        else {
            return nil
        }
        cache.withLock { if $0.count < cacheLimit { $0[name] = zone } }
        return zone
    }

    /// Whether a name consists of letters, digits and `_ + - /` only, so that it cannot leave the directory.
    private static func isWellFormed(_ name: String) -> Bool {
        guard name.utf8.count <= 64, name.utf8.first != 0x2F else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2B, 0x2D, 0x2F: true
            default: false
            }
        }
    }

    /// Parses the second part of a file of version 2 or later, which has 64-bit moments.
    private init?(file: [UInt8]) {
        guard let first = Header(file, at: 0), first.version >= 0x32 else { return nil }
        let start = Header.size + first.bodySize(momentSize: 4)
        guard let header = Header(file, at: start) else { return nil }
        var at = start + Header.size
        let end = at + header.bodySize(momentSize: 8)
        guard end <= file.count, header.types > 0 else { return nil }
        moments = (0..<header.moments).map { index in
            Int64(bitPattern: (0..<8).reduce(UInt64(0)) { $0 << 8 | UInt64(file[at + index * 8 + $1]) })
        }
        at += header.moments * 8
        kindAt = (0..<header.moments).map { Int(file[at + $0]) }
        at += header.moments
        let names = file[(at + header.types * 6)..<(at + header.types * 6 + header.characters)]
        kinds = (0..<header.types).map { index in
            let place = at + index * 6
            let offset = Int32(bitPattern: (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(file[place + $1]) })
            let name = names.dropFirst(Int(file[place + 5])).prefix { $0 != 0 }
            return Kind(
                offset: Int64(offset), name: String(decoding: name, as: UTF8.self),
                isSummer: file[place + 4] != 0)
        }
        guard kindAt.allSatisfy({ $0 < kinds.count }) else { return nil }
        rule = PosixZone(
            String(decoding: file[end...].drop { $0 == 0x0A }.prefix { $0 != 0x0A }, as: UTF8.self))
    }

    private struct Header {
        static let size = 44
        var version: UInt8
        var moments: Int
        var types: Int
        var characters: Int
        private var rest: Int
        private var leaps: Int

        init?(_ file: [UInt8], at start: Int) {
            guard start >= 0, start + Header.size <= file.count, file[start...].starts(with: "TZif".utf8)
            else {
                return nil
            }
            version = file[start + 4]
            let numbers = (0..<6).map { index in
                (0..<4).reduce(0) { $0 << 8 | Int(file[start + 20 + index * 4 + $1]) }
            }
            guard numbers.allSatisfy({ $0 < 1 << 20 }) else { return nil }
            rest = numbers[0] + numbers[1]
            (leaps, moments, types, characters) = (numbers[2], numbers[3], numbers[4], numbers[5])
        }

        func bodySize(momentSize: Int) -> Int {
            moments * (momentSize + 1) + types * 6 + characters + leaps * (momentSize + 4) + rest
        }
    }

    /// Returns the zone's name at a moment, and its offset in seconds east of Greenwich.
    func offset(at moment: Int64) -> (name: String, offset: Int64) {
        var low = 0
        var high = moments.count
        while low < high {
            let middle = (low + high) / 2
            if moments[middle] <= moment { low = middle + 1 } else { high = middle }
        }
        if low == moments.count, let rule, !moments.isEmpty || kinds.count == 1 {
            return rule.offset(at: moment)
        }
        let kind = low > 0 ? kinds[kindAt[low - 1]] : (kinds.first { !$0.isSummer } ?? kinds[0])
        return (kind.name, kind.offset)
    }
}
