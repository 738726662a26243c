import Glibc

/// Signals as events for one thread: all others have them blocked, and nothing happens inside a handler.
struct Signals {
    private var set = sigset_t()

    /// Blocks what is waited for in this thread and all that it starts; called before the first of them. SIGPIPE is
    /// ignored: a client that goes away is an error of write(2), not the end of the process.
    init() {
        sigemptyset(&set)
        for signal in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&set, signal) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    /// The next signal.
    func next() -> Int32 {
        var set = self.set
        var signal: Int32 = 0
        while sigwait(&set, &signal) != 0 {}
        return signal
    }
}
