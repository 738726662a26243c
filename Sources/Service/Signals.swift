import Glibc
import Kubernetes
import Synchronization
import System

/// Receives signals as events on one thread: all other threads block them, and no code runs in a signal handler.
struct Signals {
    private var set = sigset_t()

    /// Blocks the signals in this thread and all threads that it starts; called before the first of them. SIGPIPE is
    /// ignored: a client that disconnects is an error of write(2), not the end of the process.
    init() {
        sigemptyset(&set)
        for signal in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&set, signal) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    /// Runs the body. If a signal to end is pending or arrives meanwhile, `end` is called on another thread, and the
    /// signal stays pending for `next`.
    func watchingForEnd<R, E: Error>(
        _ end: @escaping @Sendable () -> Void, _ body: () throws(E) -> R
    ) throws(E) -> R {
        let isDone = Flag()
        let thread = Thread {
            var set = sigset_t()
            sigemptyset(&set)
            for signal in [SIGTERM, SIGINT] { sigaddset(&set, signal) }
            var interval = timespec(tv_sec: 0, tv_nsec: 10_000_000)
            while !isDone.isUp {
                let signal = sigtimedwait(&set, nil, &interval)
                guard signal > 0 else { continue }
                end()
                kill(getpid(), signal)
                return
            }
        }
        defer {
            isDone.raise()
            thread?.join()
        }
        return try body()
    }

    private final class Flag: Sendable {
        private let value = Atomic<Bool>(false)
        var isUp: Bool { value.load(ordering: .acquiring) }
        func raise() { value.store(true, ordering: .releasing) }
    }

    /// A signal to end that is pending and that `next` has not taken yet.
    var pendingEnd: Int32? {
        var pending = sigset_t()
        sigpending(&pending)
        return [SIGTERM, SIGINT].first { sigismember(&pending, $0) == 1 }
    }

    /// Waits for the next signal.
    func next() -> Int32 {
        var set = self.set
        var signal: Int32 = 0
        while sigwait(&set, &signal) != 0 {}
        return signal
    }
}
