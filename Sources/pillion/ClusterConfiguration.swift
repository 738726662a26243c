import Injection
import Kubernetes
import Values

/// The options that select the cluster.
let clusterOptions = [
    Option(
        name: "kubeconfig", shape: .value("FILE"),
        help: "the cluster; default: KUBECONFIG, ~/.kube/config, or the pod's service account",
        readsEnvironment: true),
    Option(
        name: "context", shape: .value("NAME"),
        help: "the context of the kubeconfig; default: its current one"),
]

/// The options for the files of a configuration, for verbs that inject.
let configurationFileOptions = [
    Option(
        name: "injectConfigFile", shape: .value("FILE"),
        help: "the injection configuration: the key config of the ConfigMap istio-sidecar-injector",
        readsEnvironment: true),
    Option(
        name: "valuesFile", shape: .value("FILE"), help: "the values: its key values",
        readsEnvironment: true),
    Option(
        name: "meshConfigFile", shape: .value("FILE"),
        help: "the mesh configuration: the key mesh of the ConfigMap istio", readsEnvironment: true),
]

/// The options with which `kube-inject` finds the configuration in a cluster.
let clusterConfigurationOptions =
    [
        Option(
            name: "builtInConfig", shape: .flag,
            help: "the small configuration of a pillion serve that was given none, to try things without "
                + "a cluster"),
        Option(
            name: "injectConfigMapName", shape: .value("NAME"), fallback: defaultInjection,
            help: "the ConfigMap with the keys config and values"),
        Option(
            name: "meshConfigMapName", shape: .value("NAME"), fallback: defaultMesh,
            help: "the ConfigMap with the key mesh"),
        Option(
            name: "istioNamespace", short: "i", shape: .value("NAME"), fallback: "istio-system",
            help: "their namespace"),
    ] + clusterOptions

private let defaultInjection = "istio-sidecar-injector"
private let defaultMesh = "istio"

/// The configuration of `kube-inject`: files, or ConfigMaps of a cluster.
///
/// | given | configuration | values | mesh |
/// | --- | --- | --- | --- |
/// | nothing | ConfigMap | same ConfigMap | ConfigMap |
/// | `--injectConfigFile` | file | `--valuesFile`, or none | `--meshConfigFile`, or none |
/// | `--valuesFile`, `--meshConfigFile` alone | ConfigMap | file | file |
/// | `--builtInConfig` | built in | `--valuesFile`, or built in | `--meshConfigFile`, or none |
///
/// If a ConfigMap is given together with `--injectConfigFile`, it provides the values, or the mesh configuration, if no
/// file does. The cluster is contacted only for ConfigMaps, so not if files provide everything.
struct ClusterConfiguration {
    let arguments: Arguments

    init(_ arguments: Arguments) { self.arguments = arguments }

    func files() throws -> InjectionFiles {
        if try arguments.flag("builtInConfig") { return try builtIn() }
        let hasConfiguration = arguments.isGiven("injectConfigFile")
        var injection: ConfigMap?
        if !hasConfiguration || (arguments.isGiven("injectConfigMapName") && !arguments.isGiven("valuesFile"))
        {
            injection = try configMap("injectConfigMapName", defaultInjection)
        }
        var files = InjectionFiles(
            configuration: hasConfiguration
                ? NamedText(
                    name: arguments.string("injectConfigFile") ?? "",
                    bytes: try read(file: arguments.string("injectConfigFile") ?? ""))
                : try injection?.text("config") ?? NamedText(name: "", text: ""))
        files.values = try named(arguments.string("valuesFile")) ?? injection?.textIfThere("values")
        files.mesh = try named(arguments.string("meshConfigFile"))
        if files.mesh == nil, !hasConfiguration || arguments.isGiven("meshConfigMapName") {
            files.mesh = try configMap("meshConfigMapName", defaultMesh).text("mesh")
        }
        return files
    }

    private func builtIn() throws -> InjectionFiles {
        for option in ["injectConfigFile", "injectConfigMapName", "meshConfigMapName"]
        where arguments.isGiven(option) {
            throw UsageError("found --builtInConfig and --\(option), expected one of them")
        }
        var files = BuiltInConfiguration.files
        if let values = try named(arguments.string("valuesFile")) { files.values = values }
        files.mesh = try named(arguments.string("meshConfigFile"))
        return files
    }

    /// Resolves `--nativeSidecars auto`: whether the cluster's version supports native sidecars by default. nil for any
    /// other value of the option.
    func nativeSidecars() throws -> Bool? {
        guard arguments.string("nativeSidecars") == "auto" else { return nil }
        do throws(APIError) {
            return try client().serverVersion() >= .nativeSidecars
        } catch {
            guard error.kind == .noCluster else { throw Failure(error.message) }
            complain("--nativeSidecars auto is false: \(error.message)")
            return false
        }
    }

    func client(_ limits: APILimits = .commandLine) throws(APIError) -> APIClient {
        let access = try ClusterAccess.find(
            kubeconfig: arguments.string("kubeconfig"), context: arguments.string("context"))
        return APIClient(access, limits: limits)
    }

    private func configMap(_ option: String, _ fallback: String) throws -> ConfigMap {
        let revision = arguments.string("revision") ?? ""
        var name = arguments.string(option) ?? fallback
        // The names of Istio's ConfigMaps end in the revision, except for the revision "default".
        if name == fallback, !revision.isEmpty, revision != "default" { name += "-\(revision)" }
        let reference = ObjectReference(namespace: arguments.string("istioNamespace") ?? "", name: name)
        guard ObjectReference.isName(reference.name) else {
            throw UsageError("--\(option) is \"\(reference.name)\", expected the name of a ConfigMap")
        }
        guard ObjectReference.isName(reference.namespace) else {
            throw UsageError(
                "--istioNamespace is \"\(reference.namespace)\", expected the name of a namespace")
        }
        do throws(APIError) {
            return ConfigMap(
                try client().get(.configMaps, namespace: reference.namespace, name: name), reference)
        } catch {
            switch error.kind {
            case .noCluster:
                throw UsageError(
                    "expected an injection configuration: --injectConfigFile FILE, or a cluster; \(error.message)"
                )
            case .notFound:
                throw Failure(
                    "\(error.message); --istioNamespace, --revision and --\(option) say where to look")
            default: throw Failure(error.message)
            }
        }
    }
}

extension ConfigMap {
    /// - Throws: `Failure` if there is no such key.
    fileprivate func text(_ key: String) throws -> NamedText {
        do throws(APIError) {
            return NamedText(name: name(of: key), bytes: try bytes(key))
        } catch {
            throw Failure(error.message)
        }
    }

    fileprivate func textIfThere(_ key: String) throws -> NamedText? {
        has(key) ? try text(key) : nil
    }
}
