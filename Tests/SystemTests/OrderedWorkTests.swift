import Synchronization
import Testing

@testable import System

/// Several threads process inputs, and the results come in the order of the inputs.
@Suite struct OrderedWorkTests {
    private typealias Work = OrderedWork<Int>

    @Test(arguments: [0, 1, 7, 40, 2_000]) func deliversInOrder(count: Int) {
        var delivered: [Int] = []
        // Some inputs take longer than others.
        Work.run(
            count: count, size: { $0 % 3 << 18 }, work: { number, _ in busy(number % 5 * 1_000) + number }
        ) {
            number, result in
            #expect(number == delivered.count)
            delivered.append(result)
        }
        #expect(delivered == Array(0..<count))
    }

    @Test func anErrorOfTheReceiverEndsTheWork() {
        struct Stop: Error {}
        let processed = Mutex(0)
        #expect(throws: Stop.self) {
            try Work.run(
                count: 100_000, size: { _ in 0 },
                work: { number, _ in
                    processed.withLock { $0 += 1 }
                    return number
                }
            ) { number, _ throws(Stop) in
                if number == 10 { throw Stop() }
            }
        }
        #expect(processed.withLock { $0 } < 100_000)
    }

    /// While the first result is missing, threads stop at the limits of inputs and of bytes.
    @Test(
        .enabled(if: Work.threads(for: 1_000) > 1, "with one processor, nothing waits"),
        arguments: [0, 3 << 20])
    func whatWaitsIsBounded(bytes: Int) {
        let finished = Mutex(0)
        let seen = Mutex(0)
        Work.run(
            count: 1_000, size: { _ in bytes },
            work: { number, _ in
                guard number == 0 else {
                    finished.withLock { $0 += 1 }
                    return number
                }
                // Waits until the other threads have stopped.
                var before = 0
                while before == 0 || finished.withLock({ $0 }) != before {
                    before = finished.withLock { $0 }
                    Thread.sleep(milliseconds: 100)
                }
                seen.withLock { $0 = before }
                return number
            }
        ) { _, _ in }
        let threads = Work.threads(for: 1_000)
        let most = bytes == 0 ? threads * Work.inputsAhead : Work.bytesAhead / bytes + 1 + threads
        #expect((1...most).contains(seen.withLock { $0 }))
        #expect(finished.withLock { $0 } == 999)
    }

    private func busy(_ rounds: Int) -> Int {
        var sum = 0
        for round in 0..<rounds { sum &+= round & 1 }
        return sum &- sum
    }
}
