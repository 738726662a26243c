import Glibc
import System
import Values
import YAML

/// The bytes of a file, or of standard input for `-`.
///
/// - Throws: `Failure` naming the file and what the system says.
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
    // Opened again, a file that is standard output would be written from its beginning.
    if isStandardOutput(path) { return standardOutput.write(bytes) }
    do throws(FileError) {
        try File.write(bytes, to: path)
    } catch {
        throw Failure(error.description)
    }
}

func isStandardOutput(_ path: String) -> Bool { path == "-" || path == "/dev/stdout" }

/// The last part of a path: what messages call a template by.
func baseName(_ path: String) -> String {
    path == "-" ? "stdin" : String(path.split(byte: "/").last ?? Substring(path))
}

/// The documents of a file: JSON where it begins like JSON, else YAML.
func values(ofFile path: String) throws -> [Value] {
    let bytes = try read(file: path)
    let name = path == "-" ? "standard input" : path
    let start = bytes.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0a && $0 != 0x0d }
    if start == UInt8(ascii: "{") || start == UInt8(ascii: "[") {
        do throws(JSONError) {
            let value = try JSON.read(bytes)
            return [value]
        } catch {
            // Flow YAML looks like JSON; where it is neither, JSON's message is the better one.
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

/// The one document of a file, null where it holds none.
func value(ofFile path: String) throws -> Value {
    let values = try values(ofFile: path)
    guard values.count <= 1 else { throw Failure("\(path): holds \(values.count) documents, expected one") }
    return values.first ?? .null
}

/// Bytes of one line of `forEachLine`, which is one request: what the body of a request to a server may have, and more.
private let longestLine = 256 << 20

/// Hands over each line without its line feed, as soon as it is there.
func forEachLine(of path: String, _ body: (UnsafeBufferPointer<UInt8>) throws -> Void) throws {
    try File.forEachLine(
        of: path == "-" ? nil : path, atMost: longestLine,
        failure: { Failure($0.description) as any Error }, body)
}
