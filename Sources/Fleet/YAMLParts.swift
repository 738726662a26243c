import Values
import YAML

/// Splits a stream of YAML into objects (`ObjectStream`): documents by their markers, the items of a List by their
/// dashes.
///
/// `items:` at the beginning of a line begins a list, as `kubectl get -o yaml` prints it; each line with a dash in the
/// same column as the first begins an item. In YAML's block style, everything inside an item is further to the right. A
/// List in another style is read as a whole, and must then not be longer than one object.
struct YAMLParts {
    private enum Place {
        /// In a document whose `items` have not begun.
        case document
        /// After `items:`, with the column of the dashes, once the first was read.
        case items(column: Int?)
        /// In a list, after its items.
        case tail
    }

    private let name: String
    private var place = Place.document
    /// The lines of the current document or item.
    private var lines: [UInt8] = []
    private var startLine = 1
    /// A line that is not complete yet.
    private var unfinished: [UInt8] = []
    private var line = 0

    init(_ name: String) { self.name = name }

    mutating func read(
        _ bytes: UnsafeBufferPointer<UInt8>, _ part: (ObjectStream.Part) -> Void
    ) throws(StreamError) {
        var start = 0
        while let end = bytes[start...].firstIndex(of: 0x0a) {
            unfinished += bytes[start...end]
            take(part)
            try checkLength()
            start = end + 1
        }
        unfinished += bytes[start...]
        try checkLength()
    }

    mutating func end(_ part: (ObjectStream.Part) -> Void) throws(StreamError) {
        if !unfinished.isEmpty { take(part) }
        emit(part)
    }

    private func checkLength() throws(StreamError) {
        guard lines.count + unfinished.count > ObjectStream.objectBytes else { return }
        throw StreamError(
            name, line: startLine,
            "an object is too long: found more than \(ObjectStream.objectBytes) bytes, expected at most that")
    }

    /// Processes the line in `unfinished`.
    private mutating func take(_ part: (ObjectStream.Part) -> Void) {
        defer { unfinished.removeAll(keepingCapacity: true) }
        line += 1
        let column = unfinished.firstIndex { $0 != 0x20 } ?? 0
        let first = unfinished.indices.contains(column) ? unfinished[column] : 0x0a
        let isBlank = first == 0x0a || first == 0x0d
        if column == 0, Self.isMarker(unfinished) {
            emit(part)
            place = .document
            startLine = line + 1
            return
        }
        switch place {
        case .document:
            if column == 0, Self.isItemsKey(unfinished) {
                lines.removeAll(keepingCapacity: true)
                place = .items(column: nil)
            } else {
                lines += unfinished
            }
        case .items(let dashes):
            if isBlank {
                if dashes != nil { lines += unfinished }
            } else if first == UInt8(ascii: "-"), Self.isSpace(after: column, in: unfinished),
                dashes == nil || dashes == column
            {
                emit(part)
                place = .items(column: column)
                startLine = line
                lines += unfinished
            } else if let dashes, column > dashes {
                lines += unfinished
            } else if first == UInt8(ascii: "#") {
                return
            } else {
                emit(part)
                place = .tail
            }
        case .tail: break
        }
    }

    private static func isMarker(_ line: [UInt8]) -> Bool {
        (line.starts(with: "---".utf8) || line.starts(with: "...".utf8)) && isSpace(after: 2, in: line)
    }

    private static func isSpace(after index: Int, in line: [UInt8]) -> Bool {
        guard line.indices.contains(index + 1) else { return true }
        return line[index + 1] == 0x20 || line[index + 1] == 0x0a || line[index + 1] == 0x0d
    }

    private static func isItemsKey(_ line: [UInt8]) -> Bool {
        guard line.starts(with: "items:".utf8) else { return false }
        let rest = line.dropFirst(6)
        let first = rest.first { $0 != 0x20 && $0 != 0x0a && $0 != 0x0d }
        return first == nil || first == UInt8(ascii: "#")
    }

    /// Parses the lines of a document or an item.
    private mutating func emit(_ part: (ObjectStream.Part) -> Void) {
        defer { lines.removeAll(keepingCapacity: true) }
        guard !lines.isEmpty else { return }
        let start = startLine
        do throws(YAMLError) {
            if case .items = place {
                let value = try YAMLReader.value(lines)
                part(checked(value[0] ?? value, line: start))
            } else {
                for document in try YAMLReader.documents(lines) where !document.isEmpty {
                    part(checked(document.value, line: start + document.line - 1))
                }
            }
        } catch {
            let line = start + (error.position?.line ?? 1) - 1
            part(.problem("\(name):\(line): the object is not YAML: \(error.message)"))
        }
    }

    /// Returns a problem if the value is not an object: text and numbers are valid YAML too.
    private func checked(_ value: Value, line: Int) -> ObjectStream.Part {
        switch value {
        case .object, .array: .object(value, line: line)
        default:
            .problem(
                "\(name):\(line): the document is not an object: found "
                    + "\(JSON.text(value).prefix(Self.shownLength)), expected a pod")
        }
    }

    private static let shownLength = 60
}
