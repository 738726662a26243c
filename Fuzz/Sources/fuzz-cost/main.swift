import Glibc
import Values

// Searches for inputs whose cost grows faster than their size: `fuzz-cost TARGET SECONDS [SEED]` prints one line for
// each form whose processor time grows more than 2.6 times in two doublings in a row; `fuzz-cost --run LINE N` runs a
// form once, to count its instructions. The script Fuzz/cost does both.

/// The least processor time of some runs, in seconds of this thread.
func seconds(_ form: CostForm, _ count: Int, runs: Int = 3) -> Double? {
    guard let bytes = form.bytes(form.target == "function" ? 1 : count) else { return nil }
    var least = Double.infinity
    for _ in 0..<runs {
        let start = threadSeconds()
        CostTargets.run(form.target, bytes, count: count)
        least = min(least, threadSeconds() - start)
    }
    return least
}

func threadSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Growth at a doubling above which cost is not proportional to size, if it occurs twice in a row.
let tooMuch = 2.6
/// Seconds; shorter runs are too inexact.
let shortest = 0.002

/// The repetitions from which the cost doubles too quickly; nil if it does not.
func growsTooFast(_ form: CostForm) -> Int? {
    var count = 64
    while true {
        guard let time = seconds(form, count, runs: 1), count <= 400_000 else { return nil }
        if time >= shortest { break }
        count *= 4
    }
    guard let one = seconds(form, count), let two = seconds(form, 2 * count), two > tooMuch * one,
        let four = seconds(form, 4 * count), four > tooMuch * two
    else { return nil }
    return count
}

func made(_ target: String, _ random: inout Chance) -> CostForm {
    guard target == "function" else {
        let seed = Array(random.pick(CostTargets.seeds[target] ?? [""]).utf8)
        return CostForm(target: target, seed: seed, &random)
    }
    let arguments = [".l", ".i", ".m", ".s", ".t", "1", "\"a\"", "2", "\",\""]
    var call = random.pick(CostTargets.functions)
    for _ in 0..<random.below(4) { call += " " + random.pick(arguments) }
    if random.below(3) == 0 { call += " | " + random.pick(CostTargets.functions) }
    return CostForm(target: target, prefix: Array("{{$x := \(call)}}".utf8), unit: [], suffix: [])
}

let arguments = CommandLine.arguments
if arguments.count == 4, arguments[1] == "--run", let form = CostForm(line: arguments[2]),
    let count = Int(arguments[3])
{
    _ = seconds(form, count, runs: 1)
} else if arguments.count >= 3, CostTargets.names.contains(arguments[1]), let limit = Int(arguments[2]) {
    var random = Chance(seed: arguments.count > 3 ? UInt64(arguments[3]) ?? 1 : 1)
    let end = time(nil) + limit
    var tried = 0
    while time(nil) < end {
        let form = made(arguments[1], &random)
        tried += 1
        guard let count = growsTooFast(form) else { continue }
        print("\(count) \(form.line)")
        // A finding is confirmed while the search goes on.
        fflush(nil)
    }
    print("tried \(tried) forms")
} else {
    print("usage: fuzz-cost \(CostTargets.names.joined(separator: "|")) SECONDS [SEED]")
    exit(2)
}
