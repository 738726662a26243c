import Glibc
import TestSupport
import Testing
import Values
import YAML

/// The binary has the flags, files, ports, paths and metrics that the manifests name.
@Suite struct ServingTests {
    /// Every flag of every container is in the help of `pillion serve`, and not among those without effect.
    @Test(arguments: Overlay.all)
    func everyFlagIsKnown(_ overlay: Overlay) throws {
        let output = run(pillionBinary, ["serve", "--help-all"]).output
        let help = output.split(separator: "accepted without effect")[0]
        let arguments = try overlay.arguments
        #expect(arguments.first == "serve")
        for argument in arguments.dropFirst() {
            let flag = String(argument.split(separator: "=")[0])
            #expect(help.contains("\(flag) ") || help.contains("\(flag)\n"), "pillion serve has no \(flag)")
        }
    }

    /// The installed configuration passes strict validation.
    @Test func theConfigurationIsValid() throws {
        let folder = try Overlay(name: "files").mountedConfiguration()
        let result = run(
            pillionBinary,
            [
                "validate", "--strict", "--injectConfig", folder.path("config"), "--injectValues",
                folder.path("values"), "--meshConfig", folder.path("mesh"),
            ])
        #expect(result.status == 0, "\(result.errors)")
    }

    /// Runs the server with the container's arguments, a folder of files as mount and free ports. Probes and scrapes
    /// succeed at the manifests' paths, and so does a review sent to the Service's name over TLS, as an API server
    /// sends it.
    @Test(arguments: [Overlay(name: "files"), Overlay(name: "cert-manager")])
    func servesWhatIsNamed(_ overlay: Overlay) throws {
        let pod = try RunningPod(overlay)
        let container = try overlay.container
        for probe in ["readinessProbe", "livenessProbe"] {
            let path = try #require(container.at(probe, "httpGet", "path")?.string)
            #expect(try pod.get(path).status == 200, "\(probe)")
        }
        let annotations = try overlay.object("Deployment").at("spec", "template", "metadata", "annotations")
        let metrics = try pod.get(try #require(annotations?["prometheus.io/path"]?.string))
        #expect(metrics.status == 200)
        #expect(metrics.text.contains("sidecar_injection_requests_total 0"))

        let webhook = try #require(
            try overlay.object("MutatingWebhookConfiguration")["webhooks"]?.array?.first)
        let timeout = try #require(webhook["timeoutSeconds"]?.int)
        for version in try #require(webhook["admissionReviewVersions"]?.array) {
            let answer = try pod.review(
                version.string ?? "", client: webhook["clientConfig"], timeout: timeout)
            #expect(answer["apiVersion"]?.string == "admission.k8s.io/\(version.string ?? "")")
            #expect(answer.at("response", "allowed") == true)
            #expect(answer.at("response", "patch") != nil)
        }
        #expect(!pod.said.contains("has no effect"), "\(pod.said)")
        try ScrapedAlerts.expectNone(pod.get("/metrics").text)
        // The grace period is longer than the drain.
        let grace = try overlay.object("Deployment").at(
            "spec", "template", "spec", "terminationGracePeriodSeconds")
        let delay = try #require(try overlay.argument("shutdown-delay")?.dropLast())
        #expect(try #require(Int64(delay)) + 5 < grace?.int ?? 0)
    }
}

extension Overlay {
    /// The ConfigMap's data as files of a folder.
    func mountedConfiguration() throws -> TemporaryFolder {
        let folder = TemporaryFolder()
        for member in try #require(try object("ConfigMap")["data"]?.object).members {
            folder.write(member.value.string ?? "", to: member.key)
        }
        return folder
    }
}
