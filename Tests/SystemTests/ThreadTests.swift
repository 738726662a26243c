import Synchronization
import Testing

@testable import System

@Suite(.timeLimit(.minutes(10))) struct ThreadTests {
    @Test func workThatIsLateIsLeftAlone() {
        final class Marks: Sendable {
            let mayEnd = Atomic<Bool>(false)
            let hasEnded = Atomic<Bool>(false)
        }
        let marks = Marks()
        let outcome = Thread.run(
            until: MonotonicClock.nanoseconds + 20_000_000,
            whenLate: { marks.hasEnded.store(true, ordering: .releasing) }
        ) {
            while !marks.mayEnd.load(ordering: .acquiring) { Thread.sleep(milliseconds: 1) }
        }
        #expect(outcome == .late && !marks.hasEnded.load(ordering: .acquiring))
        marks.mayEnd.store(true, ordering: .releasing)
        while !marks.hasEnded.load(ordering: .acquiring) { Thread.sleep(milliseconds: 1) }
        #expect(Thread.run(until: nil, whenLate: {}, {}) == .done)
    }

    @Test func aStackMayBeLarge() {
        var depth = 0
        #expect(Thread.run(stackBytes: 64 << 20) { depth = 1 })
        #expect(depth == 1)
    }

    @Test func aTickerStopsAtOnce() {
        let count = Counter()
        let ticker = Ticker(every: 600_000)
        ticker.start { count.value.add(1, ordering: .relaxed) }
        while count.value.load(ordering: .relaxed) == 0 { Thread.sleep(milliseconds: 1) }
        let begin = MonotonicClock.milliseconds
        ticker.stop()
        #expect(MonotonicClock.milliseconds - begin < 10_000)
        #expect(count.value.load(ordering: .relaxed) == 1)
    }

    @Test func aPauseEndsByPipeAndBySignal() {
        let (stop, pipe, count) = (StopSignal(), WakePipe(), Counter())
        pipe.wake()
        #expect(stop.pause(milliseconds: 60_000, orUntil: pipe))
        #expect(!pipe.drain())
        stop.covering(cancel: { count.value.add(1, ordering: .relaxed) }) { stop.raise() }
        #expect(!stop.pause(milliseconds: 60_000))
        stop.covering(cancel: { count.value.add(1, ordering: .relaxed) }) {}
        #expect(count.value.load(ordering: .relaxed) == 2)
    }

    private final class Counter: Sendable { let value = Atomic<Int>(0) }
}

@Suite(.timeLimit(.minutes(10))) struct ChildProcessTests {
    private func shell(
        _ script: String, atMost limit: Int = 1_000, milliseconds: Int = 20_000,
        stop: StopSignal = StopSignal()
    ) -> String {
        let program = ChildProcess.Program(
            "/bin/sh", words: ["sh", "-c", script], environment: [("WORD", "from the environment")])
        do throws(ChildProcessError) {
            let output = try ChildProcess.output(
                of: program, atMost: limit, milliseconds: milliseconds, stop: stop)
            return String(decoding: output, as: UTF8.self)
        } catch {
            return "error: " + error.message
        }
    }

    @Test(arguments: [
        ("echo $WORD; cat", "from the environment\n"),
        ("exit 3", "error: ended with status 3"),
        ("kill -9 $$", "error: was ended by signal 9"),
        ("while :; do echo xxxxxxxxxx; done", "error: wrote more than 1000 bytes"),
        ("echo x > /dev/stdout", "x\n"),
    ])
    func output(_ script: String, _ expected: String) { #expect(shell(script) == expected) }

    @Test func lateAndStopped() {
        #expect(shell("exec sleep 600", milliseconds: 50) == "error: did not end within 50 ms")
        #expect(shell("exec sleep 600 >&-", milliseconds: 50) == "error: did not end within 50 ms")
        let stop = StopSignal()
        stop.raise()
        #expect(shell("exec sleep 600", stop: stop) == "error: was ended, as this process is about to")
    }

    @Test func whatIsNotThereIsNotRun() {
        let program = ChildProcess.Program("/nowhere/at/all", words: ["all"], environment: [])
        do throws(ChildProcessError) {
            _ = try ChildProcess(program)
            Issue.record("it was started")
        } catch {
            #expect(error.message == "cannot be run: No such file or directory")
        }
    }
}
