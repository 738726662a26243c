import PluginAPI
import Values

/// The user's own containers with the name of an injected one, recorded in `proxy.istio.io/overrides`.
///
/// Such a container changes the injected one: it is merged on top of it. The pod then holds the result, so the user's
/// part is recorded, and a later injection starts from it again.
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
            // Values stay as they were written: decoding would write `3000m` as `3`.
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

    init() {}

    /// The containers as the user wrote them: with the image that stands for the injected one where they were kept
    /// without one, and the proxy among the containers, from which a native sidecar took it. One with a
    /// `restartPolicy` was an init container.
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

    /// Puts the kept containers into a pod where no container has their name.
    func reinsert(into pod: inout Pod) {
        Self.reinsert(containers, into: "containers", of: &pod)
        Self.reinsert(initContainers, into: "initContainers", of: &pod)
    }

    private static func reinsert(_ kept: [Value], into list: String, of pod: inout Pod) {
        guard !kept.isEmpty else { return }
        pod.modifyList(list) { items in
            for container in kept where !items.contains(where: { $0.name == container.name }) {
                items.append(container)
            }
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
        var used = Overrides()
        for container in template["containers"]?.array ?? [] {
            let users = earlier?.containers.contains(container.name) == true ? [] : original.containers
            guard let own = Self.own(container.name, among: containers + users) else {
                continue
            }
            used.containers.append(own)
            try Self.merge(own, into: "containers", of: &pod)
        }
        for container in template["initContainers"]?.array ?? [] {
            let isInjected = earlier?.initContainers.contains(container.name) == true
            let users = isInjected ? [] : original.initContainers + original.containers
            guard let own = Self.own(container.name, among: initContainers + users) else { continue }
            used.initContainers.append(own)
            try Self.merge(own, into: "initContainers", of: &pod)
        }
        if earlier == nil, !used.containers.isEmpty || !used.initContainers.isEmpty {
            pod.setAnnotation(MetadataKey.overrides, used.text)
        }
        let proxy =
            earlier == nil
            ? original.proxy : Self.own(ContainerName.proxy, among: containers + initContainers)?.object
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

    /// The user's container of that name, without an image that means the injected one.
    private static func own(_ name: String, among containers: [Value]) -> Value? {
        guard var found = containers.first(where: { $0.name == name }) else { return nil }
        if found["image"]?.string == automaticImage { found.modifyObject { $0["image"] = nil } }
        return found
    }

    private static func merge(_ own: Value, into list: String, of pod: inout Pod) throws(InjectionError) {
        var patch: TypedDecoding.Result
        do {
            // Zeros and nulls of the user have no effect: encoding by Go types would drop them.
            patch = try TypedDecoding.decode(own, as: TypeTable.modern.container, .keeping)
        } catch {
            throw InjectionError(
                .schema, .renderedSchemaInvalid,
                IstioText.templateFailed
                    + "container \(own.name) of the pod: \(error.pointer): \(error.message)")
        }
        patch.value = .object(Object([Member(list, .array([patch.value]))]))
        var merged: Value = .object(pod.spec)
        try InjectedMerge.merge(patch, into: &merged, as: TypeTable.modern.podSpec)
        if case .object(let spec) = merged { pod.spec = spec }
    }

    // MARK: The user's own user and group

    /// Traffic of the proxy's user bypasses the redirection. The container that sets up the redirection must know as which
    /// user the proxy really runs.
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
            // A transparent proxy keeps the caller's address, which only root can do.
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
