import Synchronization

/// Caches the compiled texts that `tpl` rendered with a template, because the next rendering of the template usually
/// renders the same ones. Any number of threads may use it.
final class TextMemory: Sendable {
    private struct State {
        /// A list, because setting up a dictionary with bytes as keys costs a short run more than compiling its texts.
        var templates: [(text: [UInt8], name: String, template: GoTemplate)] = []
        var bytes = 0
    }
    private let state = Mutex(State())

    /// The largest number of cached texts and their total bytes. If either is exceeded, all are removed. A compiled
    /// text takes about 50 bytes per byte of the text.
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
