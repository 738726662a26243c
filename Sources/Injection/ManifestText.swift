import Values
import YAML

/// One YAML document of a manifest as text, and the text that says something else.
struct ManifestText {
    private let bytes: [UInt8]
    private let document: YAMLDocument

    init(_ bytes: [UInt8], _ document: YAMLDocument) {
        self.bytes = bytes
        self.document = document
    }

    /// The document's text for a new value.
    func edited(to value: Value) -> [UInt8] {
        var output = ByteBuffer(capacity: 16 << 10)
        YAMLWriter.write(value, into: &output, order: .asGiven)
        return output.bytes
    }
}
