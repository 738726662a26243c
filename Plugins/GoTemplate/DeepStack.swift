import CStack
import Glibc
import System

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
            let hasThread = Thread.run(stackBytes: Int(size)) {
                outcome = body(Room(lowest: stack_address() - (size - margin)))
            }
            if outcome == .done || !hasThread { return }
        }
    }
}
