import PluginAPI
import Values
import YAML

/// The `template:` form of Istio 1.0 to 1.9: the rendered text is a SidecarInjectionSpec whose lists are appended to
/// the pod's.
struct ClassicInjection {
    let snapshot: Snapshot

    /// A rendered SidecarInjectionSpec.
    struct Insertion {
        var initContainers: [Value] = []
        var containers: [Value] = []
        var volumes: [Value] = []
        var imagePullSecrets: [Value] = []
        var dnsConfig: Value?
        var rewriteProbes = false
        /// `podRedirectAnnot`
        var redirectAnnotations = Object()

        init(_ spec: Value) {
            initContainers = spec["initContainers"]?.array ?? []
            containers = spec["containers"]?.array ?? []
            volumes = spec["volumes"]?.array ?? []
            imagePullSecrets = spec["imagePullSecrets"]?.array ?? []
            if case .object? = spec["dnsConfig"] { dnsConfig = spec["dnsConfig"] }
            rewriteProbes = spec["rewriteAppHTTPProbe"]?.bool ?? false
            redirectAnnotations = spec["podRedirectAnnot"]?.object ?? Object()
        }

        /// Changes the proxy where there is one.
        mutating func modifyProxy(_ body: (inout Object) -> Void) {
            guard let index = containers.firstIndex(where: { $0.name == ContainerName.proxy }) else { return }
            containers[index].modifyObject(body)
        }

        var status: StatusAnnotation {
            StatusAnnotation(
                initContainers: initContainers.map(\.name), containers: containers.map(\.name),
                volumes: volumes.map(\.name), imagePullSecrets: imagePullSecrets.map(\.name))
        }
    }

    /// Why a workload of a manifest is left alone, or nil: kube-inject asks neither the policy nor annotations.
    static func refusal(of pod: Pod) -> (reason: ReasonCode, message: String)? {
        if pod.usesHostNetwork { return (.hostNetworkEnabled, "it uses the host's network") }
        if pod.containers.count > 1, pod.containers.contains(where: { $0.name == ContainerName.proxy }) {
            return (.sidecarAlreadyExists, "it has a container \(ContainerName.proxy) already")
        }
        return nil
    }

    /// What kube-inject makes of a pod template.
    func injectManifest(_ subject: inout InjectionSubject) throws(InjectionError) -> Pod {
        let insertion = try render(&subject)
        var pod = subject.pod
        for (key, items) in insertion.lists { append(items, to: key, of: &pod) }
        if let dnsConfig = insertion.dnsConfig {
            if let own = pod.spec["dnsConfig"], own != dnsConfig {
                subject.notes.append("dnsConfig of the pod template is replaced by the injection template's")
            }
            pod.spec["dnsConfig"] = dnsConfig
        }
        if insertion.rewritesProbes(of: pod),
            pod.containers.contains(where: { $0.name == ContainerName.proxy })
        {
            let probes = self.probes(for: pod)
            let record = GoText.json(.object(probes.record(pod)))
            pod.modifyProxy { Environment.append(Probes.variable, record, to: &$0) }
            probes.rewrite(&pod)
        }
        noteFSGroup(of: pod, &subject)
        if setsFSGroup { FSGroup.apply(to: &pod) }
        for member in insertion.redirectAnnotations.members {
            guard AnnotationRules.isKnown(member.key, form: .classic), let text = member.value.string,
                !text.isEmpty
            else { continue }
            pod.setAnnotation(member.key, text)
        }
        pod.setAnnotation(MetadataKey.status, insertion.status.text(version: snapshot.templateHash))
        pod.setLabel(MetadataKey.revision, snapshot.options.revision)
        if pod.label(MetadataKey.tlsMode) == nil { pod.setLabel(MetadataKey.tlsMode, "istio") }
        return pod
    }

