import CStack
import Glibc
import System

/// Stack space for recursion: parsing and compiling call themselves once for each nested block or parenthesis.
///
/// The stack space of a level depends on the build (some hundred bytes, or 20 KB with the address sanitizer), so the
/// levels are not counted. Instead, the work continues as long as the stack has `Room`. A first attempt may use 256 KB
/// of the caller's stack. A template that nests deeper is processed again on a thread of its own with 8 MB, and then on
/// ever larger ones. Memory that is not touched costs nothing.
enum DeepStack {
    /// The part of a stack that may be used.
    struct Room {
        fileprivate let lowest: UInt

        /// Whether there is stack space left. It must be checked once per level: the calls between two checks fit in
        /// the margin.
        @inline(__always)
        var isLeft: Bool { stack_address() > lowest }
    }

    enum Outcome { case done, noRoom }

    /// The number of bytes of the caller's stack that may be used.
    private static let inlineBytes: UInt = 256 << 10
    /// The space that is reserved below the room for the calls of one level.
    private static let margin: UInt = 512 << 10
    /// The stack sizes of the threads. In an optimised build, 100,000 levels need less than the third.
    private static let sizes: [UInt] = [8 << 20, 64 << 20, 512 << 20, 4 << 30]

    /// Runs the body until it has enough room or there is no larger stack.
    static func run(_ body: (Room) -> Outcome) {
        if body(Room(lowest: stack_address() - inlineBytes)) == .done { return }
        for size in sizes {
            var outcome = Outcome.noRoom
            let hasThread = Thread.run(stackBytes: Int(size)) {
                outcome = body(Room(lowest: stack_address() - (size - margin)))
            }
            if outcome == .done || !hasThread { return }
        }
    }
}
