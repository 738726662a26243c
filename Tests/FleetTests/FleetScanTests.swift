import Fleet
import Glibc
import Injection
import Service
import System
import TestSupport
import Testing
import Values

/// Scans fleets with known verdicts (`FleetScan`).
///
/// `FLEET_OWNERS` sets the number of Deployments, of 25 pods each; `FLEET_FILE` writes the fleet of `FLEET_VERSION` into a
/// file, which `scripts/check-scan` scans.
@Suite("Fleets", .needs(.istioConfigurations)) struct FleetScanTests {
    static let owners = getenv("FLEET_OWNERS").flatMap { Int(String(cString: $0)) } ?? 60

    @Test(arguments: ["1.6", "1.32"], [false, true])
    func everyVerdictIsRight(version: String, webhook: Bool) throws {
        let fleet = try GeneratedFleet(version, webhook: webhook)
        var scan = FleetScan(fleet.now)
        var expected = FleetSummary.Counts()
        var problems: [String] = []
        try fleet.make(owners: Self.owners) { pod, verdict in
            expected[verdict] += 1
            scan.add(pod) { finding in
                guard finding.answer.verdict != verdict, problems.count < 20 else { return }
                let differences = finding.answer.differences.prefix(3).map { "\n  " + $0.sentence }
                problems.append(
                    "\(finding.namespace)/\(finding.name): \(finding.answer.verdict), expected \(verdict): "
                        + "\(finding.answer.message)\(differences.joined())")
            }
        }
        #expect(problems.isEmpty, "\(problems.joined(separator: "\n"))")
        #expect(scan.summary.counts == expected)
        #expect(scan.summary.counts.total == Self.owners * GeneratedFleet.podsPerOwner)
    }

    /// The findings and problems of a scan over a text.
    private static func findings(_ text: String, in scan: inout FleetScan) throws -> [String] {
        var found: [String] = []
        var stream = ObjectStream(name: "pods")
        try Array(text.utf8).withUnsafeBufferPointer { bytes in
            try stream.read(bytes) { part in
                scan.add(part) { finding in
                    let (answer, owner) = (finding.answer, finding.owner)
                    found.append(
                        "\(finding.namespace)/\(finding.name) \(owner.kind)/\(owner.name) \(answer.verdict) "
                            + answer.message + answer.differences.map(\.sentence).joined(separator: "\n"))
                } problem: {
                    found.append($0)
                }
            }
        }
        return found
    }

    /// Changes of a pod's text. Some change its verdict; some make it unreadable.
    private static let edits: [(old: String, new: String)] = [
        ("kube-api-access-x7k2", "kube-api-access-y4k2"), ("\"kube-api-access-", "\"kube-api-access-A"),
        ("\"Running\"", "Running"), ("\"Update\"", "Update"), ("\"f:metadata\"", "\"\\q\""),
        ("shop-0", "shop-1"), ("\"namespace\"", "\"nam\\u0065space\""),
        ("\"status\"", "\"name\": 1, \"status\""),
        ("\"generateName\"", "\"name\": \"other\", \"generateName\""), ("\"ownerReferences\"", "\"owners\""),
        ("\"controller\"", "\"control\""), ("\"ReplicaSet\"", "\"StatefulSet\""),
        ("\"ReplicaSet\"", "\"Pod\""),
        ("\"nodeName\"", "\"nodeName\": \"a\", \"nodeName\""), ("app-0-7c5f9d6b0-", "app-0-7c5f9d6b0"),
        ("\"app\"", "\"apps\""), ("\"Pod\"", "\"Service\""), ("\"uid\"", "\"uid\": 1, \"uid\""),
        ("\"spec\"", "\"spec\": {}, \"spec\""), ("\"labels\"", "\"annotations\": {}, \"labels\""),
    ]

    /// A pod found in the cache by its text gets the same answer as a parsed one, and no other pod matches its entry.
    @Test(arguments: ["1.6", "1.32"], [0, 2])
    func knownTextsGetTheSameAnswers(version: String, indent: Int) throws {
        let fleet = try GeneratedFleet(version)
        var pods: [String] = []
        var count = 0
        try fleet.make(owners: 20) { pod, _ in
            count += 1
            guard count % GeneratedFleet.podsPerOwner < 3 else { return }
            pods.append(JSON.text(pod, style: indent == 0 ? .compact : .pretty(indent)))
        }
        let first = try #require(pods.first)
        for (old, new) in Self.edits {
            let edited = first.replacing(old, with: new)
            #expect(edited != first, "there is no \(old)")
            pods += [edited, first, edited]
        }
        var known = FleetScan(fleet.now)
        for pod in pods {
            var fresh = FleetScan(fleet.now)
            let (found, expected) = (
                try Self.findings(pod, in: &known), try Self.findings(pod, in: &fresh)
            )
            #expect(found == expected, "\(pod.prefix(400))")
        }
    }

    /// For `scripts/check-scan`: writes a fleet as `kubectl get pods -A -o json` does.
    @Test(.enabled(if: getenv("FLEET_FILE") != nil, "FLEET_FILE is not set"))
    func fleetFile() throws {
        let path = getenv("FLEET_FILE").map { String(cString: $0) } ?? ""
        let fleet = try GeneratedFleet(getenv("FLEET_VERSION").map { String(cString: $0) } ?? "1.32")
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        defer { close(file) }
        var buffer = Array("{\"apiVersion\":\"v1\",\"items\":[\n".utf8)
        var isFirst = true
        try fleet.make(owners: Self.owners) { pod, _ in
            if !isFirst { buffer.append(UInt8(ascii: ",")) }
            isFirst = false
            buffer += Array((JSON.text(pod, style: .pretty(2)) + "\n").utf8)
            if buffer.count > 1 << 20 {
                _ = write(file, buffer, buffer.count)
                buffer = []
            }
        }
        buffer += Array("],\"kind\":\"List\"}\n".utf8)
        #expect(write(file, buffer, buffer.count) == buffer.count)
    }

    @Test func rowsAreBounded() {
        var summary = FleetScan(Self.empty).summary
        #expect(summary.owners.isEmpty)
        var scan = FleetScan(Self.empty)
        for number in 0..<(FleetSummary.maximumRows + 500) {
            scan.add([
                "kind": "Pod", "metadata": ["name": .string("p\(number)"), "namespace": "a"], "spec": [:],
            ]) {
                _ in
            }
        }
        summary = scan.summary
        #expect(summary.owners.count == FleetSummary.maximumRows + 1)
        #expect(summary.counts.total == FleetSummary.maximumRows + 500)
        #expect(summary.owners.first { $0.owner.name == "further owners" }?.counts.total == 500)
    }

    @Test func restartLinesHoldNoForeignText() throws {
        let fleet = try GeneratedFleet("1.32", webhook: false)
        var scan = FleetScan(fleet.now)
        try fleet.make(owners: 20) { pod, verdict in
            guard verdict == .stale else { return }
            var pod = pod
            if pod["metadata"]?["labels"]?["app"] == "app-13" {
                pod.modifyObject { pod in
                    pod.modify("metadata") { metadata in
                        metadata.modifyObject { metadata in
                            metadata["generateName"] = "x;reboot-"
                            metadata["ownerReferences"] = [
                                ["kind": "StatefulSet", "name": "x;reboot\nreboot", "controller": true]
                            ]
                        }
                    }
                }
            }
            scan.add(pod) { _ in }
        }
        let lines = FleetReport.restarts(scan.summary).split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines.contains("kubectl rollout restart deployment/app-12 -n shop-0"))
        #expect(
            lines.contains {
                $0.hasPrefix("# an owner in the namespace \"shop-0\" is left out: \"x;reboot\\nreboot\"")
            })
        #expect(lines.allSatisfy { $0.hasPrefix("#") || !$0.contains(";") })
    }

    private static let empty: Snapshot = {
        do {
            return try GeneratedFleet.compile(["policy: disabled\ntemplate: ''\n", "{}", "{}"])
        } catch { preconditionFailure("\(error)") }
    }()

    @Test func labelsOfNamespacesDecide() throws {
        let fleet = try GeneratedFleet("1.32", webhook: false)
        var scan = FleetScan(fleet.now)
        let namespace = { (labels: Value) -> Value in
            ["kind": "Namespace", "metadata": ["name": "shop-0", "labels": labels]]
        }
        var verdicts: [LiveVerdict] = []
        for labels in [[:], ["istio-injection": "enabled"]] as [Value] {
            scan.add(namespace(labels)) { _ in }
            try fleet.make(owners: 1) { pod, _ in
                do {
                    scan.add(["kind": "List", "items": [pod]]) { verdicts.append($0.answer.verdict) }
                }
            }
        }
        let half = GeneratedFleet.podsPerOwner
        #expect(verdicts == Array(repeating: .orphan, count: half) + Array(repeating: .current, count: half))
        #expect(scan.summary.withoutLabels == 0)
    }
}