    /// What the webhook makes of a pod.
    func injectReview(_ subject: inout InjectionSubject) throws(InjectionError) -> Pod {
        let original = subject.pod
        var earlier = original.annotation(MetadataKey.status).flatMap(StatusAnnotation.init(parsing:))
        // A status that names nothing is taken for none.
        if earlier == StatusAnnotation() { earlier = nil }
        var pod = original
        let before = Remains(of: earlier == nil ? Pod(metadata: Object(), spec: Object()) : original)
        (earlier ?? .legacy).remove(from: &pod)
        // An earlier injection is undone first, so that a second one sees and gives what the first one did.
        subject.pod = earlier == nil ? original : undone(pod, before)
        noteFSGroup(of: pod, &subject)
        // The template sees the group already.
        if setsFSGroup { FSGroup.apply(to: &subject.pod) }
        var insertion = try render(&subject)
        let rewrites = insertion.rewritesProbes(of: pod) && insertion.hasProxy
        let probes = self.probes(for: pod)
        if rewrites {
            let record = before.keepingRecorded(probes.record(subject.pod))
            insertion.modifyProxy {
                Environment.append(Probes.variable, GoText.json(.object(record)), to: &$0)
            }
        }
        if PrometheusMerge.isWanted(pod: original, mesh: snapshot.mesh.value) {
            let merge = PrometheusMerge(statusPort: snapshot.mesh.statusPort)
            let setting =
                merge.isMerged(original) && earlier != nil
                ? before.scrapeSetting : merge.classicSetting(of: original).map(GoText.json)
            if let setting {
                insertion.modifyProxy { Environment.append(PrometheusMerge.variable, setting, to: &$0) }
            }
            merge.setAnnotations(&pod)
        }
        if let mount = ServiceAccountMount.find(in: pod) {
            insertion.modifyProxy { proxy in
                proxy.modify("volumeMounts") { $0.modifyArray { $0.append(mount) } }
            }
        }
        insertInitContainers(insertion.initContainers, into: &pod)
        append(insertion.containers, to: "containers", of: &pod)
        append(insertion.volumes, to: "volumes", of: &pod)
        append(insertion.imagePullSecrets, to: "imagePullSecrets", of: &pod)
        if let dnsConfig = insertion.dnsConfig { pod.spec["dnsConfig"] = dnsConfig }
        if setsFSGroup { FSGroup.apply(to: &pod) }
        pod.setAnnotation(MetadataKey.status, insertion.status.text(version: snapshot.templateHash))
        for member in snapshot.injectedAnnotations.members {
            pod.setAnnotation(member.key, member.value.string ?? "")
        }
        pod.setLabelIfUnset(MetadataKey.tlsMode, "istio")
        pod.setLabelIfUnset(MetadataKey.revision, snapshot.options.revision)
        CanonicalLabels.apply(to: &pod, workload: subject.owner.name)
        if rewrites { probes.rewrite(&pod) }
        return pod
    }

    // MARK: Steps

    private func render(_ subject: inout InjectionSubject) throws(InjectionError) -> Insertion {
        let settings = try snapshot.annotationSettings(of: subject.pod)
        subject.notes += settings.notes
        let proxyConfig = settings.proxyConfig
        subject.clock?.enter(.render)
        var mesh = snapshot.mesh.value
        mesh.modifyObject { $0["defaultConfig"] = proxyConfig }
        let data = SidecarTemplateData.classic(
            typeMeta: subject.owner.typeMeta, deploymentMeta: .object(subject.deploymentMetadata),
            objectMeta: .object(subject.visibleMetadata(subject.pod.metadata)),
            spec: .object(subject.pod.spec),
            proxyConfig: proxyConfig, meshConfig: mesh, values: snapshot.values)
        let rendered = try snapshot.render(
            Snapshot.classicName, data, for: subject.pod, deadline: subject.deadline, steps: subject.steps)
        subject.clock?.enter(.yaml)
        let decoded = try rendered.injectionSpec()
        subject.clock?.enter(.merge)
        subject.templateNotes += TypedDecoding.notes(dropped: decoded.dropped, from: Snapshot.classicName)
        var insertion = Insertion(decoded.value)
        insertion.modifyProxy { proxy in
            Concurrency.complete(&proxy)
            let cluster = subject.environment.filter {
                Self.clusterVariables.contains($0.name) && !$0.value.isEmpty
            }
            PathEnvironment.overwrite(&proxy, with: cluster)
        }
        return insertion
    }

