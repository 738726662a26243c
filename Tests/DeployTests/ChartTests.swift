import TestSupport
import Testing
import Values
import YAML

/// The chart, rendered by Pillion's own engine, creates the same objects as the overlays.
@Suite struct ChartTests {
    @Test(arguments: Overlay.all)
    func rendersTheOverlaysObjects(_ overlay: Overlay) throws {
        let rendering = try Chart.render(Chart.values(overlay.name))
        #expect(rendering.errors.isEmpty, "\(rendering.errors)")
        let objects = try rendering.objects.map(\.withoutHelmsLabels)
        // Helm creates the namespace itself (--create-namespace).
        let wanted = try overlay.objects.filter { $0.kind != "Namespace" }
        #expect(objects.map(\.id).sorted() == wanted.map(\.id).sorted())
        for object in wanted {
            let rendered = objects.first { $0.id == object.id }
            #expect(rendered?.value == object.value, "\(object.id)")
        }
    }

    @Test func defaultsAreThePresetAuto() throws { #expect(try Chart.values() == Chart.values("auto")) }

    @Test func theServiceMonitorIsTheComponents() throws {
        let component = text(
            of: packageRoot + "/deploy/kustomize/components/service-monitor/servicemonitor.yaml")
        let wanted = try #require(try Manifest.all(in: component).first)
        let objects = try Chart.render(Chart.values("service-monitor")).objects
        let found = try #require(objects.first { $0.kind == "ServiceMonitor" })
        #expect(found.withoutHelmsLabels.value == wanted.value)
    }

    /// With the value, the chart adds the same right and flag as the component; without it, neither.
    @Test func namespaceLimitsAreTheComponents() throws {
        let folder = packageRoot + "/deploy/kustomize/components/namespace-limits/"
        let role = try #require(try Manifest.all(in: text(of: folder + "rbac.yaml")).first)
        let rule = try #require(role.value["rules"]?[0])
        let patch = text(of: folder + "kustomization.yaml")
        #expect(patch.contains("value: --namespaceLimits"))
        for (values, isOn) in [(try Chart.values("namespace-limits"), true), (try Chart.values(), false)] {
            let objects = try Chart.render(values).objects
            let rules = try #require(objects.first { $0.kind == "ClusterRole" }).value["rules"]?.array ?? []
            #expect(rules.contains(rule) == isOn)
            let pod = try #require(objects.first { $0.kind == "Deployment" }).value.at(
                "spec", "template", "spec")
            let flags = pod?["containers"]?[0]?["args"]?.array ?? []
            #expect(flags.contains("--namespaceLimits") == isOn)
        }
    }

    @Test func everyObjectBearsHelmsLabels() throws {
        for object in try Chart.render(Chart.values("cert-manager")).objects {
            let labels = object.value.at("metadata", "labels")
            #expect(labels?["app.kubernetes.io/managed-by"] == "Helm", "\(object.id)")
            #expect(labels?["helm.sh/chart"] == "pillion-0.1.0", "\(object.id)")
        }
    }

    /// Another release in another namespace shares no name with the first.
    @Test(arguments: Overlay.all)
    func namesFollowTheRelease(_ overlay: Overlay) throws {
        let rendering = try Chart.render(Chart.values(overlay.name), release: "canary", namespace: "mesh")
        let text = rendering.outputs.values.joined()
        #expect(!text.contains("pillion-system"))
        for object in try rendering.objects {
            #expect(object.name.hasPrefix("canary-pillion"), "\(object.id)")
        }
    }

    @Test func oldClustersGetOldVersions() throws {
        let old = try Chart.render(Chart.values(), kubernetes: "v1.19.16").objects
        #expect(old.contains { $0.id == "policy/v1beta1/PodDisruptionBudget pillion-system/pillion" })
        let new = try Chart.render(Chart.values(), kubernetes: "v1.21.0").objects
        #expect(new.contains { $0.id == "policy/v1/PodDisruptionBudget pillion-system/pillion" })
    }

    @Test func contradictionsStop() throws {
        let change = { (path: [String], value: Value) throws -> String in
            var values = try #require(try Chart.values().object)
            var inner = try #require(values[path[0]]?.object)
            inner[path[1]] = value
            values[path[0]] = .object(inner)
            return try Chart.render(.object(values)).errors["serviceaccount.yaml"] ?? ""
        }
        #expect(
            try change(["certificates", "mode"], "acme").hasSuffix(
                #"certificates.mode is "acme", expected auto, cert-manager or files"#))
        #expect(
            try change(["configuration", "source"], "git").hasSuffix(
                #"configuration.source is "git", expected watched or mounted"#))
    }

    @Test func notesSayWhatIsLeftToDo() throws {
        let files = try Chart.render(Chart.values("files")).outputs["NOTES.txt"] ?? ""
        #expect(files.contains("kubectl label namespace NAMESPACE istio-injection=enabled"))
        #expect(
            files.contains(
                "Make the Secret pillion-tls with tls.crt and tls.key for pillion.pillion-system.svc"))
        let revision = try Chart.render(Chart.values("revision")).outputs["NOTES.txt"] ?? ""
        #expect(revision.contains("kubectl label namespace NAMESPACE istio.io/rev=pillion"))
    }

    @Test func versionsAgree() throws {
        let chart = try Chart.value(of: "Chart.yaml")
        let said = run(pillionBinary, ["version", "-o", "json"])
        let version = try JSON.read(Array(said.output.utf8))["version"]
        #expect(chart["version"] == version)
        #expect(chart["appVersion"] == version)
        let base = try YAMLReader.value(text(of: packageRoot + "/deploy/kustomize/base/kustomization.yaml"))
        #expect(base["images"] == [["name": "pillion", "newTag": version ?? .null]])
    }
}
