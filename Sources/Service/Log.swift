import Glibc
import HTTPServer
import Synchronization
import System
public import Values

/// Writes one line per event to a file descriptor, each with one write(2), so that lines of different threads are never
/// mixed. The format is JSON, or text with control characters escaped: no value can forge a line.
public final class Log: Sendable {
    public let levels: LogLevels
    let format: ServeOptions.LogFormat
    private let descriptor: Int32

    /// - Parameters:
    ///   - format: nil is text on a terminal and JSON elsewhere.
    ///   - descriptor: standard error by default.
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

    /// The largest length of one text in a line, in bytes; longer ones are truncated.
    static let longestText = 1024

    /// The largest length of a line, in bytes; further members are left out, and their number is logged.
    static let longestLine = 16 << 10

    func write(_ level: LogLevel, _ scope: LogScope, _ message: String, _ members: [Member]) {
        guard writes(level, scope) else { return }
        let members = Self.bounded(members)
        var line = ByteBuffer(capacity: 512)
        switch format {
        case .json:
            line.append("{\"time\":\"")
            Timestamp.append(to: &line)
            line.append("\",\"level\":\"")
            line.append(level.name)
            line.append("\",\"scope\":\"")
            line.append(scope.rawValue)
            line.append("\",\"msg\":")
            JSON.write(Self.shortened(.string(message)), into: &line)
            for member in members {
                line.append(",")
                JSON.writeString(member.key, into: &line)
                line.append(":")
                JSON.write(member.value, into: &line)
            }
            line.append("}")
        case .text:
            line.append("\(Timestamp.text()) \(level.name) \(scope.rawValue) ")
            line.append(Self.shortened(.string(message)).string ?? "")
            for member in members {
                line.append(" \(member.key)=")
                if case .string(let text) = member.value, Self.isBare(text) {
                    line.append(text)
                } else {
                    JSON.write(member.value, into: &line)
                }
            }
            let text = line.text
            line.truncate(to: 0)
            line.append(TerminalText.escaped(text, keepsLines: false))
        }
        line.append(0x0a)
        line.withBytes { bytes in _ = Glibc.write(descriptor, bytes.baseAddress, bytes.count) }
    }

    /// The members that fit in a line, with long texts truncated.
    private static func bounded(_ members: [Member]) -> [Member] {
        var bytes = headBytes
        if members.allSatisfy({ !isLong($0.value) && fits($0, &bytes) }) { return members }
        var kept: [Member] = []
        bytes = headBytes
        for member in members {
            let member = Member(member.key, shortened(member.value))
            guard fits(member, &bytes) else {
                kept.append(Member("omitted", .int(Int64(members.count - kept.count))))
                return kept
            }
            kept.append(member)
        }
        return kept
    }

    /// The largest number of bytes before the members of a line.
    private static let headBytes = 512

    private static func fits(_ member: Member, _ bytes: inout Int) -> Bool {
        var size = 24
        if case .string(let text) = member.value { size = text.utf8.count }
        bytes += member.key.utf8.count + 8 + size
        return bytes <= longestLine
    }

    private static func isLong(_ value: Value) -> Bool {
        guard case .string(let text) = value else { return false }
        return text.utf8.count > longestText
    }

    private static func shortened(_ value: Value) -> Value {
        guard isLong(value), case .string(let text) = value else { return value }
        return .string(String(decoding: text.utf8.prefix(longestText), as: UTF8.self) + "…")
    }

    /// Whether a text needs no quotes: it is not empty and has no blank, quote, `=`, backslash or control character.
    private static func isBare(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x3d && $0 != 0x5c && $0 != 0x7f }
    }
}

/// Formats times as in RFC 3339, in UTC.
enum Timestamp {
    /// Seconds since 1970.
    static var now: Int { WallClock.seconds }

    /// - Parameter seconds: nil is now, with milliseconds.
    static func text(seconds: Int? = nil) -> String {
        var text = ByteBuffer(capacity: 32)
        append(to: &text, seconds: seconds)
        return text.text
    }

    /// Appends the same to other bytes. It formats digit by digit, because every line of the log contains a time.
    static func append(to output: inout ByteBuffer, seconds: Int? = nil) {
        let now = WallClock.now
        var moment = seconds ?? now.seconds
        var parts = tm()
        gmtime_r(&moment, &parts)
        // A certificate may end in any year.
        append(min(max(Int(parts.tm_year) + 1900, 0), 9999), digits: 4, before: "-", to: &output)
        append(Int(parts.tm_mon) + 1, digits: 2, before: "-", to: &output)
        append(Int(parts.tm_mday), digits: 2, before: "T", to: &output)
        append(Int(parts.tm_hour), digits: 2, before: ":", to: &output)
        append(Int(parts.tm_min), digits: 2, before: ":", to: &output)
        append(Int(parts.tm_sec), digits: 2, before: seconds == nil ? "." : "Z", to: &output)
        guard seconds == nil else { return }
        append(now.nanoseconds / 1_000_000, digits: 3, before: "Z", to: &output)
    }

    private static func append(
        _ number: Int, digits: Int, before separator: Unicode.Scalar, to output: inout ByteBuffer
    ) {
        var scale = 1
        for _ in 1..<digits { scale *= 10 }
        while scale > 0 {
            output.append(UInt8(ascii: "0") + UInt8(number / scale % 10))
            scale /= 10
        }
        output.append(UInt8(ascii: separator))
    }
}