    private static let clusterVariables: Set<String> = ["ISTIO_META_CLUSTER_ID", "ISTIO_META_NETWORK"]

    private func probes(for pod: Pod) -> Probes {
        let mesh = snapshot.mesh.statusPort
        let port = pod.annotation(MetadataKey.statusPort).flatMap(GoText.int) ?? mesh
        return Probes(form: .classic, statusPort: port, meshStatusPort: mesh)
    }

    private func append(_ items: [Value], to key: String, of pod: inout Pod) {
        guard !items.isEmpty else { return }
        pod.modifyList(key) { $0 += items }
    }

    private func insertInitContainers(_ items: [Value], into pod: inout Pod) {
        guard !items.isEmpty else { return }
        pod.modifyList("initContainers") { list in
            for item in items {
                if item.name == ContainerName.validation {
                    list.insert(item, at: 0)
                } else {
                    list.append(item)
                }
            }
        }
    }

    /// Where the proxy asks a node's agent for its certificates by the service account's token.
    private var setsFSGroup: Bool { snapshot.mesh.value["sdsUdsPath"]?.string?.isEmpty == false }

    private func noteFSGroup(of pod: Pod, _ subject: inout InjectionSubject) {
        guard setsFSGroup, let own = pod.spec["securityContext"]?["fsGroup"]?.int, own != FSGroup.proxyGroup
        else { return }
        subject.notes.append("fsGroup \(own) of the pod is replaced by \(FSGroup.proxyGroup)")
    }

    /// What an earlier injection left in a pod, from which the pod before it follows.
    private struct Remains {
        /// ISTIO_KUBE_APP_PROBERS
        var probes: Object?
        /// ISTIO_PROMETHEUS_ANNOTATIONS
        var scrapeSetting: String?

        init(of pod: Pod) {
            let recorded = Environment.value(of: Probes.variable, in: pod.proxy)
            let limits = JSONLimits(depth: 16, bytes: 1 << 20)
            probes = recorded.flatMap { try? JSON.read($0, limits: limits) }?.object
            scrapeSetting = Environment.value(of: PrometheusMerge.variable, in: pod.proxy)
        }

        /// Entries for probes that were rewritten before: what was recorded then.
        func keepingRecorded(_ record: Object) -> Object {
            guard let probes else { return record }
            var kept = record
            for member in record.members where member.value["httpGet"]?["path"] == .string(member.key) {
                kept[member.key] = probes[member.key]
            }
            return kept
        }
    }

    /// The pod as it was before an earlier injection, as far as that can be told: a template sees, and tells the
    /// proxy, the annotations and labels.
    private func undone(_ pod: Pod, _ before: Remains) -> Pod {
        var pod = pod
        pod.removeAnnotation(MetadataKey.status)
        for member in snapshot.injectedAnnotations.members where pod.annotations[member.key] == member.value {
            pod.removeAnnotation(member.key)
        }
        let merge = PrometheusMerge(statusPort: snapshot.mesh.statusPort)
        if merge.isMerged(pod) { merge.restoreAnnotations(&pod, from: before.scrapeSetting) }
        if pod.label(MetadataKey.tlsMode) == "istio" { pod.removeLabel(MetadataKey.tlsMode) }
        if pod.label(MetadataKey.revision) == snapshot.options.revision {
            pod.removeLabel(MetadataKey.revision)
        }
        return pod
    }
}

extension ClassicInjection.Insertion {
    var hasProxy: Bool { containers.contains { $0.name == ContainerName.proxy } }

    /// In the order in which kube-inject appends them.
    var lists: [(key: String, items: [Value])] {
        [
            ("initContainers", initContainers), ("containers", containers), ("volumes", volumes),
            ("imagePullSecrets", imagePullSecrets),
        ]
    }

    func rewritesProbes(of pod: Pod) -> Bool {
        Probes.isWanted(annotation: pod.annotation(MetadataKey.rewriteProbes), default: rewriteProbes)
    }
}
