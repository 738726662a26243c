import Glibc
import System

/// Processes many inputs on several threads, and delivers the results in the order of the inputs.
///
/// The number of results that wait for an earlier one is bounded: a thread that is far ahead waits.
final class OrderedWork<Result: Sendable>: @unchecked Sendable {
    /// The largest number of threads: with more, reading files is the bottleneck.
    private static var mostThreads: Int { 8 }
    /// Results for each thread that may wait for an earlier one.
    private static var resultsAhead: Int { 6 }
    /// Inputs that a thread takes at once if there are many: handing over each result alone costs two changes of threads,
    /// a twentieth of the time for small manifests.
    private static var inputsAtOnce: Int { 4 }

    private let monitor = Monitor()
    private let count: Int
    private let window: Int
    private let chunk: Int
    private let work: @Sendable (_ number: Int, _ thread: Int) -> Result
    private var next = 0
    private var delivered = 0
    private var done: [Int: Result] = [:]
    private var isStopped = false

    private init(count: Int, threads: Int, work: @escaping @Sendable (Int, Int) -> Result) {
        self.count = count
        self.work = work
        window = threads * Self.resultsAhead
        chunk = count >= window * 2 ? Self.inputsAtOnce : 1
    }

    /// Calls `work` with each number below `count` and the number of its thread, on as many threads as there are
    /// processors, and `deliver` with the results in order on this thread.
    static func run<E: Error>(
        count: Int, work: @escaping @Sendable (_ number: Int, _ thread: Int) -> Result,
        deliver: (Int, Result) throws(E) -> Void
    ) throws(E) {
        let threads = min(count, processors, mostThreads)
        let shared = OrderedWork(count: count, threads: threads, work: work)
        let started =
            threads > 1 ? (0..<threads).compactMap { thread in Thread { shared.takeAll(thread) } } : []
        guard !started.isEmpty else {
            for number in 0..<count { try deliver(number, work(number, 0)) }
            return
        }
        defer {
            shared.stop()
            for thread in started { thread.join() }
        }
        for number in 0..<count { try deliver(number, shared.result(number)) }
    }

    private static var processors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    private func takeAll(_ thread: Int) {
        while let numbers = take() {
            for number in numbers {
                let result = work(number, thread)
                let mustStop = monitor.locked {
                    done[number] = result
                    if number + 1 == numbers.upperBound { monitor.signal() }
                    return isStopped
                }
                if mustStop { return }
            }
        }
    }

    private func take() -> Range<Int>? {
        monitor.locked {
            while next < count, next + chunk - delivered > window, !isStopped { monitor.wait() }
            guard next < count, !isStopped else { return nil }
            let first = next
            next = min(count, next + chunk)
            return first..<next
        }
    }

    private func result(_ number: Int) -> Result {
        monitor.locked {
            while true {
                if let result = done.removeValue(forKey: number) {
                    delivered = number + 1
                    if delivered % chunk == 0 { monitor.signal() }
                    return result
                }
                monitor.wait()
            }
        }
    }

    private func stop() {
        monitor.locked {
            isStopped = true
            monitor.signal()
        }
    }
}
