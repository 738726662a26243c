import PluginAPI
import Values

/// Caches the output of functions that print maps of the data, because the labels and resources of a chart are printed
/// in each of its templates. Data never changes; a map that was changed no longer counts as data. It also caches the
/// digest of the last text, because several templates contain the checksum of the same configuration.
struct PrintedData {
    enum Form {
        case yaml, json
    }
    private struct Entry {
        var object: Object
        var form: Form
        var text: GoValue
    }

    /// The cached texts. A chart has a few, so searching linearly is quicker than hashing.
    private var entries: [Entry] = []
    private var bytes = 0
    private var digest: (text: [UInt8], sum: GoValue)?

    /// The largest number of texts and their total bytes. If one is exceeded, all are removed.
    private static let most = 64
    private static let mostBytes = 256 << 10

    /// Returns the digest of a text, which `sum` computes.
    mutating func digest(of text: [UInt8], sum: () -> GoValue) -> GoValue {
        if let digest, digest.text == text { return digest.sum }
        let made = sum()
        if text.count <= PrintedData.mostBytes { digest = (text, made) }
        return made
    }

    func text(of object: Object, as form: Form) -> GoValue? {
        entries.first { $0.form == form && $0.object.members.isSameStorage(as: object.members) }?.text
    }

    mutating func keep(_ text: GoValue, of object: Object, as form: Form) {
        let size = text.textSize
        guard size <= PrintedData.mostBytes else { return }
        if entries.count >= PrintedData.most || bytes + size > PrintedData.mostBytes {
            entries.removeAll()
            bytes = 0
        }
        entries.append(Entry(object: object, form: form, text: text))
        bytes += size
    }
}

extension FunctionContext {
    /// Returns the text that `print` returns for a value. A map of the data is printed only once.
    func printed(
        _ value: GoValue, as form: PrintedData.Form, print: () throws(FunctionError) -> GoValue
    ) throws(FunctionError) -> GoValue {
        guard case .map(let map) = value, let data = map.unchanged, !data.isEmpty else { return try print() }
        if let known = printedData.text(of: data, as: form) { return known }
        let text = try print()
        printedData.keep(text, of: data, as: form)
        return text
    }
}
