import Glibc
import System
import Values

/// A stream of the process. Standard output carries only the product; whatever else there is to report goes to
/// standard error. What is written to a terminal has its control characters escaped.
struct Stream: Sendable {
    let descriptor: Int32

    /// Whether colours and progress are shown.
    var isTerminal: Bool { isPrinting && getenv("NO_COLOR") == nil }

    private var isPrinting: Bool { isatty(descriptor) == 1 }

    func write(_ text: String) {
        writeAll(isPrinting ? TerminalText.escaped(text) : text)
    }

    /// Writes text whose escape sequences are ours.
    func write(styled text: StyledText) { writeAll(text.text) }

    func write(_ bytes: [UInt8]) {
        bytes.withUnsafeBufferPointer { write($0) }
    }

    func write(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard isPrinting else { return writeAll(bytes) }
        write(String(decoding: bytes, as: UTF8.self))
    }

    private func writeAll(_ text: String) {
        var text = text
        text.withUTF8 { writeAll($0) }
    }

    /// Writes everything. A reader that went away (`| head`) ends the process quietly, as it does for other tools.
    private func writeAll(_ bytes: UnsafeBufferPointer<UInt8>) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let slice = UnsafeBufferPointer(rebasing: rest)
            let written = Glibc.write(descriptor, slice.baseAddress, slice.count)
            if written < 0 {
                if errno == EINTR { continue }
                if errno == EPIPE { exit(0) }
                // A full disk, for one; with standard error in the same state nobody can be told.
                if descriptor == 1 { complain("standard output: \(systemMessage())") }
                exit(1)
            }
            rest = rest.dropFirst(written)
        }
    }
}

enum Terminal {
    /// Columns of the terminal that standard output is, at most 120; 100 for anything else.
    static let columns: Int = {
        var size = winsize()
        guard isatty(1) == 1, ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 100 }
        return min(max(Int(size.ws_col), 40), 120)
    }()
}

let standardOutput = Stream(descriptor: 1)
let standardError = Stream(descriptor: 2)

/// `pillion: message` on standard error.
func complain(_ message: String) {
    standardError.write("pillion: \(message)\n")
}

/// The same with parts that have colours.
func complain(styled message: StyledText) {
    standardError.write(styled: "pillion: \(message)\n")
}

/// Text with escape sequences of our own. Strings that are interpolated are escaped, literals are not.
struct StyledText: ExpressibleByStringInterpolation {
    fileprivate(set) var text: String

    init(stringLiteral text: String) { self.text = text }
    init(stringInterpolation interpolation: Interpolation) { text = interpolation.text }

    static func += (styled: inout StyledText, more: StyledText) { styled.text += more.text }

    struct Interpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(2 * literalCapacity) }
        mutating func appendLiteral(_ literal: String) { text += literal }
        mutating func appendInterpolation(_ styled: StyledText) { text += styled.text }
        mutating func appendInterpolation(_ string: String) { text += TerminalText.escaped(string) }
        mutating func appendInterpolation(_ number: some BinaryInteger) { text += String(number) }
    }
}

/// Colours for people at a terminal, nothing for pipes.
struct Colour {
    let isOn: Bool
    func bold(_ text: String) -> StyledText { isOn ? "\u{1B}[1m\(text)\u{1B}[0m" : "\(text)" }
    func faint(_ text: String) -> StyledText { isOn ? "\u{1B}[2m\(text)\u{1B}[0m" : "\(text)" }
    func red(_ text: String) -> StyledText { isOn ? "\u{1B}[31m\(text)\u{1B}[0m" : "\(text)" }
    func green(_ text: String) -> StyledText { isOn ? "\u{1B}[32m\(text)\u{1B}[0m" : "\(text)" }
}
