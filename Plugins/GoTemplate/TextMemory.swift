import Synchronization

/// Texts that `tpl` rendered beside a template, compiled: the next rendering of the same template mostly renders the same
/// ones. Any number of threads use it.
final class TextMemory: Sendable {
    private struct State {
        /// Looked through: a dictionary by bytes takes the runtime longer to make than a short run to compile its texts.
        var templates: [(text: [UInt8], name: String, template: GoTemplate)] = []
        var bytes = 0
    }
    private let state = Mutex(State())

    /// Texts that are kept, and bytes of them together; then all are forgotten. A compiled text takes some 50 bytes for
    /// each of its own.
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
