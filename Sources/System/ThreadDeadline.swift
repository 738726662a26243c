extension Thread {
    /// How work with a deadline ended.
    public enum Outcome: Sendable { case done, late, notStarted }

    /// Runs the body on a thread of its own, which the caller waits for until the deadline and no longer.
    ///
    /// - Parameters:
    ///   - deadline: nanoseconds of the monotonic clock; nil waits for the end.
    ///   - whenLate: called at the end of a body that nobody waits for any more, if it ever ends.
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
            // Frees what the body held before the caller goes on, so that it knows when a template is freed.
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
