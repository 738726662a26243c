import PluginAPI
import Values

/// The user's own containers with the name of an injected one, recorded in `proxy.istio.io/overrides`.
///
/// Such a container changes the injected one: it is merged on top of it. The pod then contains the result, so the
/// user's part is recorded, and a later injection starts from it again.
struct Overrides: Sendable {
    var containers: [Value] = []
    var initContainers: [Value] = []

    /// The image that means "the injected one".
    static let automaticImage = "auto"

    /// Reads a pod's annotation; empty if the pod has none.
    ///
    /// - Throws: if the annotation is not valid: the injection would lose the user's containers.
    init(of pod: Pod) throws(AnnotationRules.Problem) {
        guard let text = pod.annotation(MetadataKey.overrides) else { return }
        let limits = JSONLimits(depth: 64, bytes: 256 << 10)
        do {
            let kept = try JSON.read(text, limits: limits)
            // Values stay as they were written: decoding would change `3000m` to `3`.
            _ = try TypedDecoding.decode(kept, as: TypeTable.modern.podSpec, .keeping)
            containers = (kept["containers"]?.array ?? []).filter { $0.object != nil }
            initContainers = (kept["initContainers"]?.array ?? []).filter { $0.object != nil }
        } catch {
            let why = (error as? SchemaError)?.message ?? "\(error)"
            throw AnnotationRules.Problem(
                annotation: MetadataKey.overrides, value: String(text.prefix(120)),
                why: "expected JSON with containers and initContainers: \(why)")
        }
    }

    init(containers: [Value] = [], initContainers: [Value] = []) {
        (self.containers, self.initContainers) = (containers, initContainers)
    }

    /// The containers as the user wrote them. Those that were recorded without an image get the one that means the
    /// injected image. A proxy that a native sidecar took from the containers is moved back there, unless it has a
    /// `restartPolicy`: then it was an init container.
    ///
    /// - Parameter isNative: whether a native sidecar took the proxy from the containers.
    func asWritten(isNative: Bool) -> Overrides {
        var written = self
        let moved = initContainers.filter {
            isNative && $0.name == ContainerName.proxy && $0["restartPolicy"] == nil
        }
        if !moved.isEmpty {
            written.initContainers.removeAll { moved.contains($0) }
            written.containers += moved
        }
        written.containers = written.containers.map(Self.withImage)
        written.initContainers = written.initContainers.map(Self.withImage)
        return written
    }

    private static func withImage(_ container: Value) -> Value {
        guard case .object(var members) = container, members["image"] == nil else { return container }
        let place = (members.index(of: "name") ?? -1) + 1
        members.members.insert(Member("image", .string(automaticImage)), at: place)
        return .object(members)
    }

    /// Adds the recorded containers to a pod in which no container has their name.
    func reinsert(into pod: inout Pod) {
        Self.reinsert(containers, into: "containers", of: &pod)
        Self.reinsert(initContainers, into: "initContainers", of: &pod)
    }

    private static func reinsert(_ kept: [Value], into list: String, of pod: inout Pod) {
        guard !kept.isEmpty else { return }
        pod.modifyList(list) { items in
            items += kept.filter { container in !items.contains { $0.name == container.name } }
        }
    }

    /// Merges the user's containers on top of the injected ones.
    ///
    /// - Parameters:
    ///   - template: the spec that the templates rendered.
    ///   - earlier: an earlier injection that is still in the pod (`PodWork.earlier`). Of its containers, only the
    ///     recorded part is the user's.
    ///   - isTransparentProxy: whether the proxy's configuration is TPROXY.
    func reapply(
        to pod: inout Pod, original: Pod, template: Object, earlier: StatusAnnotation?,
        isTransparentProxy: Bool
    ) throws(InjectionError) {
        let injected = (earlier?.containers ?? [], earlier?.initContainers ?? [])
        let used = Overrides(
            containers: Self.own(for: template["containers"]) { name in
                containers + (injected.0.contains(name) ? [] : original.containers)
            },
            initContainers: Self.own(for: template["initContainers"]) { name in
                initContainers
                    + (injected.1.contains(name) ? [] : original.initContainers + original.containers)
            })
        try Self.merge(used.containers, into: "containers", of: &pod)
        try Self.merge(used.initContainers, into: "initContainers", of: &pod)
        if earlier == nil, !used.containers.isEmpty || !used.initContainers.isEmpty {
            pod.setAnnotation(MetadataKey.overrides, used.text)
        }
        let proxy =
            earlier == nil
            ? original.proxy : (containers + initContainers).first { $0.name == ContainerName.proxy }?.object
        if let proxy {
            Self.adjustUser(of: &pod, proxy: proxy, isTransparentProxy: isTransparentProxy)
        }
    }

