import Glibc
import System
import Values

/// An output stream of the process. Standard output carries only results; everything else is written to standard error.
/// Control characters are escaped on a terminal.
struct Stream: Sendable {
    let descriptor: Int32

    /// Whether colours and progress are shown.
    var isTerminal: Bool { isPrinting && getenv("NO_COLOR") == nil }

    private var isPrinting: Bool { isatty(descriptor) == 1 }

    func write(_ text: String) {
        writeAll(isPrinting ? TerminalText.escaped(text) : text)
    }

    /// Writes text whose escape sequences are the program's own.
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

    /// Writes all bytes. If the reader has gone (`| head`), the process ends silently, as other tools do.
    private func writeAll(_ bytes: UnsafeBufferPointer<UInt8>) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let slice = UnsafeBufferPointer(rebasing: rest)
            let written = Glibc.write(descriptor, slice.baseAddress, slice.count)
            if written < 0 {
                if errno == EINTR { continue }
                if errno == EPIPE { exit(0) }
                // For example a full disk. If standard error fails too, nothing can be reported.
                if descriptor == 1 { complain("standard output: \(systemMessage())") }
                exit(1)
            }
            rest = rest.dropFirst(written)
        }
    }
}

enum Terminal {
    /// The width of the terminal on standard output, at most 120 columns; 100 if it is not a terminal.
    static let columns: Int = {
        var size = winsize()
        guard isatty(1) == 1, ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 100 }
        return min(max(Int(size.ws_col), 40), 120)
    }()
}

let standardOutput = Stream(descriptor: 1)
let standardError = Stream(descriptor: 2)

/// Prints `pillion: message` to standard error.
func complain(_ message: String) {
    standardError.write("pillion: \(message)\n")
}

/// Prints the same with coloured parts.
func complain(styled message: StyledText) {
    standardError.write(styled: "pillion: \(message)\n")
}

/// Text with the program's own escape sequences. Interpolated strings are escaped, literals are not.
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

/// Adds colours on a terminal, and nothing otherwise.
struct Colour {
    let isOn: Bool
    func bold(_ text: String) -> StyledText { isOn ? "\u{1B}[1m\(text)\u{1B}[0m" : "\(text)" }
    func faint(_ text: String) -> StyledText { isOn ? "\u{1B}[2m\(text)\u{1B}[0m" : "\(text)" }
    func red(_ text: String) -> StyledText { isOn ? "\u{1B}[31m\(text)\u{1B}[0m" : "\(text)" }
    func green(_ text: String) -> StyledText { isOn ? "\u{1B}[32m\(text)\u{1B}[0m" : "\(text)" }
}
