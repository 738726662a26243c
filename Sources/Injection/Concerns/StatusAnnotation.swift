import PluginAPI
import Values

/// The names of the parts that an injection added to a pod, recorded in the annotation `sidecar.istio.io/status`, so
/// that a later injection can replace them.
struct StatusAnnotation: Sendable, Equatable {
    var initContainers: [String] = []
    var containers: [String] = []
    var volumes: [String] = []
    var imagePullSecrets: [String] = []
    /// The volumes and pull secrets of these names that the pod had itself, so that the template's were merged into
    /// them, and init containers if the pod also has a container of that name.
    var own: [String: [String]] = [:]

    /// The lists of a pod's spec that an injection adds to.
    static let lists = ["initContainers", "containers", "volumes", "imagePullSecrets"]

    /// The parts that injections added before Istio had the annotation.
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

    /// Removes names of containers that are not in the injected pod: a container of a template with nothing but nulls
    /// beside its name adds nothing. (Volumes of Istio's own templates often have nothing beside their names.)
    mutating func removeMissing(of template: Object, in pod: Pod) {
        func isBare(_ list: String) -> Bool {
            template[list]?.array?.contains { $0.object?.count == 1 } == true
        }
        if isBare("initContainers") {
            initContainers = initContainers.filter(Set(pod.initContainers.map(\.name)).contains)
        }
        if isBare("containers") { containers = containers.filter(Set(pod.containers.map(\.name)).contains) }
    }

    /// Records the pod's own volumes and pull secrets. If it has none, the annotation's text is Istio's.
    mutating func noteOwn(of pod: Pod) {
        for (list, names) in [("volumes", volumes), ("imagePullSecrets", imagePullSecrets)]
        where !names.isEmpty {
            guard case .array(let items)? = pod.spec[list] else { continue }
            let own = names.filter { name in items.contains { $0.name == name } }
            if !own.isEmpty { self.own[list] = own }
        }
        let twofold = initContainers.filter { name in
            pod.initContainers.contains { $0.name == name } && pod.containers.contains { $0.name == name }
        }
        if !twofold.isEmpty { own["initContainers"] = twofold }
    }

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
        let twofold = Self.texts(members["own"]?["initContainers"])
        if !twofold.isEmpty { own["initContainers"] = twofold }
        // These stay when the injection is removed.
        volumes.removeAll(where: Self.texts(members["own"]?["volumes"]).contains)
        imagePullSecrets.removeAll(where: Self.texts(members["own"]?["imagePullSecrets"]).contains)
    }

    private static func texts(_ list: Value?) -> [String] { list?.array?.compactMap(\.string) ?? [] }

    /// The annotation's text, with the template's hash first (classic) or the revision after the lists (modern).
    func text(version: String? = nil, revision: String? = nil) -> String {
        var members: [Member] = []
        if let version { members.append(Member("version", .string(version))) }
        members.append(Member("initContainers", Self.list(initContainers)))
        members.append(Member("containers", Self.list(containers)))
        members.append(Member("volumes", Self.list(volumes)))
        members.append(Member("imagePullSecrets", Self.list(imagePullSecrets)))
        if let revision { members.append(Member("revision", .string(revision))) }
        if !own.isEmpty {
            let lists = Self.lists.filter { own[$0] != nil }
            members.append(
                Member("own", .object(Object(lists.map { Member($0, Self.list(own[$0] ?? [])) }))))
        }
        return GoText.json(.object(Object(members)))
    }

    private static func list(_ names: [String]) -> Value {
        names.isEmpty ? .null : .array(names.map { .string($0) })
    }

    /// The names as pointers like those of `PodSurvival`: `/spec/containers/istio-proxy`.
    var pointers: [String] {
        zip(Self.lists, [initContainers, containers, volumes, imagePullSecrets]).flatMap { list, names in
            names.map { "/spec/\(list)/\(JSONPointer.escape($0))" }
        }
    }

    /// Removes the items with these names from a pod: as many items as the name is listed, the last ones first, because
    /// an injection appends.
    ///
    /// - Parameter keepingMounted: whether to keep a volume that a remaining container mounts.
    func remove(from pod: inout Pod, keepingMounted: Bool = true) {
        Self.remove(initContainers, from: "initContainers", of: &pod)
        Self.remove(containers, from: "containers", of: &pod)
        Self.remove(volumes, from: "volumes", of: &pod, keepingMounted: keepingMounted)
        Self.remove(imagePullSecrets, from: "imagePullSecrets", of: &pod)
    }

    private static func remove(
        _ names: [String], from list: String, of pod: inout Pod, keepingMounted: Bool = false
    ) {
        guard !names.isEmpty, case .array(let items)? = pod.spec[list],
            items.contains(where: { names.contains($0.name) })
        else { return }
        let mounted = keepingMounted ? mountedVolumes(of: pod) : []
        var left: [String: Int] = [:]
        for name in names { left[name, default: 0] += 1 }
        var present: [String: Int] = [:]
        for item in items { present[item.name, default: 0] += 1 }
        var kept: [Value] = []
        for item in items.reversed() {
            let name = item.name
            let isNeeded = present[name] == 1 && mounted.contains(name)
            guard let count = left[name], count > 0, !isNeeded else {
                kept.append(item)
                continue
            }
            left[name] = count - 1
            present[name, default: 1] -= 1
        }
        pod.spec[list] = kept.isEmpty ? nil : .array(kept.reversed())
    }

    static func mountedVolumes(of pod: Pod) -> Set<String> {
        var names: Set<String> = []
        for container in pod.initContainers + pod.containers {
            for mount in container["volumeMounts"]?.array ?? [] { names.insert(mount.name) }
        }
        return names
    }
}
