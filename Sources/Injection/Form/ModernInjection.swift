import PluginAPI
import Values
import YAML

/// The `templates:` form of Istio 1.10 to today: each rendered text is a Pod that is merged strategically into the
/// user's, in order; then the merged pod is put right.
struct ModernInjection {
    let snapshot: Snapshot
    /// `defaultConfig` with the pod's own proxy configuration laid over it.
    private let proxyConfig: Value
    private let kept: Overrides
    private let notes: [String]
    /// The names of the templates, in order.
    private let templates: [String]

    /// Looks at all that the pod asks for.
    ///
    /// - Throws: everything that is wrong with it, in the order of the steps.
    init(snapshot: Snapshot, _ subject: InjectionSubject) throws(InjectionError) {
        self.snapshot = snapshot
        var problems = Problems()
        let settings = problems.collect { () throws(InjectionError) in
            try snapshot.annotationSettings(of: subject.pod)
        }
        let templates = problems.collect { () throws(InjectionError) in
            try Self.selectTemplates(subject, snapshot)
        }
        // Alone, a wrong target is found where it is read: a template may still overwrite it.
        if !problems.found.isEmpty, PrometheusMerge.isWanted(pod: subject.pod, mesh: snapshot.mesh.value) {
            _ = problems.collect { () throws(InjectionError) in
                try PrometheusMerge(statusPort: snapshot.mesh.statusPort).targets(of: subject.pod)
            }
        }
        try problems.check()
        proxyConfig = settings?.proxyConfig ?? .null
        kept = settings?.overrides ?? Overrides()
        notes = settings?.notes ?? []
        self.templates = templates ?? []
    }

    /// The pod with everything injected.
    func inject(_ subject: inout InjectionSubject) throws(InjectionError) -> Pod {
        subject.clock?.enter(.merge)
        subject.notes += notes
        let identity = snapshot.openShiftIdentity(in: subject.namespace)
        if subject.isReview, snapshot.isOpenShift { OpenShift.resetProxyUser(of: &subject.pod) }
        let environment = environment(of: subject)
        let status = subject.pod.annotation(MetadataKey.status)
        let earlier = status.flatMap(StatusAnnotation.init(parsing:))
        let stripped = self.stripped(subject.pod, earlier: earlier)
        var (pod, template) = try runTemplates(&subject, stripped: stripped, identity: identity)
        try kept.reapply(
            to: &pod, original: subject.pod, template: template,
            earlier: earlier ?? status.map { _ in StatusAnnotation() },
            isTransparentProxy: proxyConfig["interceptionMode"] == "TPROXY")
        let successors: Set<String> = status == nil ? [] : [PrometheusMerge.variable, Probes.variable]
        pod.modifyProxy { PathEnvironment.overwrite(&$0, with: environment, before: successors) }
        if PrometheusMerge.isWanted(pod: pod, mesh: snapshot.mesh.value) {
            try PrometheusMerge(statusPort: snapshot.mesh.statusPort).apply(to: &pod)
        }
        rewriteProbes(&pod, wasInjected: status != nil)
        if let network = environment.first(where: { $0.name == Self.networkVariable })?.value {
            pod.setLabel(MetadataKey.network, network)
        }
        let revision = snapshot.options.revision
        let text = StatusAnnotation(of: template).text(revision: revision.isEmpty ? "default" : revision)
        pod.setAnnotation(MetadataKey.status, text)
        if subject.isReview {
            for member in snapshot.injectedAnnotations.members {
                pod.setAnnotation(member.key, member.value.string ?? "")
            }
        }
        ContainerOrder.apply(to: &pod, holdApplication: holdsApplication)
        return pod
    }

    // MARK: Cluster and network

    private static let clusterVariable = "ISTIO_META_CLUSTER_ID"
    private static let networkVariable = "ISTIO_META_NETWORK"

    /// Values, then the path, then the pod's label; sorted by name. An empty cluster or network says nothing, but an
    /// empty label keeps the values' network away.
    private func environment(of subject: InjectionSubject) -> [(name: String, value: String)] {
        var found: [String: String] = [:]
        for pair in subject.environment { found[pair.name] = pair.value }
        let global = snapshot.values["global"]
        var cluster = global?["multiCluster"]?["clusterName"]?.string ?? ""
        if let named = found[Self.clusterVariable], !named.isEmpty { cluster = named }
        var network = global?["network"]?.string ?? ""
        if let named = found[Self.networkVariable], !named.isEmpty { network = named }
        if let label = subject.pod.label(MetadataKey.network) { network = label }
        if !cluster.isEmpty { found[Self.clusterVariable] = cluster }
        if !network.isEmpty { found[Self.networkVariable] = network }
        return found.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            .map { ($0.key, $0.value) }
    }

