import Glibc
import System
import Values
import YAML

/// Reads a file, or standard input for `-`.
///
/// - Throws: `Failure` with the file and the system's message.
func read(file path: String) throws(Failure) -> [UInt8] {
    do throws(FileError) {
        return path == "-"
            ? try File.contentsOfStandardInput(atMost: File.longest)
            : try File.contents(of: path, atMost: File.longest, kind: .stream)
    } catch {
        throw Failure(error.description)
    }
}

/// Writes the file (`File.write`); `-` and `/dev/stdout` are standard output.
func write(_ bytes: [UInt8], toFile path: String) throws(Failure) {
    // If standard output is a file, opening it again would overwrite it from its beginning.
    if isStandardOutput(path) { return standardOutput.write(bytes) }
    do throws(FileError) {
        try File.write(bytes, to: path)
    } catch {
        throw Failure(error.description)
    }
}

func isStandardOutput(_ path: String) -> Bool { path == "-" || path == "/dev/stdout" }

/// Returns the last component of a path, which is a template's name in messages.
func baseName(_ path: String) -> String {
    path == "-" ? "stdin" : String(path.split(byte: "/").last ?? Substring(path))
}

/// Parses the documents of a file: as JSON if it begins like JSON, otherwise as YAML.
func values(ofFile path: String) throws -> [Value] {
    let bytes = try read(file: path)
    let name = path == "-" ? "standard input" : path
    let start = bytes.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0a && $0 != 0x0d }
    if start == UInt8(ascii: "{") || start == UInt8(ascii: "[") {
        do throws(JSONError) {
            let value = try JSON.read(bytes)
            return [value]
        } catch {
            // Flow YAML looks like JSON. If the text is neither, JSON's message is more useful.
            guard let documents = try? YAMLReader.documents(bytes) else {
                let position = SourceText(bytes).position(of: error.offset)
                throw Failure("\(name):\(position.line):\(position.column): \(error.message)")
            }
            return documents.filter { !$0.isEmpty }.map(\.value)
        }
    }
    do throws(YAMLError) {
        let documents = try YAMLReader.documents(bytes)
        return documents.filter { !$0.isEmpty }.map(\.value)
    } catch {
        throw Failure("\(name): \(error)")
    }
}

/// Parses a file with one document; null if it has none.
func value(ofFile path: String) throws -> Value {
    let values = try values(ofFile: path)
    guard values.count <= 1 else { throw Failure("\(path): holds \(values.count) documents, expected one") }
    return values.first ?? .null
}

/// The largest length of a line of `forEachLine`, in bytes. A line is one request, and may be larger than the body of a
/// request to a server.
private let longestLine = 256 << 20

/// Calls the closure with each line, without its line feed, as soon as it is available.
func forEachLine(of path: String, _ body: (UnsafeBufferPointer<UInt8>) throws -> Void) throws {
    try File.forEachLine(
        of: path == "-" ? nil : path, atMost: longestLine,
        failure: { Failure($0.description) as any Error }, body)
}
