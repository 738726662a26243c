import Injection
import PluginAPI
import TestSupport
import Testing
import Values

/// Injects valid pods with Istio's own templates: an API server accepts the result, or a warning gives the reason.
@Suite("Forecast with Istio's templates", .needs(.istioConfigurations))
struct ForecastIstioTests {
    private struct Tally {
        var taken = 0
        var warned = 0
        var refused = 0
        var problems: [String] = []
    }

    private static func judge(
        _ snapshot: Snapshot, seed: UInt64, pods count: Int
    ) throws -> Tally {
        var workloads = GeneratedWorkloads(seed: seed)
        var tally = Tally()
        var done = 0
        while done < count {
            let pod = workloads.next()
            guard PodValidator.problems(pod).isEmpty else { continue }
            done += 1
            let answer = try Answer(toCreating: pod, snapshot: snapshot)
            // An invalid setting is refused with another reason.
            guard answer.allowed else {
                tally.refused += 1
                continue
            }
            let warnings = (answer.review["response"]?["warnings"]?.array ?? []).compactMap(\.string)
            let forecast = warnings.filter { $0.hasPrefix("forecast: ") }
            let found = PodValidator.problems(try JSONPatch.apply(answer.patch, to: pod))
            if found.isEmpty { tally.taken += 1 } else { tally.warned += 1 }
            if found.isEmpty, !forecast.isEmpty {
                tally.problems.append("warned of, but taken: \(forecast): \(JSON.text(pod))")
            }
            for problem in found where !forecast.contains(where: problem.isNamed) {
                tally.problems.append("not warned of \(problem), but \(forecast): \(JSON.text(pod))")
            }
        }
        return tally
    }

    @Test("2,000 valid pods, half of them with each version", arguments: ["1.6", "1.32"])
    func pods(version: String) throws {
        let tally = try Self.judge(Snapshots.bench(version), seed: 1919, pods: 1000)
        #expect(
            tally.problems.isEmpty,
            "\(tally.problems.count): \(tally.problems.prefix(4).joined(separator: "\n"))")
        // The pods clash with the templates often enough, but not too often.
        #expect(
            tally.taken > 350 && tally.warned > 100 && tally.refused < 250,
            "\(tally.taken) taken, \(tally.warned) warned of, \(tally.refused) refused")
    }
}
