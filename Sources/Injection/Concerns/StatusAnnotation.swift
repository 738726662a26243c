import PluginAPI
import Values

/// The names of what an injection put into a pod, recorded in the annotation `sidecar.istio.io/status` so that a later
/// injection can replace it.
struct StatusAnnotation: Sendable, Equatable {
    var initContainers: [String] = []
    var containers: [String] = []
    var volumes: [String] = []
    var imagePullSecrets: [String] = []

    /// The lists of a pod's spec that an injection adds to.
    static let lists = ["initContainers", "containers", "volumes", "imagePullSecrets"]

    /// What injections put in before Istio had the annotation.
    static let legacy = StatusAnnotation(
        initContainers: [ContainerName.initialisation, ContainerName.coreDump],
        containers: [ContainerName.proxy], volumes: ["istio-certs", "istio-envoy"])

    init(
        initContainers: [String] = [], containers: [String] = [], volumes: [String] = [],
        imagePullSecrets: [String] = []
    ) {
        self.initContainers = initContainers
        self.containers = containers
        self.volumes = volumes
        self.imagePullSecrets = imagePullSecrets
    }

    /// The names in a spec.
    init(of spec: Object) {
        initContainers = Self.names(spec["initContainers"])
        containers = Self.names(spec["containers"])
        volumes = Self.names(spec["volumes"])
        imagePullSecrets = Self.names(spec["imagePullSecrets"])
    }

    private static func names(_ list: Value?) -> [String] { list?.array?.map(\.name) ?? [] }

    /// Parses the annotation; nil if it is not a status.
    init?(parsing text: String) {
        guard let value = try? JSON.read(text, limits: JSONLimits(depth: 16, bytes: 256 << 10)),
            case .object(let members) = value
        else { return nil }
        self.init(
            initContainers: Self.texts(members["initContainers"]),
            containers: Self.texts(members["containers"]),
            volumes: Self.texts(members["volumes"]), imagePullSecrets: Self.texts(members["imagePullSecrets"])
        )
    }

    private static func texts(_ list: Value?) -> [String] { list?.array?.compactMap(\.string) ?? [] }

    /// The annotation's text, with the template's hash first (classic) or the revision last (modern).
    func text(version: String? = nil, revision: String? = nil) -> String {
        var members: [Member] = []
        if let version { members.append(Member("version", .string(version))) }
        members.append(Member("initContainers", Self.list(initContainers)))
        members.append(Member("containers", Self.list(containers)))
        members.append(Member("volumes", Self.list(volumes)))
        members.append(Member("imagePullSecrets", Self.list(imagePullSecrets)))
        if let revision { members.append(Member("revision", .string(revision))) }
        return GoText.json(.object(Object(members)))
    }

    private static func list(_ names: [String]) -> Value {
        names.isEmpty ? .null : .array(names.map { .string($0) })
    }

    /// Removes the containers, volumes and secrets of these names from a pod.
    func remove(from pod: inout Pod) {
        Self.remove(initContainers, from: "initContainers", of: &pod)
        Self.remove(containers, from: "containers", of: &pod)
        Self.remove(volumes, from: "volumes", of: &pod)
        Self.remove(imagePullSecrets, from: "imagePullSecrets", of: &pod)
    }

    static func remove(_ names: [String], from list: String, of pod: inout Pod) {
        guard !names.isEmpty, case .array(let items)? = pod.spec[list],
            items.contains(where: { names.contains($0.name) })
        else { return }
        pod.modifyList(list) { $0.removeAll { names.contains($0.name) } }
    }
}
