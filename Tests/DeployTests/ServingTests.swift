import Glibc
import TestSupport
import Testing
import Values
import YAML

/// The binary has what the manifests name: flags, files, ports, paths, metrics.
@Suite struct ServingTests {
    /// Every flag of every container is one of `pillion serve`, and has an effect.
    @Test(arguments: [Overlay(name: "files"), Overlay(name: "cert-manager")])
    func everyFlagIsKnown(_ overlay: Overlay) throws {
        let help = run(pillionBinary, ["serve", "--help"]).output
        let arguments = try overlay.arguments
        #expect(arguments.first == "serve")
        for argument in arguments.dropFirst() {
            let flag = String(argument.split(separator: "=")[0])
            #expect(help.contains("\(flag) ") || help.contains("\(flag)\n"), "pillion serve has no \(flag)")
        }
    }

    /// The configuration that is installed is one that the strictest check lets pass.
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

    /// The container's own arguments, with mounted files in a folder and ports that are free: probes and scrapes where
    /// the manifests say, and a review by the Service's TLS name, as an API server sends it.
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
        // The drain that the grace period leaves time for.
        let grace = try overlay.object("Deployment").at(
            "spec", "template", "spec", "terminationGracePeriodSeconds")
        let delay = try #require(try overlay.argument("shutdown-delay")?.dropLast())
        #expect(try #require(Int64(delay)) + 5 < grace?.int ?? 0)
    }
}

private let testCertificates = packageRoot + "/Tests/DeployTests/certificates"

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

/// The binary with a container's arguments, on free ports, its mounts being folders; ends with the value.
struct RunningPod {
    private let folder: TemporaryFolder
    private let httpsPort: Int
    private let monitoringPort: Int
    private let server: RunningProcess

    init(_ overlay: Overlay) throws {
        let folder = try overlay.mountedConfiguration()
        try self.init(overlay, folder, configuration: folder.root, certificates: testCertificates) {
            arguments in
            try #require(RunningProcess(pillionBinary, arguments))
        }
    }

    /// In a tree that nobody can write to, as that user.
    init(_ overlay: Overlay, in root: String, user: Int) throws {
        let mounts = root + "/etc/pillion"
        let folder = try overlay.mountedConfiguration()
        let script = """
            cp \(folder.root)/* \(mounts)/config/ && cp \(testCertificates)/tls.* \(mounts)/tls/ &&
            mount --bind \(root) \(root) && mount --bind /proc \(root)/proc && mount -o remount,bind,ro \(root) &&
            exec chroot --userspec=\(user):\(user) \(root) /usr/bin/pillion "$@"
            """
        try self.init(overlay, folder, configuration: "/etc/pillion/config", certificates: "/etc/pillion/tls")
        {
            try #require(RunningProcess("/usr/bin/unshare", ["-m", "/bin/sh", "-c", script, "sh"] + $0))
        }
    }

    private init(
        _ overlay: Overlay, _ folder: TemporaryFolder, configuration: String, certificates: String,
        start: ([String]) throws -> RunningProcess
    ) throws {
        self.folder = folder
        let (https, monitoring) = try (#require(freePort()), #require(freePort()))
        (httpsPort, monitoringPort) = (https, monitoring)
        server = try start(
            overlay.arguments.map { argument in
                argument.replacing("/etc/pillion/config", with: configuration)
                    .replacing("/etc/pillion/tls", with: certificates)
                    .replacing("--port=9443", with: "--port=\(https)")
                    .replacing("--monitoringPort=15014", with: "--monitoringPort=\(monitoring)")
                    .replacing("--shutdown-delay=10s", with: "--shutdown-delay=0s")
            })
        let listens = waitUntilListening(monitoringPort) && waitUntilListening(httpsPort)
        try #require(listens, "the server did not start: \(server.errors)")
        // Ready comes after the last listener.
        for _ in 0..<200 where try get("/readyz").status != 200 { usleep(10_000) }
    }

    var said: String { server.errors }

    func get(_ path: String) throws -> HTTPClient.Response {
        let client = try #require(HTTPClient(port: UInt16(monitoringPort)))
        return try #require(client.request("GET", path))
    }

    /// A review of a bare pod, sent to the Service's name and checked against the authority.
    func review(_ version: String, client: Value?, timeout: Int64) throws -> Value {
        let service = try #require(client?["service"])
        let host = "\(service["name"]?.string ?? "").\(service["namespace"]?.string ?? "").svc"
        let port = try #require(service["port"]?.int)
        let body = """
            {"apiVersion": "admission.k8s.io/\(version)", "kind": "AdmissionReview", "request": {"uid": "u1",
            "kind": {"group": "", "version": "v1", "kind": "Pod"}, "namespace": "shop", "operation": "CREATE",
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
            "spec": {"containers": [{"name": "web", "image": "nginx"}]}}}}
            """
        let result = run(
            "/usr/bin/curl",
            [
                "-sS", "--cacert", testCertificates + "/ca.crt", "--connect-to",
                "\(host):\(port):127.0.0.1:\(httpsPort)", "-H", "Content-Type: application/json",
                "--data-binary", "@-",
                "https://\(host):\(port)\(service["path"]?.string ?? "")?timeout=\(timeout)s",
            ], input: body)
        try #require(result.status == 0, "\(result.errors)")
        return try JSON.read(Array(result.output.utf8))
    }
}
