import TestSupport
import Testing
import Values

/// Manifests from the field, put through `kube-inject` and `kube-uninject`: `Tests/Conformance/reported/manifests`, a folder a
/// case with the file in `in/` and the properties that have to hold in `case.json` (`ManifestCase` lists them).
@Suite struct ManifestCaseTests {
    private static let names = entries(of: CaseCollection.reportedManifests.path)

    /// With the project's own configuration of each form, and with Istio's where all collections have to be there.
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
