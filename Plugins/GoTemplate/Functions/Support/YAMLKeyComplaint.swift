import Values
import YAML

/// Formats a mapping's key that is a list or a map as Go's `%#v` does, for the error of go-yaml.
///
/// The reader drops such keys. Therefore the text at the position of the error is parsed again, in pieces that grow
/// until one of them is the key.
enum YAMLKeyComplaint {
    /// The number of pieces that are tried. A longer key is not shown.
    private static let attempts = 64

    /// - Returns: for example `[]interface {}{"a"}`; nil if the key is not found.
    static func shown(_ text: [UInt8], _ position: SourcePosition) -> [UInt8]? {
        let lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
        guard lines.indices.contains(position.line - 1) else { return nil }
        let first = lines[position.line - 1]
        let column = min(max(position.column - 1, 0), first.count)
        let start = first.startIndex + column
        let isFlow = start < text.count && (text[start] == 0x5B || text[start] == 0x7B)
        return isFlow ? flow(text[start...]) : block(lines[(position.line - 1)...], column)
    }

    private static func flow(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var left = attempts
        for (index, byte) in zip(text.indices, text) where byte == 0x5D || byte == 0x7D {
            left -= 1
            if left < 0 { return nil }
            if let value = collection(Array(text[...index])) { return shown(value) }
        }
        return nil
    }

    /// Formats the key in the lines from its first line up to the one that begins with the colon after it.
    private static func block(_ lines: ArraySlice<ArraySlice<UInt8>>, _ column: Int) -> [UInt8]? {
        var piece: [UInt8] = []
        for (count, line) in lines.prefix(attempts).enumerated() {
            if count > 0, line.drop(while: { $0 == 0x20 }).first == 0x3A { break }
            piece +=
                count == 0 ? [UInt8](repeating: 0x20, count: column) + line.dropFirst(column) : Array(line)
            piece.append(0x0A)
        }
        return collection(piece).flatMap(shown)
    }

    private static func collection(_ text: [UInt8]) -> Value? {
        let options = YAMLOptions(limits: YAMLLimits(nodes: 10_000))
        guard let value = try? YAMLReader.value(text, options: options) else { return nil }
        switch value {
        case .array, .object: return value
        default: return nil
        }
    }

    private static func shown(_ value: Value) -> [UInt8]? {
        var output = ByteBuffer()
        append(value, into: &output, depth: 0)
        return output.bytes
    }

    private static func append(_ value: Value, into output: inout ByteBuffer, depth: Int) {
        // The depth is that of the reader.
        guard depth < 200 else { return output.append("…") }
        switch value {
        case .array(let items):
            output.append("[]interface {}{")
            for (index, item) in items.enumerated() {
                if index > 0 { output.append(", ") }
                append(item, into: &output, depth: depth + 1)
            }
            output.append("}")
        case .object(let object):
            output.append("map[interface {}]interface {}{")
            for (index, member) in object.sortedMembers.enumerated() {
                if index > 0 { output.append(", ") }
                output.append(GoText.quotedBytes(Array(member.key.utf8)))
                output.append(":")
                append(member.value, into: &output, depth: depth + 1)
            }
            output.append("}")
        default: output.append(GoFormat.printf("%#v", [GoValue(value)]))
        }
    }
}
