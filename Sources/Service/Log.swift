import Glibc
import HTTPServer
import Synchronization
public import Values

/// Writes one line an event to a file descriptor, each with one write(2), so that lines of different threads never
/// mix. JSON by an encoder, or text with control characters escaped: no value can forge a line.
public final class Log: Sendable {
    public let levels: LogLevels
    let format: ServeOptions.LogFormat
    private let descriptor: Int32

    /// - Parameters:
    ///   - format: nil is text on a terminal and JSON elsewhere.
    ///   - descriptor: standard error where nothing is said.
    public init(_ levels: LogLevels, format: ServeOptions.LogFormat?, descriptor: Int32 = 2) {
        self.levels = levels
        self.format = format ?? (isatty(descriptor) == 1 ? .text : .json)
        self.descriptor = descriptor
    }

    public func debug(_ message: String, _ members: [Member] = [], in scope: LogScope = .server) {
        write(.debug, scope, message, members)
    }
    public func info(_ message: String, _ members: [Member] = [], in scope: LogScope = .server) {
        write(.info, scope, message, members)
    }
    public func warning(_ message: String, _ members: [Member] = [], in scope: LogScope = .server) {
        write(.warning, scope, message, members)
    }
    public func error(_ message: String, _ members: [Member] = [], in scope: LogScope = .server) {
        write(.error, scope, message, members)
    }

    func writes(_ level: LogLevel, _ scope: LogScope) -> Bool {
        let least = levels[scope]
        return level >= least && least != .none
    }

    /// Bytes of one text in a line; what is longer is cut.
    static let longestText = 1024

    /// Bytes of a whole line, past which further members are left out and said to be.
    static let longestLine = 16 << 10

    func write(_ level: LogLevel, _ scope: LogScope, _ message: String, _ members: [Member]) {
        guard writes(level, scope) else { return }
        let members = Self.bounded(members)
        var line = ByteBuffer(capacity: 512)
        switch format {
        case .json:
            var object = Object([
                Member("time", .string(Timestamp.text())), Member("level", .string(level.name)),
                Member("scope", .string(scope.rawValue)), Member("msg", Self.shortened(.string(message))),
            ])
            object.members += members
            JSON.write(.object(object), into: &line)
        case .text:
            line.append("\(Timestamp.text()) \(level.name) \(scope.rawValue) ")
            line.append(Self.oneLine(Self.shortened(.string(message)).string ?? ""))
            for member in members {
                line.append(" \(member.key)=")
                if case .string(let text) = member.value, Self.isBare(text) {
                    line.append(text)
                } else {
                    JSON.write(member.value, into: &line)
                }
            }
        }
        line.append(0x0a)
        line.withBytes { bytes in _ = Glibc.write(descriptor, bytes.baseAddress, bytes.count) }
    }

    /// Long texts cut, and as many members as a line holds.
    private static func bounded(_ members: [Member]) -> [Member] {
        var kept: [Member] = []
        var bytes = 512
        for member in members {
            let value = shortened(member.value)
            bytes += member.key.utf8.count + 8 + (value.string.map { $0.utf8.count } ?? 24)
            guard bytes <= longestLine else {
                kept.append(Member("omitted", .int(Int64(members.count - kept.count))))
                return kept
            }
            kept.append(Member(member.key, value))
        }
        return kept
    }

    private static func shortened(_ value: Value) -> Value {
        guard case .string(let text) = value, text.utf8.count > longestText else { return value }
        return .string(String(decoding: text.utf8.prefix(longestText), as: UTF8.self) + "…")
    }

    /// Whether a text can stand without quotes: no blank, quote, `=` or control character in it.
    private static func isBare(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x3d && $0 != 0x5c && $0 != 0x7f }
    }

    private static func oneLine(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) else { return text }
        return String(
            text.unicodeScalars.flatMap { scalar -> String.UnicodeScalarView in
                switch scalar {
                case "\n": "\\n".unicodeScalars
                case "\t": "\\t".unicodeScalars
                case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                    "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars
                default: String(scalar).unicodeScalars
                }
            }.map(Character.init))
    }
}

/// The time of day as RFC 3339 has it, in UTC.
enum Timestamp {
    /// Seconds since 1970.
    static var now: Int { time(nil) }

    static func text(seconds: Int? = nil) -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var moment = seconds ?? now.tv_sec
        var parts = tm()
        gmtime_r(&moment, &parts)
        let date = "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
        let time = "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
        guard seconds == nil else { return "\(date)T\(time)Z" }
        let milliseconds = String(1_000 + now.tv_nsec / 1_000_000).dropFirst()
        return "\(date)T\(time).\(milliseconds)Z"
    }

    private static func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : String(number) }
}
