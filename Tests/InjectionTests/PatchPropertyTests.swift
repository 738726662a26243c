import Injection
import TestSupport
import Testing
import Values

/// The patch of every pod applies and gives the injected pod. After changes by another webhook, a second injection is
/// final: a third one changes nothing.
@Suite("Patch properties")
struct PatchPropertyTests {
    private static let pods = 150
    /// Operations that an injection of these templates can need, in addition to those for the pod's own probes.
    private static let fixedOperations = 40

    private static let values = """
        global: {network: home, multiCluster: {clusterName: main}}
        sidecarInjectorWebhook: {rewriteAppHTTPProbe: true}
        """

    @Test(arguments: [ManifestTextTests.configuration, WayBackTests.modern])
    func holds(_ configuration: String) throws {
        try Self.hold(for: Snapshots.make(configuration, values: Self.values), seed: 42)
    }

    @Test(
        "with Istio's own configurations", .needs(.istioConfigurations), arguments: ["1.6", "1.32"])
    func holdsForIstio(_ version: String) throws {
        try Self.hold(for: Snapshots.bench(version), seed: 7)
    }

    @Test("a pod in a manifest and in a review get the same result")
    func sameEitherWay() throws {
        let snapshot = try Snapshots.make(WayBackTests.modern, values: Self.values)
        var generated = GeneratedPods(seed: 3)
        for number in 0..<Self.pods {
            var pod = generated.pod()
            pod.modifyObject { pod in
                pod.modify("metadata") { metadata in
                    metadata.modifyObject {
                        $0["namespace"] = "shop"
                        $0["managedFields"] = nil
                    }
                }
            }
            let (reviewed, _) = try Self.inject(pod, snapshot, ReviewOptions(), number)
            let manifest = try Pipeline.inject(manifest: Array(JSON.text(pod).utf8), snapshot: snapshot)
            #expect(try JSON.read(manifest.output) == reviewed, "pod \(number)")
        }
    }

    private static func hold(for snapshot: Snapshot, seed: UInt64) throws {
        var generated = GeneratedPods(seed: seed)
        var options = ReviewOptions()
        options.selfCheck = true
        for number in 0..<Self.pods {
            let pod = generated.pod()
            let (once, operations) = try Self.inject(pod, snapshot, options, number)
            let probes = JSON.text(pod).components(of: "Probe\"") + JSON.text(pod).components(of: "preStop")
            #expect(
                operations.count <= Self.fixedOperations + probes * 4, "pod \(number): \(operations.count)")
            #expect(
                !operations.contains {
                    $0.kind == .replace && $0.value.array?.isEmpty == false
                        && $0.path.value(in: pod)?.array != nil
                },
                "pod \(number): a list is replaced")
            #expect(Self.unknown(once) == Self.unknown(pod), "pod \(number): unknown fields")
            #expect(once["metadata"]?["managedFields"] == pod["metadata"]?["managedFields"])
            var disturbed = once
            generated.disturb(&disturbed)
            let (twice, _) = try Self.inject(disturbed, snapshot, options, number)
            let (thrice, nothing) = try Self.inject(twice, snapshot, options, number)
            #expect(nothing.isEmpty && twice == thrice, "pod \(number): a third time changes \(nothing)")
        }
    }

    private static func inject(
        _ pod: Value, _ snapshot: Snapshot, _ options: ReviewOptions, _ number: Int
    ) throws -> (pod: Value, operations: [JSONPatch.Operation]) {
        let answer = try Answer(toCreating: pod, snapshot: snapshot, options: options)
        #expect(answer.allowed, "pod \(number): \(answer.message)")
        return (try JSONPatch.apply(answer.patch, to: pod), answer.patch)
    }

    /// The fields that are in no type table.
    private static func unknown(_ pod: Value) -> [Value] {
        var found = [pod["spec"]?["futureField"] ?? .null]
        for container in pod["spec"]?["containers"]?.array ?? [] where container["name"] != "istio-proxy" {
            found.append(.array((container["env"]?.array ?? []).map { $0["odd"] ?? .null }))
        }
        return found
    }
}

extension String {
    /// How often a string occurs in this one.
    fileprivate func components(of text: String) -> Int { ranges(of: text).count }
}
