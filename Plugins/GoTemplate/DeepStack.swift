import Glibc

/// Room for recursion: parsing and compiling call themselves once for each block or parenthesis inside of another.
///
/// Up to `inlineLevels` that happens on the caller's stack and needs less than 256 KB of it. A deeper template is
/// done again on a thread of its own whose stack has the room that the template's size and the nesting limit can
/// come to need; memory that is not touched costs nothing.
enum DeepStack {
    /// Levels that any caller's stack has room for.
    static let inlineLevels = 60
    /// More than a block takes, also without optimization.
    private static let bytesPerLevel = 10_240
    /// What a parenthesis takes more than a block; they nest less deep.
    private static let bytesPerParenthesis = 22_528
    private static let parentheses = 10_100

    private final class Work {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }

    /// Runs the body on a stack for so many levels and waits for it.
    ///
    /// - Returns: false where the system has no such thread to give; the body was not run then.
    static func run(levels: Int, _ body: () -> Void) -> Bool {
        withoutActuallyEscaping(body) { body in
            var attributes = pthread_attr_t()
            guard pthread_attr_init(&attributes) == 0 else { return false }
            defer { pthread_attr_destroy(&attributes) }
            let size = (1 << 20) + levels * bytesPerLevel + min(levels, parentheses) * bytesPerParenthesis
            guard pthread_attr_setstacksize(&attributes, size) == 0 else { return false }
            let work = Unmanaged.passRetained(Work(body))
            var thread = pthread_t()
            let status = pthread_create(
                &thread, &attributes,
                { argument in
                    guard let argument else { return nil }
                    Unmanaged<Work>.fromOpaque(argument).takeUnretainedValue().body()
                    return nil
                }, work.toOpaque())
            defer { work.release() }
            guard status == 0 else { return false }
            pthread_join(thread, nil)
            return true
        }
    }

    /// How deep a text of that many bytes can nest: parentheses as deep as the parser lets them, blocks of at least
    /// nine bytes.
    static func levels(for bytes: Int, limit: Int) -> Int { min(limit, parentheses + bytes / 8) }
}
