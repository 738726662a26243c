import Synchronization

/// Texts that `tpl` rendered beside a template, compiled: the next rendering of the same template mostly renders the same
/// ones. Any number of threads use it.
final class TextMemory: Sendable {
    private struct State {
        var templates: [[UInt8]: (name: String, template: GoTemplate)] = [:]
        var bytes = 0
    }
    private let state = Mutex(State())

    /// Texts that are kept, and bytes of them together; then all are forgotten. A compiled text takes some 50 bytes for
    /// each of its own.
    private static let most = 256
    private static let mostBytes = 64 << 10

    func template(of text: [UInt8], named name: String) -> GoTemplate? {
        state.withLock { state in
            state.templates[text].flatMap { $0.name == name ? $0.template : nil }
        }
    }

    func keep(_ template: GoTemplate, of text: [UInt8], named name: String) {
        guard text.count <= TextMemory.mostBytes / 4 else { return }
        state.withLock { state in
            if state.templates.count >= TextMemory.most || state.bytes + text.count > TextMemory.mostBytes {
                state = State()
            }
            if state.templates.updateValue((name, template), forKey: text) == nil {
                state.bytes += text.count
            }
        }
    }
}
