import Glibc
import TestSupport
import Testing
import Values

/// `kube-inject` without files, against a server that implements the Kubernetes API.
@Suite(.enabled(if: TestCluster.isPossible, "python3 and openssl make the server"), .timeLimit(.minutes(10)))
struct ClusterTests {
    private static let configuration = """
        policy: enabled
        template: |
          containers:
          - name: {{ .Values.name }}
            image: proxy:{{ .MeshConfig.TrustDomain }}

        """
    private static let modern = """
        defaultTemplates: [sidecar]
        templates:
          sidecar: |
            spec:
              containers:
              - name: istio-proxy
                image: native-{{ .NativeSidecars }}

        """
    private static let values = #"{"name":"istio-proxy"}"#
    private static let mesh = "trustDomain: here\n"
    private static let pod =
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: app\nspec:\n  containers:\n  - name: app\n    image: app\n"

    private let cluster: TestCluster
    private let folder = TemporaryFolder()

    init() throws {
        cluster = try #require(TestCluster())
        install("istio-sidecar-injector", "istio", Self.configuration, Self.mesh)
        folder.write(Self.configuration, to: "inject-config.yaml")
        folder.write(Self.values, to: "inject-values.yaml")
        folder.write(Self.mesh, to: "mesh-config.yaml")
        folder.write(Self.pod, to: "pod.yaml")
    }

    private func install(_ injection: String, _ mesh: String, _ configuration: String, _ text: String) {
        cluster.putConfigMap(
            "istio-system", injection, [("config", configuration), ("values", Self.values)])
        cluster.putConfigMap("istio-system", mesh, [("mesh", text)])
    }

    private func inject(_ arguments: String..., environment: [String: String] = [:]) -> ProcessResult {
        var environment = environment
        if environment.isEmpty { environment = ["KUBECONFIG": cluster.kubeconfig()] }
        return run(
            pillionBinary, ["kube-inject", "-f", "pod.yaml"] + arguments, environment: environment,
            in: folder.root)
    }

    private func fromFiles() -> String {
        inject(
            "--injectConfigFile", "inject-config.yaml", "--valuesFile", "inject-values.yaml",
            "--meshConfigFile",
            "mesh-config.yaml", environment: ["HOME": "/nonexistent"]
        ).output
    }

    @Test func sameAsFiles() {
        let expected = fromFiles()
        #expect(expected.contains("image: proxy:here"))
        let result = inject()
        #expect(result.output == expected, "\(result.errors)")
        #expect(
            inject("--kubeconfig", cluster.kubeconfig(), "--context", "test", environment: ["X": "y"]).output
                == expected)
        var pod = cluster.podEnvironment
        pod["HOME"] = "/nonexistent"
        #expect(inject(environment: pod).output == expected)
    }

    /// Calls no cluster if all inputs are files; a file overrides its ConfigMap.
    @Test func filesAndConfigMapsMixed() {
        _ = fromFiles()
        #expect(cluster.takeLog().requests.isEmpty)
        folder.write("trustDomain: there\n", to: "mesh-config.yaml")
        let mesh = inject("--meshConfigFile", "mesh-config.yaml")
        #expect(mesh.output.contains("image: proxy:there"))
        #expect(cluster.takeLog().requests.count == 1)
        let named = inject(
            "--injectConfigFile", "inject-config.yaml", "--valuesFile", "inject-values.yaml",
            "--meshConfigMapName", "istio")
        #expect(named.output.contains("image: proxy:here"))
    }

    @Test func revisionsAndNames() {
        install("istio-sidecar-injector-canary", "istio-canary", Self.configuration, "trustDomain: canary\n")
        #expect(inject("--revision", "canary").output.contains("image: proxy:canary"))
        #expect(inject("-r", "default").output.contains("image: proxy:here"))
        cluster.putConfigMap("other", "inj", [("config", Self.configuration), ("values", Self.values)])
        cluster.putConfigMap("other", "m", [("mesh", "trustDomain: other\n")])
        let other = inject("-i", "other", "--injectConfigMapName", "inj", "--meshConfigMapName", "m")
        #expect(other.output.contains("image: proxy:other"), "\(other.errors)")
        #expect(inject("--emitTemplate").output.hasPrefix("containers:"))
    }

    @Test func nativeSidecarsOfTheClustersVersion() {
        install("istio-sidecar-injector", "istio", Self.modern, Self.mesh)
        #expect(inject("--nativeSidecars", "auto").output.contains("image: native-true"))
        cluster.set(["version": "v1.32.9"])
        #expect(inject("--nativeSidecars", "auto").output.contains("image: native-false"))
        #expect(inject().output.contains("image: native-false"))
        folder.write(Self.modern, to: "inject-config.yaml")
        let alone = inject(
            "--nativeSidecars", "auto", "--injectConfigFile", "inject-config.yaml",
            environment: ["HOME": "/nonexistent"])
        #expect(alone.output.contains("image: native-false"))
        #expect(
            alone.errors.hasPrefix("pillion: --nativeSidecars auto is false: there is no cluster to query"))
    }

    @Test func whatIsWrong() {
        #expect(
            inject(environment: ["HOME": "/nonexistent"]).errors
                == "pillion: kube-inject: expected an injection configuration: --injectConfigFile FILE, or a cluster; "
                + "there is no cluster to query: KUBECONFIG is not set, /nonexistent/.kube/config is not there, and this "
                + "is not a pod (KUBERNETES_SERVICE_HOST is not set) (pillion kube-inject --help says more)\n"
        )
        let missing = inject("--revision", "none")
        #expect(missing.status == 1)
        #expect(
            missing.errors
                == "pillion: cannot get configmaps \"istio-sidecar-injector-none\" in namespace \"istio-system\" (GET "
                + "\(cluster.address)/api/v1/namespaces/istio-system/configmaps/istio-sidecar-injector-none, as "
                + "kubeconfig user \"somebody\"): 404: configmaps \"istio-sidecar-injector-none\" not found; "
                + "--istioNamespace, --revision and --injectConfigMapName say where to look\n")
        cluster.putConfigMap("istio-system", "istio", [("other", "")])
        #expect(
            inject().errors == "pillion: configmap istio-system/istio has no key \"mesh\"; it has other\n")
        cluster.putConfigMap("istio-system", "istio-sidecar-injector", [("config", "template: '{{ .X'\n")])
        let file = ["--meshConfigFile", "mesh-config.yaml"]
        #expect(
            inject(file[0], file[1]).errors.contains(
                "configmap istio-system/istio-sidecar-injector, key config"))
        #expect(inject("--injectConfigMapName", "No Name").status == 2)
        cluster.setTokens([:])
        #expect(inject().errors.contains("401: Unauthorized; the credentials are not accepted"))
    }
}

