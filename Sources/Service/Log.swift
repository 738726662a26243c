import Glibc
import HTTPServer
import Synchronization
public import Values

/// From silent to talkative; a log writes what is at or above its level.
public enum LogLevel: Int, Sendable, CaseIterable, Comparable {
    case debug, info, warning, error, none

    public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }

    public init?(name: String) {
        switch name {
        case "debug": self = .debug
        case "info": self = .info
        case "warn", "warning": self = .warning
        case "error", "fatal": self = .error
        case "none": self = .none
        default: return nil
        }
    }

    var name: String {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .warning: "warn"
        case .error: "error"
        case .none: "none"
        }
    }
}

/// Writes one line an event to a file descriptor, each with one write(2), so that lines of different threads never
/// mix. JSON by an encoder, or text with control characters escaped: no value can forge a line.
public final class Log: Sendable {
    public let level: LogLevel
    let format: ServeOptions.LogFormat
    private let descriptor: Int32

    /// - Parameters:
    ///   - format: nil is text on a terminal and JSON elsewhere.
    ///   - descriptor: standard error where nothing is said.
    public init(level: LogLevel, format: ServeOptions.LogFormat?, descriptor: Int32 = 2) {
        self.level = level
        self.format = format ?? (isatty(descriptor) == 1 ? .text : .json)
        self.descriptor = descriptor
    }

    public func info(_ message: String, _ members: [Member] = []) { write(.info, message, members) }
    public func warning(_ message: String, _ members: [Member] = []) { write(.warning, message, members) }
    public func error(_ message: String, _ members: [Member] = []) { write(.error, message, members) }

    /// Bytes of one text in a line; what is longer is cut.
    static let longestText = 1024

    func write(_ level: LogLevel, _ message: String, _ members: [Member]) {
        guard level >= self.level, self.level != .none else { return }
        var line = ByteBuffer(capacity: 512)
        switch format {
        case .json:
            var object = Object([
                Member("time", .string(Timestamp.text())), Member("level", .string(level.name)),
                Member("msg", .string(message)),
            ])
            for member in members { object.members.append(Member(member.key, Self.shortened(member.value))) }
            JSON.write(.object(object), into: &line)
        case .text:
            line.append("\(Timestamp.text()) \(level.name) ")
            line.append(Self.oneLine(message))
            for member in members {
                line.append(" \(member.key)=")
                if case .string(let text) = Self.shortened(member.value), Self.isBare(text) {
                    line.append(text)
                } else {
                    JSON.write(Self.shortened(member.value), into: &line)
                }
            }
        }
        line.append(0x0a)
        line.withBytes { bytes in _ = Glibc.write(descriptor, bytes.baseAddress, bytes.count) }
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
