import Values
import YAML

/// The kind and the metadata of the documents that each template of a kept chart wrote last, so that the next rendering,
/// which mostly differs in some scalars, need not parse them.
struct KnownOutlines: Sendable {
    private var outlines: [String: [YAMLOutline?]] = [:]
    private var bytes = 0
    /// Whether something was learned since the last `settled`.
    private(set) var hasChanged = false

    /// Bytes of the texts of one chart; then all are forgotten. Most charts write less than half of that.
    private static let mostBytes = 256 << 10
    /// Documents of one template.
    private static let mostDocuments = 64
    private static let members = ["kind", "metadata"]

    var settled: KnownOutlines {
        var settled = self
        settled.hasChanged = false
        return settled
    }

    /// The value of a document, or its kind and metadata only.
    ///
    /// - Parameter index: among the documents of the template at that path.
    mutating func head(of text: [UInt8], at index: Int, in path: String) throws(YAMLError) -> Value {
        let known = outlines[path].flatMap { $0.indices.contains(index) ? $0[index] : nil }
        if let known, known.holds(for: text) { return known.value }
        guard let outline = YAMLOutline(of: text, members: KnownOutlines.members) else {
            return try YAMLReader.value(text)
        }
        keep(outline, at: index, in: path)
        return outline.value
    }

    private mutating func keep(_ outline: YAMLOutline, at index: Int, in path: String) {
        guard outline.size <= KnownOutlines.mostBytes, index < KnownOutlines.mostDocuments else { return }
        var documents = outlines[path] ?? []
        while documents.count <= index { documents.append(nil) }
        bytes += outline.size - (documents[index]?.size ?? 0)
        documents[index] = outline
        if bytes > KnownOutlines.mostBytes {
            outlines = [:]
            bytes = 0
        } else {
            outlines[path] = documents
        }
        hasChanged = true
    }
}
