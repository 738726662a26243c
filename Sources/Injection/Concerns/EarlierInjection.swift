import PluginAPI
import Values

/// The parts of an earlier injection in a pod, as far as its status annotation can be trusted: the pod's author can
/// write it too.
///
/// | the annotation | what is trusted |
/// | --- | --- |
/// | equal byte for byte to an injector's; the parts that it names are in the pod, where an injection puts them; the pod has another mark of an injection | all of it |
/// | the same without another mark, and the configuration renders one of the containers | all of it |
/// | anything else | the parts that the configuration renders: a container of that name with its image or one of its mounts, an equal volume, an equal secret |
///
/// Parts that are not trusted stay in the pod. The status of an author who copies a status and the marks of an
/// injection is trusted, because it cannot be distinguished from an injected one.
struct EarlierInjection: Sendable, Equatable {
    /// The names; empty if the annotation is not a status.
    let status: StatusAnnotation
    /// Whether the annotation can be an injector's, by its text and the places of the parts that it names.
    let isPlausible: Bool
    /// Whether the whole annotation is trusted.
    let isCertain: Bool

    /// nil for a pod without a status. In the classic form, a status without names does not count.
    init?(of pod: Pod, form: PolicyConfiguration.Form) {
        guard let text = pod.annotation(MetadataKey.status) else { return nil }
        let stated = StatusAnnotation(parsing: text)
        if form == .classic, stated ?? StatusAnnotation() == StatusAnnotation() { return nil }
        status = stated ?? StatusAnnotation()
        isPlausible =
            Self.isInjectors(text, form) && Self.isComplete(status, pod)
            && (form == .modern || Self.isAppended(status.containers, to: pod.containers))
        isCertain = isPlausible && Self.hasMark(pod)
    }

    /// Whether the pod has a status as injectors of the classic form write it, even if it has no names.
    static func hasClassicStatus(_ pod: Pod) -> Bool {
        pod.annotation(MetadataKey.status).map { isInjectors($0, .classic) } ?? false
    }

    /// Whether the pod has another mark of an injection: the label about mutual TLS, scraping settings or variables of
    /// the proxy.
    private static func hasMark(_ pod: Pod) -> Bool {
        pod.label(MetadataKey.tlsMode) != nil || PrometheusMerge.hasProxyPath(pod.annotations)
            || PodUndoing.recorded(ProxyVariable.probes, in: pod.proxy) != nil
            || PodUndoing.recorded(ProxyVariable.prometheus, in: pod.proxy) != nil
    }

    /// Whether containers with these names are adjacent, in this order, after another container.
    private static func isAppended(_ names: [String], to containers: [Value]) -> Bool {
        guard let first = names.first else { return true }
        let present = containers.map(\.name)
        return present.indices.dropFirst().contains { index in
            present[index] == first && present[index...].starts(with: names)
        }
    }

