import Values
import YAML

/// The outlines of the documents that each template of a kept chart wrote last: kind, name and hook, which determine the
/// order of installation. The next rendering usually differs only in some scalars, and then its documents are not parsed.
struct KnownOutlines: Sendable {
    private struct Template {
        var path: String
        var documents: [YAMLOutline?] = []
    }
    /// Indexed by the templates' numbers, which depend on the enabled subcharts.
    private var templates: [Template] = []
    private var bytes = 0
    /// Whether an outline was added since the last `settled`.
    private(set) var hasChanged = false

    /// The size of one chart's outlines in bytes. If this is exceeded, all are removed. Most charts need less than half
    /// of it.
    private static let mostBytes = 256 << 10
    /// The number of documents of one template.
    private static let mostDocuments = 64
    private static let paths = [
        ["kind"], ["metadata", "name"], ["metadata", "annotations", "helm.sh/hook"],
    ]

    var settled: KnownOutlines {
        var settled = self
        settled.hasChanged = false
        return settled
    }

    /// Returns the value of a document, or only its kind, name and hook.
    ///
    /// - Parameters:
    ///   - index: the document's index in the template's output.
    ///   - number: the template's number.
    mutating func head(
        of text: [UInt8], at index: Int, ofTemplate number: Int, _ path: String
    ) throws(YAMLError) -> Value {
        if number < templates.count, templates[number].path == path,
            index < templates[number].documents.count, let known = templates[number].documents[index],
            known.holds(for: text)
        {
            return known.value
        }
        guard let outline = YAMLOutline(of: text, paths: KnownOutlines.paths) else {
            return try YAMLReader.value(text)
        }
        if index < KnownOutlines.mostDocuments, outline.size <= KnownOutlines.mostBytes / 4 {
            keep(outline, at: index, ofTemplate: number, path)
        }
        return outline.value
    }

    private mutating func keep(_ outline: YAMLOutline, at index: Int, ofTemplate number: Int, _ path: String)
    {
        hasChanged = true
        while templates.count <= number { templates.append(Template(path: "")) }
        if templates[number].path != path {
            bytes -= templates[number].documents.reduce(0) { $0 + ($1?.size ?? 0) }
            templates[number] = Template(path: path)
        }
        while templates[number].documents.count <= index { templates[number].documents.append(nil) }
        bytes += outline.size - (templates[number].documents[index]?.size ?? 0)
        templates[number].documents[index] = outline
        if bytes > KnownOutlines.mostBytes {
            templates = []
            bytes = 0
        }
    }
}
