import CAllocationCount
import Glibc

/// The cost of one measurement: CPU time of this thread, minimum and median of the samples, and its allocations.
struct Measurement {
    var name: String
    var leastNanoseconds: Double
    var medianNanoseconds: Double
    var allocatedBytes: Int
    var allocations: Int
}

/// Runs `body` often enough for samples of at least 2 ms, and takes 30 samples.
///
/// The minimum is the cost on an idle machine; a median far above it shows that this machine was busy.
func measure(_ name: String, _ body: () throws -> Void) rethrows -> Measurement {
    try body()
    count_allocations(1)
    try body()
    count_allocations(0)
    let bytes = Int(allocated_bytes())
    let count = Int(allocation_count())
    var rounds = 1
    while try sample(rounds, body) * Double(rounds) < 2_000_000 { rounds *= 2 }
    var samples: [Double] = []
    for _ in 0..<30 { samples.append(try sample(rounds, body)) }
    samples.sort()
    return Measurement(
        name: name, leastNanoseconds: samples[0], medianNanoseconds: samples[samples.count / 2],
        allocatedBytes: bytes, allocations: count)
}

/// Nanoseconds of CPU per round.
private func sample(_ rounds: Int, _ body: () throws -> Void) rethrows -> Double {
    let start = cpuNanoseconds()
    for _ in 0..<rounds { try body() }
    return Double(cpuNanoseconds() - start) / Double(rounds)
}

private func cpuNanoseconds() -> Int {
    var now = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now)
    return now.tv_sec * 1_000_000_000 + now.tv_nsec
}
