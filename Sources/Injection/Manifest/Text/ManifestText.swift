import Values
import YAML

/// The text of one document of a manifest. Edits it to have another value.
///
/// Lines whose values did not change remain unchanged, with their comments, quotes and indentation. Added members and
/// items are written between them, in the style of the document, and removed ones are cut out. Comments of removed
/// parts stay as lines of their own. If the text has a form that cannot be edited (anchors, for example), the smallest
/// member around it is rewritten. The result is parsed again. If it does not have the new value, the whole document is
/// rewritten.
struct ManifestText {
    /// A document after its edits.
    struct Edited {
        var text: [UInt8]
        /// The edits, in the order of the text.
        var edits: [TextEdits.Edit]
        /// Whether the whole document was rewritten, so that its comments and layout are lost.
        var isRewritten = false
    }

    private let text: DocumentText
    private let document: YAMLDocument
    /// Whether it begins on the line of its `---`.
    private let isAfterMarker: Bool

    /// - Parameters:
    ///   - bytes: the bytes of the whole manifest.
    ///   - document: a document that was parsed with its layout.
    init(_ bytes: [UInt8], _ document: YAMLDocument) {
        text = DocumentText(Array(bytes[document.range]))
        self.document = document
        let start = document.range.lowerBound
        isAfterMarker = start > 0 && bytes[start - 1] != 0x0a
    }

    func edited(to new: Value) -> Edited {
        // Blank lines after a node belong to the next node, except after a block scalar that keeps them (`|+`). A block
        // scalar at the end of the text, without a line break, would gain one from text written after it.
        for ending in BlockEdit.Ending.allCases {
            guard let layout = document.layout else { break }
            var edit = BlockEdit(text, layout, document.value, ending: ending)
            if let edits = edit.edited(from: document.value, to: new) {
                let changed = TextEdits.apply(edits, to: text.bytes)
                if reads(changed, as: new) { return Edited(text: changed, edits: edits) }
            }
        }
        var output = ByteBuffer(capacity: 16 << 10)
        // On the line of its `---` it would parse differently: `---kind: Pod`.
        if isAfterMarker || text.bytes.first == 0x0a { output.append(0x0a) }
        YAMLWriter.write(new, into: &output, order: .asGiven)
        let all = TextEdits.Edit(range: 0..<text.bytes.count, text: output.bytes)
        return Edited(text: all.text, edits: [all], isRewritten: true)
    }

    private func reads(_ changed: [UInt8], as new: Value) -> Bool {
        YAMLReader.reads(isAfterMarker ? Array("---".utf8) + changed : changed, as: new)
    }

    /// Edits the text of one JSON value to a new value; nil if it cannot be edited.
    static func editedJSON(_ bytes: [UInt8], from old: Value, to new: Value, limits: JSONLimits) -> Edited? {
        let text = DocumentText(bytes)
        guard let start = bytes.firstIndex(where: { $0 == 0x7b || $0 == 0x5b }) else { return nil }
        var edit = FlowEdit(text, isJSON: true, unit: jsonUnit(of: text))
        guard (try? edit.edit(at: start, from: old, to: new)) != nil, let edits = edit.edits.sorted() else {
            return nil
        }
        let changed = TextEdits.apply(edits, to: bytes)
        guard (try? JSON.read(changed, limits: limits)) == new else { return nil }
        return Edited(text: changed, edits: edits)
    }

    /// The indentation of a collection's entries: the first increase after a line that ends with a bracket.
    private static func jsonUnit(of text: DocumentText) -> String {
        var last: [UInt8]?
        for line in 0..<text.lines.count - 1 {
            let bytes = text.bytes[text.range(of: line..<line + 1)]
            let blanks = Array(bytes.prefix { $0 == 0x20 || $0 == 0x09 })
            guard let end = bytes.lastIndex(where: { !DocumentText.isSpace($0) }) else { continue }
            if let last, blanks.count > last.count, blanks.starts(with: last) {
                return String(decoding: blanks[last.count...].prefix(16), as: UTF8.self)
            }
            last = bytes[end] == 0x7b || bytes[end] == 0x5b ? blanks : nil
        }
        return "  "
    }
}
