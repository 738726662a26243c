import PluginAPI
import TestSupport
import Testing
import Values

/// Compares with the decisions of Istio's webhook, 1.6 (classic) and August 2026 (modern), recorded in
/// `Tests/Conformance/decisions`. Each must be the same, with a reason that the inputs allow.
@Suite struct RecordedDecisionTests {
    @Test(arguments: [PolicyConfiguration.Form.classic, .modern])
    func decidesAsRecorded(_ form: PolicyConfiguration.Form) throws {
        let file = text(of: CaseCollection.decisions.path("\(form.rawValue).jsonl"))
        var count = 0
        for line in file.split(separator: "\n") {
            let record = try JSON.read(String(line))
            let name = record["name"]?.string ?? ""
            let config = record["config"]
            let pod = try #require(record["pod"])
            let engine = engine(
                form, policy: config?["policy"]?.string ?? "",
                never: config?["neverInjectSelector"]?.array ?? [],
                always: config?["alwaysInjectSelector"]?.array ?? [])
            let subject = subject(pod, at: "", namespace: try #require(record["namespace"]?.string))
            let decision = engine.decide(subject, trace: true)
            #expect(decision.inject == record["inject"]?.bool, "\(form) \(name)")
            #expect(
                possible(record).contains(decision.reason.rawValue), "\(form) \(name): \(decision.reason)")
            #expect(decision.trace.filter(\.decisive).map(\.code) == [decision.reason], "\(form) \(name)")
            #expect(engine.decide(subject, trace: false).reason == decision.reason, "\(form) \(name)")
            count += 1
        }
        #expect(count == 280)
    }

    /// The codes that the inputs allow as the reason.
    private func possible(_ record: Value) -> Set<String> {
        let config = record["config"]
        let metadata = record["pod"]?["metadata"]
        let key = "sidecar.istio.io/inject"
        let yes: Set = ["annotation_true", "label_true", "always_inject_selector", "policy_enabled"]
        let policy = config?["policy"]?.string
        var codes: Set<String> = [
            policy == "enabled"
                ? "policy_enabled" : policy == "disabled" ? "policy_disabled" : "policy_illegal"
        ]
        if config?["neverInjectSelector"]?.array?.isEmpty == false { codes.insert("never_inject_selector") }
        if config?["alwaysInjectSelector"]?.array?.isEmpty == false { codes.insert("always_inject_selector") }
        if metadata?["annotations"]?[key] != nil || metadata?["labels"]?[key] != nil {
            codes.formUnion(
                [
                    "annotation_true", "annotation_false", "annotation_unrecognised", "label_true",
                    "label_false",
                ])
        }
        let namespace = record["namespace"]?.string ?? ""
        if record["pod"]?["spec"]?["hostNetwork"]?.bool == true {
            codes = ["host_network_enabled"]
        } else if namespace.hasPrefix("kube-") || namespace == "local-path-storage" {
            codes.insert("ignored_namespace")
        }
        return codes.filter { yes.contains($0) == record["inject"]?.bool }
    }
}
