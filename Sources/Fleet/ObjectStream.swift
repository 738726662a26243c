public import Values
import YAML

/// Splits a stream of JSON or YAML into objects, as its bytes arrive.
///
/// In: pieces of a text of any length: objects one after another, documents, or a List whose `items` are delivered one
/// by one. Out: objects as Values or JSON text, or the problem of one, with its line. Only the current object is kept.
/// Objects are not split further: a List within a List is one object.
public struct ObjectStream: ~Copyable {
    /// An object of the stream.
    public enum Part {
        case object(Value, line: Int)
        /// An object of a stream of JSON that is not parsed yet.
        case text(ObjectText)
        /// An object that cannot be read. The rest of the stream is still read.
        case problem(String)
    }

    /// The largest size of one object, in bytes: an API server stores at most 1.5 MiB, and YAML may need more for the
    /// same object.
    public static let objectBytes = 8 << 20
    /// The largest depth of arrays and objects in one object.
    static let depth = 512

    private enum Format {
        /// There were only blanks so far.
        case undecided
        case json(JSONParts)
        case yaml(YAMLParts)
    }

    private let name: String
    private var format = Format.undecided

    /// - Parameter name: the stream's name in messages: a file's path, or `standard input`.
    public init(name: String) { self.name = name }

    /// Reads the next piece of the stream.
    ///
    /// - Throws: if the stream cannot be read further: an object is too long, or there is text between objects that is
    ///   not JSON.
    public mutating func read(_ bytes: UnsafeBufferPointer<UInt8>, _ part: (Part) -> Void) throws(StreamError)
    {
        var rest = bytes
        if case .undecided = format {
            let first = bytes.firstIndex { !Self.isBlank($0) }
            guard let first else { return }
            let isJSON = bytes[first] == UInt8(ascii: "{") || bytes[first] == UInt8(ascii: "[")
            format = isJSON ? .json(JSONParts(name)) : .yaml(YAMLParts(name))
            rest = UnsafeBufferPointer(rebasing: bytes[Self.afterMark(bytes, first)...])
        }
        switch format {
        case .undecided: break
        case .json(var json):
            format = .undecided
            defer { format = .json(json) }
            try json.read(rest, part)
        case .yaml(var yaml):
            format = .undecided
            defer { format = .yaml(yaml) }
            try yaml.read(rest, part)
        }
    }

    /// Reads the end of the stream.
    ///
    /// - Throws: if it ends within an object.
    public mutating func end(_ part: (Part) -> Void) throws(StreamError) {
        switch format {
        case .undecided: break
        case .json(let json): try json.end()
        case .yaml(var yaml):
            format = .undecided
            try yaml.end(part)
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d || byte == 0xef || byte == 0xbb
            || byte == 0xbf
    }

    /// Returns the offset after a byte order mark, which JSON does not allow; 0 without one, because YAML needs all
    /// lines of a piece.
    private static func afterMark(_ bytes: UnsafeBufferPointer<UInt8>, _ first: Int) -> Int {
        bytes[..<first].contains { $0 == 0xef || $0 == 0xbb || $0 == 0xbf } ? first : 0
    }
}

/// The text of one object of a stream of JSON.
public struct ObjectText {
    /// The bytes, valid until the closure that receives them returns.
    public let bytes: UnsafeBufferPointer<UInt8>
    let name: String
    let line: Int

    /// Parses the object; the result is the object or its problem.
    public func parsed() -> ObjectStream.Part {
        do throws(JSONError) {
            return .object(
                try JSON.read(bytes, limits: JSONLimits(depth: ObjectStream.depth)), line: line)
        } catch {
            return .problem("\(name):\(line): the object is not JSON: \(error.message)")
        }
    }
}

/// The reason why a stream cannot be read further.
public struct StreamError: Error, Sendable, CustomStringConvertible {
    /// The message with the stream's name and the line.
    public let description: String

    init(_ name: String, line: Int, _ message: String) { description = "\(name):\(line): \(message)" }
}