    /// Whether the text has the format of injectors of the form: the lists in order, without blanks, with the
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
        // A pod always has its own container: one that the status does not name, or one that was merged with an
        // injected one.
        let hasOwn =
            pod.containers.contains { !status.containers.contains($0.name) }
            || (try? Overrides(of: pod))?.containers.isEmpty == false
        guard hasOwn || status.containers.isEmpty else { return false }
        let lists = zip(StatusAnnotation.lists, [status.initContainers, status.containers, status.volumes])
        return lists.allSatisfy { list, names in
            let present = (pod.spec[list]?.array ?? []).map(\.name)
            return names.allSatisfy(present.contains)
        }
    }

    /// The part of an uncertain status that the configuration could have rendered. All of a plausible status, if the
    /// configuration renders one of its containers.
    ///
    /// - Parameter template: the current output of the templates.
    func confirmed(by template: Object, in pod: Pod) -> StatusAnnotation {
        let made = (template["initContainers"]?.array ?? []) + (template["containers"]?.array ?? [])
        let isMade = { (name: String, list: [Value]) in
            list.contains { item in item.name == name && made.contains { Self.isAlike($0, item) } }
        }
        if isPlausible,
            status.containers.contains(where: { isMade($0, pod.containers) })
                || status.initContainers.contains(where: { isMade($0, pod.initContainers) })
        {
            return status
        }
        // The result of merging into the user's own container may be unlike both.
        let own = try? Overrides(of: pod)
        let kept = { (name: String, list: [Value]?) in
            list?.contains { $0.name == name } == true && made.contains { $0.name == name }
        }
        let isEqual = { (name: String, list: String) in
            let given = (template[list]?.array ?? []).filter { $0.name == name }
            return (pod.spec[list]?.array ?? []).contains { given.contains($0) }
        }
        var parts = StatusAnnotation(
            initContainers: status.initContainers.filter {
                isMade($0, pod.initContainers) || kept($0, own?.initContainers)
            },
            containers: status.containers.filter { isMade($0, pod.containers) || kept($0, own?.containers) },
            volumes: status.volumes.filter { isEqual($0, "volumes") },
            imagePullSecrets: status.imagePullSecrets.filter { isEqual($0, "imagePullSecrets") })
        parts.own = status.own
        return parts
    }

    /// Whether two containers have the same name, and the same image or a mount in common.
    private static func isAlike(_ made: Value, _ found: Value) -> Bool {
        guard made.name == found.name else { return false }
        if let image = made["image"], image == found["image"] { return true }
        let mounts = Set((made["volumeMounts"]?.array ?? []).map(\.name))
        return (found["volumeMounts"]?.array ?? []).contains { mounts.contains($0.name) }
    }

    /// A warning about parts that the status names but that stay in the pod.
    static func warning(_ status: StatusAnnotation, keeping confirmed: StatusAnnotation) -> String? {
        let kept = Set(status.pointers).subtracting(confirmed.pointers)
        guard let first = kept.sorted().first else { return nil }
        let others = kept.count > 1 ? " and \(kept.count - 1) more" : ""
        return "\(MetadataKey.status) names \(first)\(others), which no injection made: kept"
    }

    /// Whether the pod can become one with a native sidecar as in Istio: the proxy of the earlier injection, in the
    /// containers, becomes an init container, and the templates render everything else that was injected.
    func isTakenOver(by template: Object) -> Bool {
        let now = StatusAnnotation(of: template)
        guard now.initContainers.contains(ContainerName.proxy) else { return false }
        let pairs = [
            (status.initContainers, now.initContainers),
            (status.containers, now.containers + [ContainerName.proxy]), (status.volumes, now.volumes),
            (status.imagePullSecrets, now.imagePullSecrets),
        ]
        return pairs.allSatisfy { before, now in before.allSatisfy(now.contains) }
    }

    /// The pod before the earlier injection, as far as that is known; harmless marks stay.
    static func undone(
        _ pod: Pod, _ status: StatusAnnotation, _ snapshot: Snapshot
    ) throws(InjectionError) -> Pod {
        var undoing = PodUndoing(pod, status, configuration: snapshot)
        for concern in ConcernOrder.renewal { try concern.undo(in: &undoing) }
        return undoing.pod
    }

    /// The volumes of an earlier injection that containers of the new pod mount and no template renders any more. They
    /// stay, and the status names them still: they are not the pod's own.
    static func mounted(_ volumes: [Value], missingIn pod: Pod) -> [Value] {
        guard !volumes.isEmpty else { return [] }
        let mounted = StatusAnnotation.mountedVolumes(of: pod)
        let present = Set((pod.spec["volumes"]?.array ?? []).map(\.name))
        return volumes.filter { mounted.contains($0.name) && !present.contains($0.name) }
    }

    /// Restores those volumes. They are placed with the pod's own: before the injected ones in the classic form, after
    /// them in the modern.
    static func keepMounted(_ volumes: [Value], in pod: inout Pod, form: PolicyConfiguration.Form) {
        let missing = mounted(volumes, missingIn: pod)
        guard !missing.isEmpty else { return }
        pod.modifyList("volumes") { $0.insert(contentsOf: missing, at: form == .classic ? 0 : $0.count) }
    }
}
