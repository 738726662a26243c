import Glibc
import TestSupport
import Testing

/// A server that waits for its cluster ends immediately on a signal.
@Suite(.timeLimit(.minutes(10)))
struct StartingTests {
    private func kubeconfig(_ user: String, in folder: TemporaryFolder) -> String {
        folder.write(
            """
            apiVersion: v1
            kind: Config
            current-context: c
            contexts: [{name: c, context: {cluster: k, user: u}}]
            clusters: [{name: k, cluster: {server: "http://127.0.0.1:1"}}]
            users: [{name: u, user: \(user)}]

            """, to: "kubeconfig")
        return folder.path("kubeconfig")
    }

    private func serve(_ user: String, in folder: TemporaryFolder) throws -> RunningProcess {
        try #require(
            RunningProcess(
                pillionBinary,
                [
                    "serve", "--injectConfigMap", "a/b", "--kubeconfig", kubeconfig(user, in: folder),
                    "--port",
                    "-1", "--httpPort", "0", "--monitoringPort", "-1", "--log-format", "json",
                ], environment: ["PATH": "/usr/bin:/bin", "HOME": folder.root]))
    }

    private func wait(_ condition: () -> Bool) {
        for _ in 0..<2_000 where !condition() { usleep(10_000) }
    }

    /// The API server does not answer; the server would wait for 30 seconds.
    @Test(arguments: [SIGTERM, SIGINT]) func whileNobodyAnswers(signal: Int32) throws {
        let folder = TemporaryFolder()
        let server = try serve("{token: t}", in: folder)
        wait { server.errors.contains("waiting for the API server") }
        server.signal(signal)
        #expect(server.end() == 0, "\(server.errors)")
        #expect(server.errors.contains("ending before it began"))
    }

    /// The credential plugin does not answer; it may take a minute.
    @Test func whileAPluginIsAsked() throws {
        let folder = TemporaryFolder()
        folder.write("#!/bin/sh\ntouch \"$(dirname \"$0\")/asked\"\nexec sleep 100\n", to: "plugin")
        chmod(folder.path("plugin"), 0o755)
        let server = try serve(
            "{exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin}}", in: folder)
        wait { access(folder.path("asked"), F_OK) == 0 }
        #expect(server.end() == 0, "\(server.errors)")
        #expect(server.errors.contains("ending before it began"))
    }
}
