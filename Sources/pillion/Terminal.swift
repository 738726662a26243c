import Glibc
import System
import Values

/// A stream of the process. Standard output carries only the product; whatever else there is to say goes to
/// standard error.
struct Stream: Sendable {
    let descriptor: Int32

    var isTerminal: Bool { isatty(descriptor) == 1 && getenv("NO_COLOR") == nil }

    func write(_ text: String) {
        var text = text
        text.withUTF8 { write($0) }
    }

    func write(_ bytes: [UInt8]) {
        bytes.withUnsafeBufferPointer { write($0) }
    }

    /// Writes everything. A reader that went away (`| head`) ends the process quietly, as it does for other tools.
    func write(_ bytes: UnsafeBufferPointer<UInt8>) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let slice = UnsafeBufferPointer(rebasing: rest)
            let written = Glibc.write(descriptor, slice.baseAddress, slice.count)
            if written < 0 {
                if errno == EINTR { continue }
                if errno == EPIPE { exit(0) }
                // A full disk, for one; with standard error in the same state there is nobody to tell.
                if descriptor == 1 { complain("standard output: \(systemMessage())") }
                exit(1)
            }
            rest = rest.dropFirst(written)
        }
    }
}

let standardOutput = Stream(descriptor: 1)
let standardError = Stream(descriptor: 2)

/// `pillion: message` on standard error.
func complain(_ message: String) {
    standardError.write("pillion: \(message)\n")
}

/// Escape sequences for people at a terminal, nothing for pipes.
struct Colour {
    let isOn: Bool
    func bold(_ text: String) -> String { isOn ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
    func faint(_ text: String) -> String { isOn ? "\u{1B}[2m\(text)\u{1B}[0m" : text }
    func red(_ text: String) -> String { isOn ? "\u{1B}[31m\(text)\u{1B}[0m" : text }
    func green(_ text: String) -> String { isOn ? "\u{1B}[32m\(text)\u{1B}[0m" : text }
}
