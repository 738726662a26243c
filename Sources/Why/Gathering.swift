import Injection
import Kubernetes
import PluginAPI
import Values

/// All objects that were read for one question.
struct Evidence: Sendable {
    var workload: Workload
    /// The workload that created the pod, if the question is about a pod.
    var owner: Workload?
    /// The pod in question, or the workload's newest.
    var pod: Value?
    /// Whether the workload's pods are known.
    var knowsPods = false
    var namespace: Reading<Value> = .notRead("")
    var configurations: Reading<[Value]> = .notRead("")
    var webhooks: [InjectorWebhook] = []
    /// The injector that the webhook calls.
    var injector: Injector?
    var service: Reading<Value>?
    /// The number of ready addresses of the Service.
    var endpoints: Reading<Int>?
    var injectorPods: Reading<[Value]>?
    var injectConfigMap: (name: String, reading: Reading<Value>)?
    var meshConfigMap: (name: String, reading: Reading<Value>)?
    var secret: (name: String, reading: Reading<Value>)?
    /// The events about pods that the workload's controller could not create.
    var failures: Reading<[Value]>?

    var namespaceLabels: Object? {
        namespace.value.map { $0["metadata"]?["labels"]?.object ?? Object() }
    }

    /// The relevant webhook: one that is called, otherwise one that may be, otherwise the first.
    var webhook: InjectorWebhook? {
        webhooks.first(where: \.isCalled) ?? webhooks.first(where: \.isUnknown) ?? webhooks.first
    }
}

/// Reads the objects that an answer needs, each once, in the order in which an API server would use them.
struct Gathering {
    private let target: WhyTarget
    private let options: Why.Options
    private let engine: (any DecisionEngine)?
    private var source: any EvidenceSource

    init(
        _ target: WhyTarget, _ source: any EvidenceSource, _ options: Why.Options, _ registry: PluginRegistry
    ) {
        self.target = target
        self.source = source
        self.options = options
        // The evaluation of webhook selectors does not depend on the policy.
        engine =
            registry.decisionPlugin?.compile(PolicyConfiguration(form: .modern, policy: "enabled")).engine
    }

    mutating func gather() throws(WhyError) -> Evidence {
        var evidence = Evidence(workload: Workload(target, try subject()))
        readPods(&evidence)
        evidence.namespace = source.object(.namespaces, namespace: nil, name: target.namespace)
        evidence.configurations = source.objects(
            .mutatingWebhookConfigurations, namespace: nil, labels: nil, fields: [])
        matchWebhooks(&evidence)
        readInjector(&evidence)
        return evidence
    }

    private mutating func subject() throws(WhyError) -> Value {
        switch source.object(target.kind.resource, namespace: target.namespace, name: target.name) {
        case .found(let object): return object
        case .missing(let message), .failed(let message): throw WhyError(message)
        case .denied(let right):
            throw WhyError("\(target.description) cannot be read: expected the right to \(right)")
        case .notRead(let reason): throw WhyError("\(target.description) cannot be read: \(reason)")
        }
    }

    // MARK: pods

    private mutating func readPods(_ evidence: inout Evidence) {
        if target.kind == .pod {
            evidence.pod = evidence.workload.object
            evidence.knowsPods = true
            if let owner = RunningPod.owner(of: evidence.workload.object, target.namespace),
                let object = source.object(owner.kind.resource, namespace: owner.namespace, name: owner.name)
                    .value
            {
                evidence.owner = Workload(owner, object)
            }
            return
        }
        guard let labels = evidence.workload.selector else { return }
        let pods = source.objects(.pods, namespace: target.namespace, labels: labels, fields: [])
        switch pods {
        case .found(let all):
            evidence.knowsPods = true
            evidence.pod = all.max { RunningPod.created($0) < RunningPod.created($1) }
        case .notRead, .denied, .failed, .missing: break
        }
        guard evidence.pod == nil else { return }
        evidence.failures = source.objects(
            .events, namespace: target.namespace, labels: nil, fields: [("reason", "FailedCreate")]
        )
        .map { events in events.filter { isAbout($0) } }
    }

    /// The controllers that create pods for another workload. Their names are the workload's with a suffix, which has no
    /// dash.
    private static let intermediates = ["ReplicaSet", "ReplicationController", "Job"]

    /// Whether an event reports that a pod of the workload could not be created. For a Deployment, its ReplicaSet reports
    /// it.
    private func isAbout(_ event: Value) -> Bool {
        guard event["reason"]?.string == "FailedCreate",
            let object = event["involvedObject"] ?? event["regarding"], let name = object["name"]?.string
        else { return false }
        if name == target.name { return true }
        return name.begins(with: target.name + "-")
            && !name.utf8.dropFirst(target.name.utf8.count + 1).contains(UInt8(ascii: "-"))
            && Self.intermediates.contains(object["kind"]?.string ?? "")
    }

