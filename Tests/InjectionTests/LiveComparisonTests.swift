import Injection
import TestSupport
import Testing
import Values
import YAML

/// Compares running pods with what an injection would write now (`Pipeline.compare`).
@Suite("Running pods", .needs(.istioClassic), .needs(.istioModern))
struct LiveComparisonTests {
    static let suites = [CaseCollection.istioClassic, .istioModern]

    /// A pod that Istio injected, and the pod before the injection.
    struct Recorded {
        let name: String
        let brought: Value
        let injected: Value
        let snapshot: Snapshot
        let question: LiveQuestion

        /// Whether the pod has containers, as an API server requires.
        var hasContainers: Bool { injected["spec"]?["containers"]?.array?.isEmpty == false }

        /// Whether the pod was already injected before; a new pod would not have the parts of that injection.
        var wasInjected: Bool {
            brought["metadata"]?["annotations"]?["sidecar.istio.io/status"] != nil
        }

        func answer(_ live: Value) -> LiveAnswer {
            Pipeline.compare(live: live, question: question, snapshot: snapshot)
        }
    }

    static func recorded(_ suite: CaseCollection) throws -> [Recorded] {
        try RecordedCase.all(in: suite).flatMap { recorded in
            let folder = recorded.folder + "/webhook"
            return try entries(of: folder).filter { $0.hasSuffix(".review.json") }.map { file in
                let request = try JSON.read(text(of: "\(folder)/\(file)"))["request"] ?? .null
                let result = file.replacing(".review.json", with: ".pod.yaml")
                var question = LiveQuestion()
                question.namespace = request["namespace"]?.string ?? "default"
                return Recorded(
                    name: "\(recorded.name)/\(file)", brought: request["object"] ?? .null,
                    injected: try YAMLReader.value(text(of: "\(folder)/\(result)")),
                    snapshot: try recorded.snapshot("serveFlags"), question: question)
            }
        }
    }

    /// Describes an unexpected verdict; nil if it is the expected one.
    static func problem(_ name: String, _ answer: LiveAnswer, _ expected: LiveVerdict) -> String? {
        if answer.verdict == expected { return nil }
        let differences = answer.differences.prefix(3).map { difference in
            let texts = [difference.found, difference.expected].map { $0.map { JSON.text($0) } ?? "nothing" }
            return "\n  \(difference.pointer): found \(texts[0]), expected \(texts[1])"
        }
        return "\(name): \(answer.verdict), expected \(expected): \(answer.message)\(differences.joined())"
    }

    @Test(arguments: suites, [false, true])
    func recordedPodsAreCurrent(_ suite: CaseCollection, webhook: Bool) throws {
        var problems: [String] = []
        let all = try Self.recorded(suite)
        #expect(all.count > 40)
        for recorded in all where !recorded.wasInjected && recorded.hasContainers {
            let answer = recorded.answer(ServedPod.make(recorded.injected, webhook: webhook))
            Self.problem(recorded.name, answer, .current).map { problems.append($0) }
        }
        #expect(problems.isEmpty, "\(problems.count):\n\(problems.joined(separator: "\n"))")
    }

    @Test(arguments: suites)
    func podsWithoutTheirSidecarAreMissed(_ suite: CaseCollection) throws {
        var problems: [String] = []
        for recorded in try Self.recorded(suite) where !recorded.wasInjected {
            let isInjected = recorded.injected["metadata"]?["annotations"]?["sidecar.istio.io/status"] != nil
            let answer = recorded.answer(ServedPod.make(recorded.brought))
            Self.problem(recorded.name, answer, isInjected ? .missed : .current).map { problems.append($0) }
        }
        #expect(problems.isEmpty, "\(problems.count):\n\(problems.joined(separator: "\n"))")
    }
}
