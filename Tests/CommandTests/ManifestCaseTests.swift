import TestSupport
import Testing
import Values

/// Runs `kube-inject` and `kube-uninject` on manifests from the field. Each folder of
/// `Tests/Conformance/reported/manifests` is a case: the file is in `in/`, the checks are in `case.json`
/// (`ManifestCase` lists them).
@Suite struct ManifestCaseTests {
    private static let names = entries(of: CaseCollection.reportedManifests.path)

    /// Uses the project's own configuration of each form, and Istio's too if all collections are required.
    @Test(arguments: ["own", "Istio's"])
    func hold(with whose: String) async throws {
        let istio = CaseCollection.istioConfigurations
        guard whose == "own" || CaseCollection.areRequired && istio.isPresent else { return }
        let own = "\(packageRoot)/Tests/Conformance/configurations"
        let problems = try await Self.problems(in: whose == "own" ? own : istio.path)
        #expect(OpenCases("manifests").complaints(problems, among: Self.names) == [])
    }

    private static func problems(in configurations: String) async throws -> [String: String] {
        try await withThrowingTaskGroup(of: (String, String?).self) { group in
            for name in names {
                group.addTask { (name, try ManifestCase(name, configurations: configurations).problem()) }
            }
            var problems: [String: String] = [:]
            for try await (name, problem) in group { problems[name] = problem }
            return problems
        }
    }
}
