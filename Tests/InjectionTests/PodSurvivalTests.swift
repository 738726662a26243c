import PluginAPI
import TestSupport
import Testing
import Values
import YAML

@testable import Injection

/// Whatever a template renders, a pod keeps all its parts or is refused with the template's name. The cases are in
/// `cases/survival`; the test has its own comparison instead of `PodSurvival`.
@Suite("A pod survives its injection")
struct PodSurvivalTests {
    struct Rendering: CustomTestStringConvertible {
        var value: Value
        var testDescription: String { "\(self["form"]), \(self["name"])" }

        subscript(_ key: String) -> String { value[key]?.string ?? "" }
    }

    private static let folder = packageRoot + "/Tests/InjectionTests/cases/survival/"
    private static let pods = cases("pods.yaml")
    private static let renderings = cases("renderings.yaml").map { Rendering(value: $0) }

    private static func cases(_ file: String) -> [Value] {
        (try? YAMLReader.value(contents(of: folder + file) ?? []))?.array ?? []
    }

    private static func snapshot(_ rendering: Rendering) throws -> Snapshot {
        let lines = rendering["text"].utf8.isEmpty ? "\"\"" : JSON.text(.string(rendering["text"]))
        let template =
            rendering["form"] == "classic" ? "template: \(lines)" : "templates: {sidecar: \(lines)}"
        return try Snapshots.make(
            "policy: enabled\nengine: literal\n\(template)\n", mesh: "enablePrometheusMerge: false")
    }

    @Test(arguments: renderings)
    func reviews(_ rendering: Rendering) throws {
        let snapshot = try Self.snapshot(rendering)
        for isChecked in [false, true] {
            for pod in Self.pods {
                var options = ReviewOptions()
                options.selfCheck = isChecked
                let answer = try Answer(toCreating: pod, snapshot: snapshot, options: options)
                let after = answer.allowed ? try JSONPatch.apply(answer.patch, to: pod) : nil
                Self.judge(rendering, pod, after, answer.report.reason, answer.message)
            }
        }
    }

    @Test(arguments: renderings)
    func manifests(_ rendering: Rendering) throws {
        let snapshot = try Self.snapshot(rendering)
        for pod in Self.pods {
            var object = pod
            object.modifyObject {
                $0["apiVersion"] = "v1"
                $0["kind"] = "Pod"
            }
            do {
                let outcome = try Pipeline.inject(manifest: Array(JSON.text(object).utf8), snapshot: snapshot)
                let report = try #require(outcome.workloads.first)
                Self.judge(rendering, object, try JSON.read(outcome.output), report.reason, "")
                let removed = rendering["removes"]
                if !removed.isEmpty, try JSON.read(outcome.output) != object, report.injected,
                    !Self.lost(object, try JSON.read(outcome.output)).isEmpty
                {
                    #expect(report.notes.contains { $0.contains(removed) }, "\(report.notes)")
                }
            } catch let error as InjectionError {
                Self.judge(rendering, object, nil, error.code, error.description)
            }
        }
    }

    @Test("two containers with the proxy's name must both stay") func twoProxies() {
        let proxy: Value = [["name": "istio-proxy", "image": "i"]]
        let pod = Pod(
            metadata: Object(),
            spec: Object([Member("containers", proxy), Member("initContainers", proxy)]))
        var result = pod
        result.spec["initContainers"] = []
        let losses = PodSurvival.losses(
            of: pod, in: result, form: .modern, allowing: PodSurvival.Allowance())
        #expect(losses.map(\.pointer) == ["/spec/initContainers/istio-proxy"])
    }

    private static func judge(
        _ rendering: Rendering, _ pod: Value, _ after: Value?, _ reason: ReasonCode, _ message: String
    ) {
        let name = pod["metadata"]?["name"]?.string ?? "owned"
        guard let after else {
            #expect(rendering["outcome"].contains("refused"), "\(name): \(message)")
            #expect(message.contains("template"), "\(name): \(message)")
            return
        }
        let lost = lost(pod, after).filter { !$0.contains("/searches") }
        switch rendering["outcome"] {
        case "nothing":
            #expect(after == pod && reason == .nothingRendered, "\(name): \(reason), \(JSON.text(after))")
        case "refused": Issue.record("\(name) is not refused")
        case "removes": #expect(lost.allSatisfy { $0 == rendering["removes"] }, "\(name) loses \(lost)")
        default: #expect(lost.isEmpty, "\(name) loses \(lost)")
        }
    }

    /// The parts that are missing or are different scalars. The renderings change no scalars on purpose, except `value`
    /// and `name` of variables and ports.
    private static func lost(_ old: Value, _ new: Value, _ place: String = "") -> [String] {
        switch (old, new) {
        case (.object(let old), .object(let new)):
            return old.members.flatMap { member -> [String] in
                guard let value = new[member.key] else { return ["\(place)/\(member.key)"] }
                return lost(member.value, value, "\(place)/\(member.key)")
            }
        case (.array(let old), .array(let new)):
            var left = new
            return old.enumerated().flatMap { number, item -> [String] in
                guard let index = left.firstIndex(where: { isSame(item, $0) }) else {
                    return ["\(place)/\(item["name"]?.string ?? String(number))"]
                }
                return lost(
                    item, left.remove(at: index), "\(place)/\(item["name"]?.string ?? String(number))")
            }
        default:
            if place.hasSuffix("/value") || place.contains("/searches") || place.contains("/searches") {
                return []
            }
            return old == new ? [] : [place]
        }
    }

    private static func isSame(_ old: Value, _ new: Value) -> Bool {
        guard case .object(let members) = old else { return old == new }
        for key in ["name", "containerPort", "mountPath", "ip", "topologyKey"] {
            if let value = members[key] {
                return value == new[key] && (old["protocol"] ?? "TCP") == (new["protocol"] ?? "TCP")
            }
        }
        return old == new
    }
}
