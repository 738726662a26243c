import Injection
import PluginAPI
import TestSupport
import Testing
import Values
import YAML

/// Pods and manifests with random junk in any part always get an answer.
@Suite("Hostile input")
struct HostileInputTests {
    private static let junk: [Value] = [
        .null, true, 0, -1, 2.5, .int(.max), .int(.min), .double(1e300), "", "x", "istio-proxy",
        "\u{1F6B2}\u{0}", [],
        [[]], [.null], [["name": 7]], [:], ["name": ["name": []]], ["httpGet": 1],
        .string(String(repeating: "9", count: 40)),
    ]

    /// The value with one of its parts replaced.
    private static func broken(_ value: Value, _ chance: inout GeneratedPods, depth: Int = 0) -> Value {
        if chance.below(8) == 0 { return chance.pick(junk) }
        switch value {
        case .object(var object) where !object.isEmpty:
            let index = chance.below(object.count)
            object.members[index].value = broken(object.members[index].value, &chance, depth: depth + 1)
            return .object(object)
        case .array(var items) where !items.isEmpty:
            let index = chance.below(items.count)
            items[index] = broken(items[index], &chance, depth: depth + 1)
            return .array(items)
        default: return chance.pick(junk)
        }
    }

    @Test("reviews", arguments: [ManifestTextTests.configuration, WayBackTests.modern])
    func reviews(_ configuration: String) throws {
        let snapshot = try Snapshots.make(
            configuration, values: "sidecarInjectorWebhook: {rewriteAppHTTPProbe: true}")
        var chance = GeneratedPods(seed: 7)
        for number in 0..<600 {
            var review: Value = [
                "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
                "request": ["uid": "u", "namespace": "shop", "operation": "CREATE", "object": chance.pod()],
            ]
            for _ in 0...chance.below(3) { review = Self.broken(review, &chance) }
            let answer = try Answer(to: review, snapshot: snapshot)
            let response = answer.review["response"]?.object
            #expect(
                answer.review["kind"] == "AdmissionReview" && response?["allowed"]?.bool != nil, "\(number)")
            #expect((response?["patch"] == nil) == (response?["patchType"] == nil))
            if answer.allowed, let object = review["request"]?["object"], !answer.patch.isEmpty {
                _ = try JSONPatch.apply(answer.patch, to: object)
            }
            #expect(!Pipeline.decide(object: review, explain: true, snapshot: snapshot).isEmpty)
        }
    }

    @Test("manifests", arguments: [ManifestTextTests.configuration, WayBackTests.modern])
    func manifests(_ configuration: String) throws {
        let snapshot = try Snapshots.make(configuration)
        var chance = GeneratedPods(seed: 11)
        for _ in 0..<300 {
            var object: Value = [
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "a"],
                "spec": ["template": chance.pod()],
            ]
            object = Self.broken(object, &chance)
            let text =
                chance.chance(50)
                ? YAMLWriter.text(object, order: .asGiven) : JSON.text(object, style: .pretty(2))
            guard let outcome = try? Pipeline.inject(manifest: Array(text.utf8), snapshot: snapshot) else {
                continue
            }
            if !outcome.changed { #expect(outcome.output == Array(text.utf8)) }
            _ = try? Pipeline.uninject(manifest: outcome.output)
        }
    }

    @Test("texts that are cut off or damaged anywhere")
    func spoiledTexts() throws {
        let snapshot = try Snapshots.make(ManifestTextTests.configuration)
        var chance = GeneratedPods(seed: 13)
        let files = entries(of: ManifestTextTests.folder).map {
            contents(of: "\(ManifestTextTests.folder)/\($0)") ?? []
        }
        for _ in 0..<400 {
            var text = chance.pick(files)
            if chance.chance(50) { text.removeLast(chance.below(text.count)) }
            for _ in 0..<chance.below(4) where !text.isEmpty {
                text[chance.below(text.count)] = UInt8(chance.below(256))
            }
            guard let outcome = try? Pipeline.inject(manifest: text, snapshot: snapshot) else { continue }
            if !outcome.changed { #expect(outcome.output == text) }
        }
    }
}