/// Runs the section on manual injection of Istio's document unchanged, with `kubectl` against the test server and
/// Pillion as `istioctl`.
@Suite(
    .enabled(if: TestCluster.isPossible, "python3 and openssl make the server"),
    .enabled(if: access("/usr/bin/kubectl", X_OK) == 0, "kubectl is not installed"),
    .needs(.foundingDocument), .needs(.istioConfigurations),
    .timeLimit(.minutes(10)))
struct ManualInjectionTests {
    /// The commands of the console blocks between two headings; lines that end in a backslash are joined.
    private static func commands(from: String, to: String) throws -> [String] {
        let document = text(of: CaseCollection.foundingDocument.path)
        let start = try #require(document.firstRange(of: from))
        let end = try #require(document[start.upperBound...].firstRange(of: to))
        let joined = document[start.upperBound..<end.lowerBound].replacing("\\\n", with: " ")
        return joined.split(separator: "\n").filter { $0.hasPrefix("$ ") }.map { String($0.dropFirst(2)) }
    }

    @Test func asPrinted() throws {
        let cluster = try #require(TestCluster())
        let folder = TemporaryFolder()
        let configuration = CaseCollection.istioConfigurations.path("config-1.6/")
        func file(_ name: String) -> String { text(of: configuration + name) }
        cluster.putConfigMap(
            "istio-system", "istio-sidecar-injector",
            [("config", file("inject-config.yaml")), ("values", file("values.yaml"))])
        cluster.putConfigMap("istio-system", "istio", [("mesh", file("mesh.yaml"))])
        mkdir(folder.path("bin"), 0o755)
        symlink(pillionBinary, folder.path("bin/istioctl"))
        folder.write(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: sleep\nspec:\n  template:\n    metadata:\n"
                + "      labels:\n        app: sleep\n    spec:\n      containers:\n      - name: sleep\n"
                + "        image: tutum/curl\n", to: "sleep.yaml")
        // The output is compared instead of applied; the sample is in the folder.
        let commands = try Self.commands(
            from: "### Manual sidecar injection", to: "### Automatic sidecar injection"
        )
        .filter { !$0.hasPrefix("kubectl get pod") }
        .map { command in
            (command.firstRange(of: "| kubectl apply -f -").map { String(command[..<$0.lowerBound]) }
                ?? command)
                .replacing("@samples/sleep/sleep.yaml@", with: "sleep.yaml")
        }
        #expect(commands.count == 5)
        let environment = [
            "PATH": folder.path("bin") + ":/usr/bin:/bin", "KUBECONFIG": cluster.kubeconfig(),
            "HOME": folder.root,
        ]
        var results: [String] = []
        for command in commands {
            let result = run("/bin/sh", ["-c", command], environment: environment, in: folder.root)
            #expect(result.status == 0, "$ \(command)\n\(result.errors)")
            results.append(result.output)
        }
        #expect(text(of: folder.path("inject-config.yaml")) == file("inject-config.yaml"))
        #expect(text(of: folder.path("mesh-config.yaml")) == file("mesh.yaml"))
        #expect(results[0].contains("name: istio-proxy"))
        #expect(results[0] == results[4])
    }
}
