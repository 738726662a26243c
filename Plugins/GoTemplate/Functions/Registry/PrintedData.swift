import PluginAPI
import Values

/// What functions printed of maps of the data, for the next template that prints the same: labels and resources of a chart
/// are printed in each of its templates. Data never changes; a map that was changed is not data any more.
struct PrintedData {
    enum Form: Hashable {
        case yaml, json
    }
    private struct Key: Hashable {
        var address: UnsafeRawPointer
        var form: Form
    }
    private struct Entry {
        /// Keeps the memory, so that its address names nothing else.
        var object: Object
        var text: GoValue
    }

    private var entries: [Key: Entry] = [:]
    private var bytes = 0

    /// Texts that are kept, and bytes of them together; then all are forgotten.
    private static let most = 256
    private static let mostBytes = 256 << 10

    private static func key(_ object: Object, _ form: Form) -> Key? {
        object.members.withUnsafeBufferPointer { $0.baseAddress }.map {
            Key(address: UnsafeRawPointer($0), form: form)
        }
    }

    func text(of object: Object, as form: Form) -> GoValue? {
        guard let key = PrintedData.key(object, form), let entry = entries[key] else { return nil }
        // Storage of arrays is shared as a whole; a shorter one is another.
        return entry.object.members.isSameStorage(as: object.members) ? entry.text : nil
    }

    mutating func keep(_ text: GoValue, of object: Object, as form: Form) {
        let size = text.textSize
        guard size <= PrintedData.mostBytes, let key = PrintedData.key(object, form) else { return }
        if entries.count >= PrintedData.most || bytes + size > PrintedData.mostBytes {
            entries.removeAll()
            bytes = 0
        }
        entries[key] = Entry(object: object, text: text)
        bytes += size
    }
}

extension FunctionContext {
    /// The text that `print` gives for a value; a map of the data is printed once.
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
