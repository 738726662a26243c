import Injection
import PluginAPI
import Policy
import TestSupport
import Testing
import Values
import YAML

/// Compares with the recorded results of Istio's binaries for manifests and reviews: 1.6 for the form `template:`, 1.32
/// for `templates:`.
@Suite("Recorded answers", .needs(.istioClassic), .needs(.istioModern), .needs(.istioConfigurations))
struct RecordedAnswersTests {
    static let suites = [CaseCollection.istioClassic, .istioModern]

    @Test(arguments: suites)
    func manifests(_ suite: CaseCollection) throws {
        var problems: [String] = []
        for recorded in try RecordedCase.all(in: suite) where recorded.expected != nil {
            if let problem = try recorded.manifestProblem() {
                problems.append("\(recorded.name): \(problem)")
            }
        }
        #expect(problems.isEmpty, "\(problems.count): \(problems.joined(separator: "\n"))")
    }

    @Test(arguments: suites)
    func reviews(_ suite: CaseCollection) throws {
        var problems: [String] = []
        let cases = try RecordedCase.all(in: suite)
        #expect(cases.count >= 40)
        for recorded in cases {
            problems += try recorded.reviewProblems().map { "\(recorded.name): \($0)" }
        }
        #expect(problems.isEmpty, "\(problems.count): \(problems.joined(separator: "\n"))")
    }

    @Test("a second injection changes nothing, and uninjection restores the input", arguments: suites)
    func wayBack(_ suite: CaseCollection) throws {
        var problems: [String] = []
        for recorded in try RecordedCase.all(in: suite) {
            problems += try recorded.wayBackProblems().map { "\(recorded.name): \($0)" }
        }
        #expect(problems.isEmpty, "\(problems.count): \(problems.joined(separator: "\n"))")
    }

    @Test(arguments: suites)
    func refusals(_ suite: CaseCollection) throws {
        let snapshot = try Snapshots.bench(suite == .istioClassic ? "1.6" : "1.32")
        var problems: [String] = []
        for line in text(of: suite.path("refusals.jsonl")).split(separator: "\n") {
            let recorded = try JSON.read(String(line))
            let answer = try Answer(to: recorded["review"] ?? .null, snapshot: snapshot)
            let allowed = recorded["allowed"]?.bool ?? false
            let annotation = recorded["annotation"]?.string ?? ""
            let value = recorded["value"]?.string ?? ""
            let last = String(value.split(separator: ",").last ?? "")
            let isTemplate = recorded["message"]?.string?.contains("template") ?? false
            let isNamed =
                allowed
                || answer.message.contains(annotation) && (answer.message.contains(last) || isTemplate)
            if answer.allowed != allowed || !isNamed {
                problems.append("\(annotation)=\(value): \(answer.allowed) \(answer.message)")
            }
        }
        #expect(problems.isEmpty, "\(problems.joined(separator: "\n"))")
    }
}
