import Glibc
import TestSupport
import Testing
import Values

/// Runs the commands of the documents for operators, in order, with `kubectl` against the test server. A shell block
/// must succeed; a console block must print its output (`UPDATE_GOLDEN=1` rewrites it). A block that is not run begins
/// with the reason.
@Suite(
    .enabled(if: TestCluster.isPossible, "python3 and openssl make the server"),
    .enabled(if: kubectl != nil, "there is no kubectl"),
    .timeLimit(.minutes(10)))
struct OperationsTests {
    private static let mark = "# not run by the tests: "

    /// In this order, because each document continues with the cluster and the files of the ones before it.
    private static let documents = [
        "install.md", "first-sidecar.md", "why-not.md", "from-istio.md", "run.md",
    ]

    @Test func everyCommandIsTrue() throws {
        let cluster = try #require(TestCluster())
        let folder = try Self.workplace(cluster)
        let environment = [
            "PATH": folder.path("bin") + ":/usr/sbin:/usr/bin:/bin", "KUBECONFIG": folder.path("kubeconfig"),
            "HOME": folder.root,
        ]
        func bash(_ script: String) -> ProcessResult {
            run("/bin/bash", ["-eo", "pipefail", "-c", script], environment: environment, in: folder.root)
        }
        var count = 0
        for name in Self.documents {
            let document = BlockDocument(path: packageRoot + "/docs/" + name)
            let rewritten = document.refilled { block in
                guard ["sh", "console"].contains(block.kind) else { return nil }
                if let first = block.lines.first, first.hasPrefix(Self.mark) {
                    #expect(first.count > Self.mark.count + 10, "\(name):\(block.line): expected a reason")
                    return nil
                }
                guard block.kind == "console" else {
                    count += 1
                    let result = bash(block.lines.joined(separator: "\n"))
                    #expect(result.status == 0, "\(name):\(block.line):\n\(result.output)\(result.errors)")
                    return nil
                }
                return block.steps.map { step in
                    count += 1
                    let output = bash(step.command).output
                    if !updatesGoldens { #expect(output == step.output, "\(name): $ \(step.command)") }
                    return "$ \(step.command)\n\(output)"
                }.joined()
            }
            if updatesGoldens { _ = compareGolden(rewritten, with: document.path) }
        }
        #expect(count >= 23, "\(count) blocks and commands")

        // All objects that were installed are deleted; the others still exist.
        for (resource, namespace) in [
            ("mutatingwebhookconfigurations", nil), ("deployments", "pillion-system"),
            ("services", "pillion-system"), ("clusterroles", nil), ("clusterrolebindings", nil),
        ] { #expect(cluster.get(resource, namespace, "pillion") == [:], "\(resource)") }
        #expect(cluster.get("configmaps", "istio-system", "istio")["data"] != nil)
        #expect(cluster.get("deployments", "default", "sleep")["kind"] == "Deployment")
    }

    /// Makes a folder with the checkout's files, `pillion` and `kubectl`, and puts Istio's ConfigMaps into the cluster.
    private static func workplace(_ cluster: TestCluster) throws -> TemporaryFolder {
        for name in ["default", "istio-system"] {
            cluster.put("namespaces", nil, ["metadata": ["name": .string(name), "labels": [:]]])
        }
        let configuration = try #require(try Overlay(name: "auto").object("ConfigMap")["data"])
        func text(_ key: String) -> String { configuration[key]?.string ?? "" }
        cluster.putConfigMap(
            "istio-system", "istio-sidecar-injector",
            [("config", text("config")), ("values", text("values"))])
        cluster.putConfigMap("istio-system", "istio", [("mesh", text("mesh"))])
        let folder = TemporaryFolder()
        let kubeconfig = TestSupport.text(of: cluster.kubeconfig())
        folder.write(
            kubeconfig.replacing("namespace: apps", with: "namespace: default")
                .replacing("ca.crt", with: cluster.folder.path("ca.crt")), to: "kubeconfig")
        for name in ["deploy", "examples"] { symlink("\(packageRoot)/\(name)", folder.path(name)) }
        mkdir(folder.path("bin"), 0o755)
        symlink(pillionBinary, folder.path("bin/pillion"))
        // The test server has no schemas for kubectl's validation. `kubectl rollout restart` writes the time in
        // seconds, and refuses a second restart within the same one.
        folder.write(
            """
            #!/bin/sh
            if [ "$1" = apply ]; then shift; set -- apply --validate=false "$@"; fi
            case "$*" in *"rollout restart"*) sleep 1.1 ;; esac
            exec \(kubectl ?? "kubectl") "$@"
            """, to: "bin/kubectl")
        chmod(folder.path("bin/kubectl"), 0o755)
        return folder
    }
}
