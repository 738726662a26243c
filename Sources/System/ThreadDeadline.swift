extension Thread {
    /// The outcome of work with a deadline.
    public enum Outcome: Sendable { case done, late, notStarted }

    /// Runs the body on a separate thread. The caller waits for it until the deadline.
    ///
    /// - Parameters:
    ///   - deadline: the deadline in nanoseconds of the monotonic clock; nil to wait for the end.
    ///   - whenLate: called if the body ends after the deadline.
    public static func run(
        until deadline: UInt64?, whenLate: @escaping @Sendable () -> Void,
        _ body: @escaping @Sendable () -> Void
    ) -> Outcome {
        let job = Job(body, whenLate)
        guard detach(stackBytes: wholeStack, { job.run() }) else { return .notStarted }
        return job.wait(until: deadline)
    }

    private final class Job: @unchecked Sendable {
        private let monitor = Monitor()
        private var body: (@Sendable () -> Void)?
        private let whenLate: @Sendable () -> Void
        private var isDone = false
        private var isAbandoned = false

        init(_ body: @escaping @Sendable () -> Void, _ whenLate: @escaping @Sendable () -> Void) {
            self.body = body
            self.whenLate = whenLate
        }

        func run() {
            body?()
            // Releases the body's references before the caller continues, so that templates are freed at a defined
            // time.
            body = nil
            let wasAbandoned = monitor.locked {
                isDone = true
                monitor.signal()
                return isAbandoned
            }
            if wasAbandoned { whenLate() }
        }

        func wait(until deadline: UInt64?) -> Outcome {
            monitor.locked {
                while !isDone {
                    guard monitor.wait(until: deadline) || isDone else {
                        isAbandoned = true
                        return .late
                    }
                }
                return .done
            }
        }
    }
}
