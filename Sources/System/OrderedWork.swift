import Glibc

/// Processes many inputs on several threads, and delivers the results in the order of the inputs.
///
/// The results that wait for an earlier one are bounded, in number and in bytes: a thread that is far ahead waits.
public final class OrderedWork<Result: Sendable>: @unchecked Sendable {
    /// The largest number of threads: with more, reading files is the bottleneck.
    static var mostThreads: Int { 8 }
    /// Inputs that a thread takes at once if there are many: handing over each result alone costs two changes of threads,
    /// a tenth of the time for small manifests.
    static var inputsAtOnce: Int { 16 }
    /// Inputs for each thread that may be processed before an earlier one is delivered: four times what it takes at once,
    /// so that it need not wait for a file that takes longer than others.
    static var inputsAhead: Int { 64 }
    /// The bytes of results from which on a thread hands them over without waiting for the rest of its inputs.
    static var bytesAtOnce: Int { 256 << 10 }
    /// The bytes of results that may wait for an earlier one, besides one result for each thread. Two threads with large
    /// manifests stay below 64 MiB with it.
    static var bytesAhead: Int { 8 << 20 }

    /// Results of successive inputs.
    private struct Batch {
        var results: [Result] = []
        var bytes = 0
    }

    private let monitor = Monitor()
    private let count: Int
    private let window: Int
    private let chunk: Int
    private let work: @Sendable (_ number: Int, _ thread: Int) -> Result
    private let size: @Sendable (Result) -> Int
    private var next = 0
    /// The number of the input whose result is delivered next.
    private var awaited = 0
    private var waitingBytes = 0
    /// The finished batches by the number of their first input.
    private var done: [Int: Batch] = [:]
    private var isStopped = false

    private init(
        count: Int, threads: Int, size: @escaping @Sendable (Result) -> Int,
        work: @escaping @Sendable (Int, Int) -> Result
    ) {
        self.count = count
        self.work = work
        self.size = size
        window = threads * Self.inputsAhead
        chunk = count >= window ? Self.inputsAtOnce : 1
    }

    /// The number of threads for that many inputs: one for each processor.
    static func threads(for count: Int) -> Int {
        min(count, max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))), mostThreads)
    }

    /// Calls `work` with each number below `count` and the number of its thread, on as many threads as there are
    /// processors, and `deliver` with the results in order on this thread.
    ///
    /// - Parameter size: returns the memory of a result in bytes.
    public static func run<E: Error>(
        count: Int, size: @escaping @Sendable (Result) -> Int,
        work: @escaping @Sendable (_ number: Int, _ thread: Int) -> Result,
        deliver: (Int, Result) throws(E) -> Void
    ) throws(E) {
        let threads = threads(for: count)
        let shared = OrderedWork(count: count, threads: threads, size: size, work: work)
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
        var number = 0
        while number < count {
            for result in shared.batch(from: number) {
                try deliver(number, result)
                number += 1
            }
        }
    }

    private func takeAll(_ thread: Int) {
        while let numbers = take() {
            var first = numbers.lowerBound
            var batch = Batch()
            for number in numbers {
                let result = work(number, thread)
                batch.bytes += size(result)
                batch.results.append(result)
                guard batch.bytes >= Self.bytesAtOnce || number + 1 == numbers.upperBound else { continue }
                guard finish(batch, from: first) else { return }
                (first, batch) = (number + 1, Batch())
            }
        }
    }

    private func take() -> Range<Int>? {
        monitor.locked {
            while next < count, next + chunk - awaited > window, !isStopped { monitor.wait() }
            guard next < count, !isStopped else { return nil }
            let first = next
            next = min(count, next + chunk)
            return first..<next
        }
    }

    /// Hands over results. Waits if too many wait already, unless these are the next ones. Returns false if no more are
    /// needed.
    private func finish(_ batch: Batch, from first: Int) -> Bool {
        monitor.locked {
            while waitingBytes > Self.bytesAhead, first != awaited, !isStopped { monitor.wait() }
            done[first] = batch
            waitingBytes += batch.bytes
            if first == awaited { monitor.signal() }
            return !isStopped
        }
    }

    /// Waits for the results from that input on.
    private func batch(from number: Int) -> [Result] {
        monitor.locked {
            awaited = number
            monitor.signal()
            while true {
                if let batch = done.removeValue(forKey: number) {
                    waitingBytes -= batch.bytes
                    return batch.results
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