    // MARK: Templates

    /// The pod as templates see it: without what an earlier injection put in, with what it covered.
    private func stripped(_ pod: Pod, earlier: StatusAnnotation?) -> Pod {
        var stripped = pod
        if let earlier {
            StatusAnnotation.remove(earlier.containers, from: "containers", of: &stripped)
            StatusAnnotation.remove(earlier.initContainers, from: "initContainers", of: &stripped)
            PrometheusMerge(statusPort: snapshot.mesh.statusPort).strip(&stripped)
            stripped.removeAnnotation(MetadataKey.status)
        }
        kept.reinsert(into: &stripped)
        return stripped
    }

    /// Renders each template and merges it into the pod, and into an empty pod that holds what templates gave.
    ///
    /// - Throws: what is wrong with each of the templates. One that runs out of time or into a limit is the last to run, and
    ///   goes first: with more of them, what is wrong may be something else.
    private func runTemplates(
        _ subject: inout InjectionSubject, stripped: Pod, identity: (user: Int64, group: Int64)?
    ) throws(InjectionError) -> (pod: Pod, template: Object) {
        subject.clock?.enter(.render)
        let data = templateData(subject, stripped: stripped, identity: identity)
        let type = TypeTable.modern.pod
        var pod: Value = .object(
            Object([
                Member("metadata", .object(subject.pod.metadata)), Member("spec", .object(subject.pod.spec)),
            ]))
        var template: Value = .object(Object())
        var problems = Problems()
        for name in templates {
            let overlay = problems.collect { () throws(InjectionError) in
                subject.clock?.enter(.render)
                let rendered = try snapshot.render(
                    name, data, for: subject.pod, deadline: subject.deadline, steps: subject.steps)
                subject.clock?.enter(.yaml)
                return try rendered.overlay()
            }
            if var last = problems.found.last, last.limit != nil || last.stage == .deadline {
                last.others = Array(problems.found.dropLast())
                throw last
            }
            guard let overlay, problems.found.isEmpty else { continue }
            subject.clock?.enter(.merge)
            subject.templateNotes += TypedDecoding.notes(dropped: overlay.dropped, from: name)
            try InjectedMerge.merge(overlay, into: &template, as: type)
            moveNativeProxy(in: &pod, template: template)
            try InjectedMerge.merge(overlay, into: &pod, as: type)
        }
        try problems.check()
        let merged = Pod(metadata: pod["metadata"]?.object ?? Object(), spec: pod["spec"]?.object ?? Object())
        return (merged, template["spec"]?.object ?? Object())
    }

    private func templateData(
        _ subject: InjectionSubject, stripped: Pod, identity: (user: Int64, group: Int64)?
    ) -> TemplateData {
        let metadata = subject.visibleMetadata(stripped.metadata)
        let values = snapshot.values
        return SidecarTemplateData.modern(
            typeMeta: subject.owner.typeMeta,
            deploymentMeta: [
                "name": .string(subject.owner.name),
                "namespace": .string(subject.deploymentMetadata.text("namespace")),
            ],
            objectMeta: .object(metadata), spec: .object(stripped.spec), proxyConfig: proxyConfig,
            meshConfig: snapshot.mesh.value, values: values,
            additions: SidecarTemplateData.Additions(
                revision: snapshot.options.revision, nativeSidecars: snapshot.options.nativeSidecars,
                proxyImage: SidecarTemplateData.proxyImage(
                    values: values, proxyConfig: proxyConfig, annotations: stripped.annotations),
                proxyInitImage: SidecarTemplateData.proxyInitImage(
                    values: values, annotations: stripped.annotations),
                proxyUID: identity?.user ?? FSGroup.proxyGroup,
                proxyGID: identity?.group ?? FSGroup.proxyGroup,
                inboundTrafficPolicyMode: SidecarTemplateData.inboundTrafficPolicyMode(
                    meshConfig: snapshot.mesh.value),
                compliancePolicy: snapshot.options.environment["COMPLIANCE_POLICY"] ?? ""))
    }

