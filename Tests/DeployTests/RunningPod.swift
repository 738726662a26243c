import Glibc
import TestSupport
import Testing
import Values

let testCertificates = packageRoot + "/Tests/DeployTests/certificates"

/// A server with a container's arguments, on free ports, with folders as mounts. Ends when the value is deinitialized.
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

    /// Runs as that user in a read-only tree.
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

    /// Runs with a cluster's API and the account in the cluster's folder. With `waits` false, does not wait until
    /// ready.
    init(_ overlay: Overlay, in cluster: TestCluster, waits: Bool = true) throws {
        try self.init(overlay, TemporaryFolder(), configuration: "", certificates: "", waits: waits) {
            try #require(RunningProcess(pillionBinary, $0, environment: cluster.podEnvironment))
        }
    }

    private init(
        _ overlay: Overlay, _ folder: TemporaryFolder, configuration: String, certificates: String,
        waits: Bool = true, start: ([String]) throws -> RunningProcess
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
                    .replacing("--httpPort=8080", with: "--httpPort=0")
                    .replacing("--shutdown-delay=10s", with: "--shutdown-delay=0s")
            })
        guard waits else { return }
        let listens = waitUntilListening(monitoringPort) && waitUntilListening(httpsPort)
        try #require(listens, "the server did not start: \(server.errors)")
        // The server is ready only after its last listener.
        for _ in 0..<200 where try get("/readyz").status != 200 { usleep(10_000) }
    }

    var said: String { server.errors }

    func get(_ path: String) throws -> HTTPClient.Response {
        let client = try #require(HTTPClient(port: UInt16(monitoringPort)))
        return try #require(client.request("GET", path))
    }

    /// Sends a review of a bare pod to the Service's name over TLS, trusting the authority.
    func review(
        _ version: String, client: Value?, timeout: Int64 = 5,
        authority: String = testCertificates + "/ca.crt"
    ) throws -> Value {
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
                "-sS", "--cacert", authority, "--connect-to",
                "\(host):\(port):127.0.0.1:\(httpsPort)", "-H", "Content-Type: application/json",
                "--data-binary", "@-",
                "https://\(host):\(port)\(service["path"]?.string ?? "")?timeout=\(timeout)s",
            ], input: body)
        try #require(result.status == 0, "\(result.errors)")
        return try JSON.read(Array(result.output.utf8))
    }
}
