import PluginAPI
import Values

/// What an earlier injection put into a pod, as far as its status annotation can be believed: the pod's author can
/// write it too.
///
/// | the annotation | what is believed |
/// | --- | --- |
/// | as an injector writes it, to the byte; everything that it names is there, and a container that it does not name | all of it |
/// | anything else | what the configuration makes: a container of that name with its image or one of its mounts, an equal volume, a secret of that name |
///
/// What is not believed stays in the pod.
struct EarlierInjection: Sendable, Equatable {
    /// The names; nil where there is no status. In the classic form, one that names nothing does not count.
    var status: StatusAnnotation?
    /// Whether the annotation is believed as it is.
    var isCertain = true

    init(status: StatusAnnotation? = nil) { self.status = status }

    init(of pod: Pod, form: PolicyConfiguration.Form) {
        guard let text = pod.annotation(MetadataKey.status) else { return }
        let stated = StatusAnnotation(parsing: text)
        if form == .classic, stated == StatusAnnotation() { return }
        status = stated
        guard let stated else { return }
        isCertain = Self.isInjectors(text, form) && Self.isComplete(stated, pod)
    }

    /// Whether the text is what injectors of the form write: the lists in their order, without blanks, with the
    /// template's SHA-256 (classic) or the revision (modern).
    private static func isInjectors(_ text: String, _ form: PolicyConfiguration.Form) -> Bool {
        guard let value = try? JSON.read(text, limits: JSONLimits(depth: 16, bytes: 256 << 10)),
            case .object(let object) = value
        else { return false }
        switch form {
        case .classic:
            let version = object.text("version").utf8
            guard version.count == 64,
                version.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
            else { return false }
        case .modern: guard object["revision"]?.string != nil else { return false }
        }
        let lists = object.members.filter { StatusAnnotation.lists.contains($0.key) }
        let areNames = lists.allSatisfy { list in
            list.value.isNull || list.value.array?.allSatisfy { $0.string != nil } == true
        }
        return lists.map(\.key) == StatusAnnotation.lists && areNames && GoText.json(value) == text
    }

    private static func isComplete(_ status: StatusAnnotation, _ pod: Pod) -> Bool {
        let own = pod.containers.filter { !status.containers.contains($0.name) }
        guard !own.isEmpty || status.containers.isEmpty else { return false }
        let lists = zip(StatusAnnotation.lists, [status.initContainers, status.containers, status.volumes])
        return lists.allSatisfy { list, names in
            let present = (pod.spec[list]?.array ?? []).map(\.name)
            return names.allSatisfy(present.contains)
        }
    }

    /// The part of an uncertain status that the configuration could have made.
    ///
    /// - Parameter template: what the templates give now.
    func confirmed(by template: Object, in pod: Pod) -> StatusAnnotation? {
        guard let status, !isCertain else { return status }
        let made = (template["initContainers"]?.array ?? []) + (template["containers"]?.array ?? [])
        let isMade = { (name: String, list: [Value]) in
            list.contains { item in item.name == name && made.contains { Self.isAlike($0, item) } }
        }
        let isEqual = { (name: String, list: String) in
            let given = (template[list]?.array ?? []).filter { $0.name == name }
            return (pod.spec[list]?.array ?? []).contains { given.contains($0) }
        }
        return StatusAnnotation(
            initContainers: status.initContainers.filter { isMade($0, pod.initContainers) },
            containers: status.containers.filter { isMade($0, pod.containers) },
            volumes: status.volumes.filter { isEqual($0, "volumes") },
            imagePullSecrets: status.imagePullSecrets.filter { isEqual($0, "imagePullSecrets") })
    }

    /// Whether two containers have one name, and one image or a mount in common.
    private static func isAlike(_ made: Value, _ found: Value) -> Bool {
        guard made.name == found.name else { return false }
        if let image = made["image"], image == found["image"] { return true }
        let mounts = Set((made["volumeMounts"]?.array ?? []).map(\.name))
        return (found["volumeMounts"]?.array ?? []).contains { mounts.contains($0.name) }
    }

    /// A warning about what the status names and the pod keeps.
    static func warning(_ status: StatusAnnotation, keeping confirmed: StatusAnnotation?) -> String? {
        let kept = Set(status.pointers).subtracting(confirmed?.pointers ?? [])
        guard let first = kept.sorted().first else { return nil }
        let others = kept.count > 1 ? " and \(kept.count - 1) more" : ""
        return "\(MetadataKey.status) names \(first)\(others), which no injection made: kept"
    }

    /// Whether the templates no longer give something that was injected, or give it in another list.
    ///
    /// A proxy that becomes a native sidecar does not count: Istio moves it and keeps what it had as the user's
    /// (`NativeSidecar`, `UserContainers`).
    ///
    /// - Parameter movesProxy: whether native sidecars are on.
    static func isOutdated(_ status: StatusAnnotation, _ template: Object, movesProxy: Bool) -> Bool {
        var now = StatusAnnotation(of: template)
        if movesProxy, now.initContainers.contains(ContainerName.proxy) {
            now.containers.append(ContainerName.proxy)
        }
        let pairs = [
            (status.initContainers, now.initContainers), (status.containers, now.containers),
            (status.volumes, now.volumes), (status.imagePullSecrets, now.imagePullSecrets),
        ]
        return pairs.contains { before, now in !before.allSatisfy(now.contains) }
    }

    /// The pod before the earlier injection, as far as that is known; the marks that do no harm stay.
    static func undone(_ pod: Pod, _ status: StatusAnnotation) throws(InjectionError) -> Pod {
        var undoing = PodUndoing(pod, status, configuration: nil)
        for concern in ConcernOrder.renewal { try concern.undo(in: &undoing) }
        return undoing.pod
    }
}