    /// A native sidecar is an init container: the user's own proxy container becomes one before it is merged. A pod
    /// that has one there already keeps both as they are.
    private func moveNativeProxy(in pod: inout Value, template: Value) {
        let isInit = { (value: Value) in
            (value["spec"]?["initContainers"]?.array ?? []).contains { $0.name == ContainerName.proxy }
        }
        guard wantsNativeSidecar(pod), isInit(template), !isInit(pod),
            case .array(var containers)? = pod["spec"]?["containers"],
            let index = containers.firstIndex(where: { $0.name == ContainerName.proxy })
        else { return }
        let proxy = containers.remove(at: index)
        pod.modifyObject { pod in
            pod.modify("spec") { spec in
                spec.modifyObject { spec in
                    spec["containers"] = .array(containers)
                    spec.modify("initContainers") { $0.modifyArray { $0.append(proxy) } }
                }
            }
        }
    }

    private func wantsNativeSidecar(_ pod: Value) -> Bool {
        switch pod["metadata"]?["annotations"]?[MetadataKey.nativeSidecar] {
        case "true"?: true
        case "false"?: false
        default: snapshot.options.nativeSidecars
        }
    }

    /// The names of the templates, in order, aliases resolved once.
    private static func selectTemplates(
        _ subject: InjectionSubject, _ snapshot: Snapshot
    ) throws(InjectionError) -> [String] {
        let aliases = subject.isReview ? snapshot.aliases : [:]
        let named = subject.pod.annotation(MetadataKey.templates).map { text in
            text.split(separator: ",", omittingEmptySubsequences: false).map { String($0.trimmingBlanks) }
        }
        let names = named ?? (subject.isReview ? snapshot.defaultTemplates : ["sidecar"])
        let resolved = names.flatMap { aliases[$0] ?? [$0] }
        for name in resolved where !snapshot.hasTemplate(name) {
            let known = snapshot.templateNames.joined(separator: ", ")
            let asking = named == nil ? "" : "; the annotation '\(MetadataKey.templates)' asks for it"
            throw InjectionError(
                .render, .templateMissing,
                "failed to run injection template: requested template \"\(name)\" not found; have \(known)\(asking)"
            )
        }
        guard resolved.count <= maximumTemplates else {
            throw InjectionError(
                .render, .limitExceeded,
                "failed to run injection template: \(resolved.count) templates are asked for, "
                    + "at most \(maximumTemplates) are run for a pod")
        }
        return resolved
    }

    /// Templates that one pod may ask for.
    private static let maximumTemplates = 32

    // MARK: After the merge

    private func rewriteProbes(_ pod: inout Pod, wasInjected: Bool) {
        let byDefault = snapshot.values["sidecarInjectorWebhook"]?["rewriteAppHTTPProbe"]?.bool ?? false
        guard pod.proxy != nil,
            Probes.isWanted(annotation: pod.annotation(MetadataKey.rewriteProbes), default: byDefault)
        else { return }
        let meshPort = snapshot.mesh.statusPort
        let port = pod.annotation(MetadataKey.statusPort).flatMap(GoText.int) ?? meshPort
        let probes = Probes(form: .modern, statusPort: port, meshStatusPort: meshPort)
        let record = probes.record(pod)
        if !record.isEmpty {
            pod.modifyProxy { Self.addRecord(record, to: &$0, merging: wasInjected) }
        }
        probes.rewrite(&pod)
    }

    /// Tells the proxy what to ask; of a pod that was injected before, it knows some already, and keeps that.
    private static func addRecord(_ record: Object, to proxy: inout Object, merging: Bool) {
        proxy.modify("env") {
            $0.modifyArray { env in
                guard merging, let index = env.firstIndex(where: { $0.name == Probes.variable }) else {
                    env.append(Self.variable(record))
                    return
                }
                let text = env[index]["value"]?.string ?? ""
                let limits = JSONLimits(depth: 16, bytes: 1 << 20)
                guard let known = (try? JSON.read(text, limits: limits))?.object else { return }
                var merged = record
                for member in known.members { merged[member.key] = member.value }
                env[index] = Self.variable(merged.sortedByKey)
            }
        }
    }

    private static func variable(_ record: Object) -> Value {
        ["name": .string(Probes.variable), "value": .string(GoText.json(.object(record)))]
    }

    private var holdsApplication: Bool {
        if proxyConfig["holdApplicationUntilProxyStarts"]?.bool == true { return true }
        return snapshot.values["global"]?["proxy"]?["holdApplicationUntilProxyStarts"]?.bool == true
    }
}
