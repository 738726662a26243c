import Injection
import PluginAPI
import TestSupport
import Testing
import Values
import YAML

/// Objects with pod templates: with one or several, in lists, and of unknown kinds.
@Suite("Workloads")
struct WorkloadTests {
    private static func inject(
        _ text: String, paths: [String] = []
    ) throws -> (outcome: ManifestOutcome, objects: [Value]) {
        var options = InjectionOptions()
        options.podTemplatePaths = paths.compactMap { PodTemplatePath($0) }
        let snapshot = try Snapshots.make(WayBackTests.modern, options: options)
        let outcome = try Pipeline.inject(manifest: Array(text.utf8), snapshot: snapshot)
        return (outcome, try YAMLReader.documents(outcome.output).map(\.value))
    }

    private static let template = "{spec: {containers: [{name: a, image: i}]}}"

    private static func containers(_ template: Value?) -> String {
        (template?["spec"]?["containers"]?.array ?? []).map { $0["name"]?.string ?? "" }.joined(
            separator: " ")
    }

    @Test(
        "an object with several pod templates is injected in each, and uninjected in each",
        arguments: [
            (
                "kind: Job\napiVersion: batch.volcano.sh/v1alpha1\nmetadata: {name: v}\nspec: {tasks: [{template: T}, {name: none}, {template: T}]}",
                ["/spec/tasks/0/template", "/spec/tasks/2/template"]
            ),
            (
                "kind: LeaderWorkerSet\napiVersion: leaderworkerset.x-k8s.io/v1\nmetadata: {name: l}\nspec: {leaderWorkerTemplate: {workerTemplate: T}}",
                ["/spec/leaderWorkerTemplate/workerTemplate"]
            ),
            (
                "kind: RayCluster\napiVersion: ray.io/v1\nmetadata: {name: r}\nspec: {headGroupSpec: {template: T}, workerGroupSpecs: [{template: T}]}",
                ["/spec/headGroupSpec/template", "/spec/workerGroupSpecs/0/template"]
            ),
        ])
    func several(_ text: String, _ pointers: [String]) throws {
        let text = text.replacing(": T", with: ": \(Self.template)")
        let snapshot = try Snapshots.make(WayBackTests.modern)
        var options = ManifestOptions()
        options.provenance = true
        let once = try Pipeline.inject(manifest: Array(text.utf8), snapshot: snapshot, options: options)
        let object = try YAMLReader.value(once.output)
        for pointer in pointers {
            let template = try JSONPointer(parsing: pointer).value(in: object)
            #expect(Self.containers(template) == "a istio-proxy", "\(pointer)")
        }
        #expect(once.workloads.filter(\.injected).count == pointers.count)
        let twice = try Pipeline.inject(manifest: once.output, snapshot: snapshot, options: options)
        #expect(twice.output == once.output)
        let back = try Pipeline.uninject(manifest: once.output)
        #expect(try YAMLReader.value(back.output) == YAMLReader.value(text))
        #expect(back.workloads.filter(\.restored).count == pointers.count)
    }

    @Test("an unknown kind is reported if it contains something like a pod's spec, also in a list")
    func unknown() throws {
        let text = """
            apiVersion: v1
            kind: List
            items:
            - {apiVersion: v1, kind: ConfigMap, metadata: {name: c}}
            - {apiVersion: example.com/v1, kind: Robot, metadata: {name: r}, spec: {arms: [{pod: \(Self.template)}]}}
            - {apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, spec: {template: \(Self.template)}}
            - {apiVersion: apps/v1, kind: Deployment, metadata: {name: e}, spec: {}}
            """
        let (outcome, objects) = try Self.inject(text)
        let robot = try #require(outcome.workloads.first { $0.kind == "Robot" })
        #expect(robot.reason == .podTemplateUnknownKind && robot.pointer == "/items/1")
        #expect(robot.message.contains("/items/1/spec/arms/0/pod/spec looks like a pod's spec"))
        #expect(robot.notes == ["to inject it, give --podTemplatePath 'Robot.example.com=spec.arms[*].pod'"])
        let empty = try #require(outcome.workloads.first { $0.name == "e" })
        #expect(empty.message == "the Deployment holds no pod template")
        #expect(objects[0]["items"]?[1]?["spec"]?["arms"]?[0]?["pod"]?["metadata"] == nil)
        let followed = try Self.inject(text, paths: ["Robot.example.com=spec.arms[*].pod"])
        let pod = followed.objects[0]["items"]?[1]?["spec"]?["arms"]?[0]?["pod"]
        #expect(Self.containers(pod) == "a istio-proxy")
    }

    @Test("the objects of an OpenShift Template are injected one by one")
    func openShiftTemplate() throws {
        let text = """
            apiVersion: template.openshift.io/v1
            kind: Template
            metadata: {name: t}
            objects:
            - apiVersion: apps.openshift.io/v1
              kind: DeploymentConfig
              metadata: {name: d}
              spec: {template: \(Self.template)}
            """
        let (outcome, objects) = try Self.inject(text)
        #expect(Self.containers(objects[0]["objects"]?[0]?["spec"]?["template"]) == "a istio-proxy")
        #expect(outcome.workloads.map(\.pointer) == ["/objects/0"])
    }

    @Test("every problem of a manifest is reported, in its order")
    func problems() throws {
        let pod = { (name: String, annotation: String) in
            "kind: Pod\napiVersion: v1\nmetadata: {name: \(name), annotations: {\(annotation)}}\nspec: {containers: [{name: a, image: i}]}\n"
        }
        let text = [
            pod("one", "status.sidecar.istio.io/port: \"x\""), pod("two", ""),
            pod("three", "sidecar.istio.io/interceptionMode: FOO"),
        ].joined(separator: "---\n")
        let error = #expect(throws: InjectionError.self) { try Self.inject(text) }
        let messages = [error?.message ?? ""] + (error?.others.map(\.message) ?? [])
        #expect(messages.count == 2)
        #expect(messages[0].hasPrefix("manifest:1: Pod \"one\": "))
        #expect(messages[1].hasPrefix("manifest:11: Pod \"three\": "))
        #expect(error?.description.contains("FOO") == true)
    }
}
