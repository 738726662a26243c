import CStack
import Glibc

/// Room for recursion: parsing and compiling call themselves once for each block or parenthesis inside of another.
///
/// What a level takes of the stack depends on how the code was built (some hundred bytes, or 20 KB under the address
/// sanitizer), so it is not counted but looked at: the work goes on as long as the stack has `Room`. A first try on the
/// caller's stack may use 256 KB of it. A template that nests deeper is done again on a thread of its own with 8 MB,
/// and on ever larger ones; memory that is not touched costs nothing.
enum DeepStack {
    /// The part of a stack that may be used.
    struct Room {
        fileprivate let lowest: UInt

        /// To be asked once a level; what is called between two questions fits the margin.
        @inline(__always)
        var isLeft: Bool { stack_address() > lowest }
    }

    enum Outcome { case done, noRoom }

    /// Of the caller's stack.
    private static let inlineBytes: UInt = 256 << 10
    /// What is kept below the room for what a level calls.
    private static let margin: UInt = 512 << 10
    /// The stacks of the threads; 100,000 levels of an optimized build take less than the third.
    private static let sizes: [UInt] = [8 << 20, 64 << 20, 512 << 20, 4 << 30]

    /// Runs the body until it had room enough, or there is no larger stack.
    static func run(_ body: (Room) -> Outcome) {
        if body(Room(lowest: stack_address() - inlineBytes)) == .done { return }
        for size in sizes {
            var outcome = Outcome.noRoom
            let hasThread = onThread(stack: size) {
                outcome = body(Room(lowest: stack_address() - (size - margin)))
            }
            if outcome == .done || !hasThread { return }
        }
    }

    private final class Work {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }

    /// Runs the body on a thread and waits for it.
    ///
    /// - Returns: false where the system has no such thread to give; the body was not run then.
    private static func onThread(stack: UInt, _ body: () -> Void) -> Bool {
        withoutActuallyEscaping(body) { body in
            var attributes = pthread_attr_t()
            guard pthread_attr_init(&attributes) == 0 else { return false }
            defer { pthread_attr_destroy(&attributes) }
            guard pthread_attr_setstacksize(&attributes, Int(stack)) == 0 else { return false }
            let work = Unmanaged.passRetained(Work(body))
            defer { work.release() }
            var thread = pthread_t()
            let status = pthread_create(
                &thread, &attributes,
                { argument in
                    guard let argument else { return nil }
                    Unmanaged<Work>.fromOpaque(argument).takeUnretainedValue().body()
                    return nil
                }, work.toOpaque())
            guard status == 0 else { return false }
            pthread_join(thread, nil)
            return true
        }
    }
}
