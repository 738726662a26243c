import Synchronization

/// The compiled texts that `tpl` rendered beside a template, because the next rendering of the template usually renders
/// the same ones. Any number of threads may use it.
final class TextMemory: Sendable {
    private struct State {
        /// A list, because setting up a dictionary keyed by bytes costs a short run more than compiling its texts.
        var templates: [(text: [UInt8], name: String, template: GoTemplate)] = []
        var bytes = 0
    }
    private let state = Mutex(State())

    /// The number of kept texts and their bytes together. If either is exceeded, all are forgotten. A compiled text takes
    /// about 50 bytes for each byte of the text.
    private static let most = 256
    private static let mostBytes = 64 << 10

    func template(of text: [UInt8], named name: String) -> GoTemplate? {
        state.withLock { state in
            state.templates.first { $0.text == text && $0.name == name }?.template
        }
    }

    func keep(_ template: GoTemplate, of text: [UInt8], named name: String) {
        guard text.count <= TextMemory.mostBytes / 4 else { return }
        state.withLock { state in
            if state.templates.count >= TextMemory.most || state.bytes + text.count > TextMemory.mostBytes {
                state = State()
            }
            state.templates.append((text, name, template))
            state.bytes += text.count
        }
    }
}