    private var text: String {
        var members: [Member] = []
        if !containers.isEmpty { members.append(Member("containers", .array(containers))) }
        if !initContainers.isEmpty { members.append(Member("initContainers", .array(initContainers))) }
        return GoText.json(.object(Object(members)))
    }

    /// The user's containers for those of a template, without an image that means the injected one. The n-th container
    /// with a name is for the n-th of the template, as in every merge of lists.
    ///
    /// - Parameter candidates: returns the containers among which those of the user with a name are searched.
    private static func own(for template: Value?, among candidates: (String) -> [Value]) -> [Value] {
        var used: [Value] = []
        for container in template?.array ?? [] {
            let name = container.name
            let twins = used.count { $0.name == name }
            guard var own = candidates(name).lazy.filter({ $0.name == name }).dropFirst(twins).first else {
                continue
            }
            if own["image"]?.string == automaticImage { own.modifyObject { $0["image"] = nil } }
            used.append(own)
        }
        return used
    }

    private static func merge(
        _ own: [Value], into list: String, of pod: inout Pod
    ) throws(InjectionError) {
        guard !own.isEmpty else { return }
        let containers = try own.map(decoded)
        let patch = TypedDecoding.Result(value: .object(Object([Member(list, .array(containers))])))
        var merged: Value = .object(pod.spec)
        try InjectedMerge.merge(patch, into: &merged, as: TypeTable.modern.podSpec)
        if case .object(let spec) = merged { pod.spec = spec }
    }

    private static func decoded(_ own: Value) throws(InjectionError) -> Value {
        do {
            // Zeros and nulls of the user have no effect: encoding by Go types would drop them.
            return try TypedDecoding.decode(own, as: TypeTable.modern.container, .keeping).value
        } catch {
            throw InjectionError(
                .schema, .renderedSchemaInvalid,
                IstioText.templateFailed
                    + "container \(own.name) of the pod: \(error.pointer): \(error.message)")
        }
    }

    // MARK: The user's own user and group

    /// Traffic of the proxy's user bypasses the redirection. The container that sets up the redirection must know the
    /// user that the proxy really runs as.
    private static func adjustUser(of pod: inout Pod, proxy: Object, isTransparentProxy: Bool) {
        guard let context = proxy["securityContext"]?.object else { return }
        let user = context["runAsUser"]?.int
        let group = context["runAsGroup"]?.int
        guard user != nil || group != nil else { return }
        let names = [ContainerName.initialisation, ContainerName.validation]
        guard let name = names.first(where: { name in pod.initContainers.contains { $0.name == name } })
        else {
            return
        }
        let isTransparent =
            isTransparentProxy || pod.annotation(MetadataKey.interceptionMode) == "TPROXY"
        if isTransparent, user != nil {
            // A transparent proxy preserves the caller's address, which only root can do.
            pod.modifyProxy { $0.modify("securityContext") { $0.modifyObject { $0["runAsUser"] = .int(0) } } }
        }
        pod.modifyList("initContainers") { items in
            guard let index = items.firstIndex(where: { $0.name == name }) else { return }
            items[index].modifyObject { container in
                if !isTransparent, name == ContainerName.validation {
                    container.modify("securityContext") {
                        $0.modifyObject { context in
                            if let user { context["runAsUser"] = .int(user) }
                            if let group { context["runAsGroup"] = .int(group) }
                        }
                    }
                }
                guard let user, user != 0, case .array(var arguments)? = container["args"],
                    let flag = arguments.firstIndex(of: "-u"), flag + 1 < arguments.count
                else { return }
                arguments[flag + 1] = .string(String(user))
                container["args"] = .array(arguments)
            }
        }
    }
}