    // MARK: webhooks

    private mutating func matchWebhooks(_ evidence: inout Evidence) {
        guard let engine, let configurations = evidence.configurations.value else { return }
        evidence.webhooks = InjectorWebhook.all(
            in: configurations, only: options.webhookConfiguration,
            for: evidence.subject, engine: engine)
    }

    // MARK: the injector

    private mutating func readInjector(_ evidence: inout Evidence) {
        guard let webhook = evidence.webhook, let service = webhook.service else {
            readConfiguration(&evidence)
            return
        }
        evidence.service = source.object(.services, namespace: service.namespace, name: service.name)
        evidence.endpoints = endpoints(of: service.name, service.namespace)
        let selector = evidence.service?.value?["spec"]?["selector"]?.object
        if let selector {
            evidence.injectorPods = source.objects(
                .pods, namespace: service.namespace, labels: selector, fields: [])
        }
        var pod = evidence.injectorPods?.value?.first
        if pod == nil { pod = savedTemplate(service.namespace, selector) }
        let injector = Injector(namespace: service.namespace, service: service.name, pod: pod)
        evidence.injector = injector
        readConfiguration(&evidence)
        if let secret = injector.servingSecret {
            evidence.secret = (
                "secret \(secret)",
                source.object(.secrets, namespace: secret.namespace, name: secret.name)
            )
        }
    }

    /// Counts the ready addresses of the Service's EndpointSlices. Before Kubernetes 1.21 there are only Endpoints,
    /// which 1.33 deprecates. A user who may not list slices may be allowed to read those.
    private mutating func endpoints(of service: String, _ namespace: String) -> Reading<Int> {
        let slices = source.objects(
            .endpointSlices, namespace: namespace,
            labels: Object([Member("kubernetes.io/service-name", .string(service))]), fields: [])
        if case .found(let slices) = slices, !slices.isEmpty {
            return .found(slices.reduce(0) { $0 + Self.readyAddresses(ofSlice: $1) })
        }
        return source.object(.endpoints, namespace: namespace, name: service).map { endpoints in
            (endpoints["subsets"]?.array ?? []).reduce(0) { $0 + ($1["addresses"]?.array?.count ?? 0) }
        }
    }

    /// Counts the ready addresses of a slice. An endpoint without the condition is ready.
    private static func readyAddresses(ofSlice slice: Value) -> Int {
        (slice["endpoints"]?.array ?? []).reduce(0) { count, endpoint in
            guard endpoint["conditions"]?["ready"] != false else { return count }
            return count + (endpoint["addresses"]?.array?.count ?? 0)
        }
    }

    /// The pod template of the injector's Deployment, if files contain that but none of its pods.
    private mutating func savedTemplate(_ namespace: String, _ labels: Object?) -> Value? {
        guard source is SavedEvidence, let labels,
            let deployments = source.objects(.deployments, namespace: namespace, labels: nil, fields: [])
                .value
        else { return nil }
        return deployments.lazy.compactMap { $0["spec"]?["template"] }.first { template in
            let own = template["metadata"]?["labels"]
            return labels.members.allSatisfy { own?[$0.key] == $0.value }
        }
    }

    private mutating func readConfiguration(_ evidence: inout Evidence) {
        guard options.files == nil else { return }
        let revision =
            options.injection.revision.isEmpty ? evidence.webhook?.revision ?? "" : options.injection.revision
        let injector = evidence.injector ?? Injector(namespace: "istio-system", service: "istiod", pod: nil)
        // Without a webhook, the configuration's place is unknown, unless an option specifies it.
        guard evidence.injector != nil || options.injectConfigMap != nil else { return }
        let inject =
            options.injectConfigMap.flatMap { ObjectReference($0) }
            ?? injector.injectConfigMap(revision: revision)
        let mesh =
            options.meshConfigMap.flatMap { ObjectReference($0) }
            ?? injector.meshConfigMap(revision: revision)
        let reading = source.object(.configMaps, namespace: inject.namespace, name: inject.name)
        evidence.injectConfigMap = ("configmap \(inject)", reading)
        guard mesh != inject else {
            evidence.meshConfigMap = evidence.injectConfigMap
            return
        }
        evidence.meshConfigMap = (
            "configmap \(mesh)", source.object(.configMaps, namespace: mesh.namespace, name: mesh.name)
        )
    }
}

extension Evidence {
    /// The pod as an API server would send it: the existing one, or a new one of the workload.
    var subject: DecisionSubject {
        let pod = workload.newPod
        return DecisionSubject(
            namespace: workload.target.namespace, metadata: pod["metadata"]?.object ?? Object(),
            spec: pod["spec"]?.object ?? Object(), namespaceLabels: namespaceLabels)
    }
}
