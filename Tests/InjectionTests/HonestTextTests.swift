import Injection
import PluginAPI
import TestSupport
import Testing
import Values

/// Harmless texts in annotations, labels and names are neither refused nor reported, and the answer is the same byte
/// for byte as without the check.
@Suite("Honest text")
struct HonestTextTests {
    /// The number of pods for each configuration.
    private static let pods = 1_000

    @Test(.needs(.istioConfigurations), arguments: ["1.6", "1.32"])
    func isTheSameUnderEveryMode(_ version: String) throws {
        let plain = try Snapshots.bench(version, taint: .off)
        let enforced = try Snapshots.bench(version)
        var generated = HonestPods(seed: 2029)
        var injected = 0
        for number in 0..<Self.pods {
            let pod = generated.pod()
            let expected = try Self.answer(pod, number, plain)
            let found = try Self.answer(pod, number, enforced)
            #expect(found.text == expected.text, "pod \(number): \(JSON.text(pod))")
            #expect(found.report.taint.findings.isEmpty, "pod \(number): \(found.report.taint)")
            if found.report.kind == .success { injected += 1 }
        }
        #expect(injected > Self.pods * 9 / 10, "\(injected)")
    }

    /// With the mode `report`, there are no findings for harmless pods either.
    @Test(.needs(.istioConfigurations), arguments: ["1.6", "1.32"])
    func isNotReported(_ version: String) throws {
        let reporting = try Snapshots.bench(version, taint: .report)
        var generated = HonestPods(seed: 9202)
        for number in 0..<Self.pods / 10 {
            let pod = generated.pod()
            let found = try Self.answer(pod, number, reporting)
            #expect(found.report.taint.findings.isEmpty, "\(JSON.text(pod)): \(found.report.taint)")
        }
    }

    private static func answer(
        _ pod: Value, _ number: Int, _ snapshot: Snapshot
    ) throws -> (text: String, report: ReviewReport) {
        let review: Value = [
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": [
                "uid": .string("u\(number)"), "namespace": "shop", "operation": "CREATE", "object": pod,
            ],
        ]
        var output = ByteBuffer()
        let report = Array(JSON.text(review).utf8).withUnsafeBufferPointer {
            Pipeline.review($0, path: "/inject", snapshot: snapshot, into: &output)
        }
        return (output.text, report)
    }
}
