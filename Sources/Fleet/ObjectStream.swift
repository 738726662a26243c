public import Values
import YAML

/// Splits a stream of JSON or YAML into objects, as its bytes come.
///
/// In: pieces of a text of any length: objects one after another, documents, or a List whose `items` are handed over one
/// by one. Out: objects as Values or JSON text, or what is wrong with one, with its line. Nothing is kept but the object that is being
/// read. It does not look into objects: a List within a List is one object.
public struct ObjectStream: ~Copyable {
    /// An object of the stream.
    public enum Part {
        case object(Value, line: Int)
        /// An object of a stream of JSON, which was not parsed yet.
        case text(ObjectText)
        /// An object that cannot be read. The rest of the stream is read all the same.
        case problem(String)
    }

    /// Bytes of one object: an API server stores at most 1.5 MiB of one, and YAML may need more for the same.
    public static let objectBytes = 8 << 20
    /// Arrays and objects within each other in one object.
    static let depth = 512

    private enum Format {
        /// Nothing but blanks so far.
        case undecided
        case json(JSONParts)
        case yaml(YAMLParts)
    }

    private let name: String
    private var format = Format.undecided

    /// - Parameter name: the stream's, for messages: a file's path, `standard input`.
    public init(name: String) { self.name = name }

    /// Reads a further piece of the stream.
    ///
    /// - Throws: what ends the stream before its end: an object that is too long, or text that is not JSON between
    ///   objects.
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
    /// - Throws: where it ends in the middle of an object.
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

    /// JSON has no use for a byte order mark, and a piece of YAML keeps its lines.
    private static func afterMark(_ bytes: UnsafeBufferPointer<UInt8>, _ first: Int) -> Int {
        bytes[..<first].contains { $0 == 0xef || $0 == 0xbb || $0 == 0xbf } ? first : 0
    }
}

/// The text of one object of a stream of JSON.
public struct ObjectText {
    /// Valid until the call that hands it over returns.
    public let bytes: UnsafeBufferPointer<UInt8>
    let name: String
    let line: Int

    /// The object, or what is wrong with it.
    public func parsed() -> ObjectStream.Part {
        do throws(JSONError) {
            return .object(
                try JSON.read(bytes, limits: JSONLimits(depth: ObjectStream.depth)), line: line)
        } catch {
            return .problem("\(name):\(line): the object is not JSON: \(error.message)")
        }
    }
}

/// Why a stream cannot be read further.
public struct StreamError: Error, Sendable, CustomStringConvertible {
    /// With the stream's name and the line.
    public let description: String

    init(_ name: String, line: Int, _ message: String) { description = "\(name):\(line): \(message)" }
}
