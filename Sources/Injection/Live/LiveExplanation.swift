import PluginAPI
import Values

/// What else explains that a pod is not what the webhook would make of it now.
///
/// | the pod | because |
/// | --- | --- |
/// | is what kube-inject makes of its workload | no webhook saw it, and kube-inject would write the same again |
/// | is either of these without some containers | another webhook added them afterwards, and templates list the application's containers |
struct LiveExplanation {
    private let injection: LiveInjection
    private let live: LivePod
    private let status: StatusAnnotation

    /// Attempts with a container that another webhook may have added; each costs an injection.
    private static let maximumAttempts = 8
    /// Annotations of kube-inject that are tried alone as the pod's own; each costs an injection.
    private static let maximumMarks = 8

    init(_ injection: LiveInjection, _ live: LivePod, _ status: StatusAnnotation) {
        self.injection = injection
        self.live = live
        self.status = status
    }

    /// - Parameters:
    ///   - brought: the pod without its injection.
    ///   - differences: from what the webhook would make of it.
    func explains(_ brought: Pod, _ differences: [LiveDifference]) -> Bool {
        // Only a container that explains a part of the differences was added later.
        var partly: [(names: [String], rest: Int)] = []
        for names in laterContainers(brought).prefix(Self.maximumAttempts) {
            let earlier = Self.without(names, brought)
            guard !earlier.containers.isEmpty, let (expected, _) = try? injection.injected(earlier) else {
                continue
            }
            let rest = self.differences(from: expected, earlier, added: names).count
            if rest == 0 { return true }
            if rest < differences.count { partly.append((names, rest)) }
        }
        partly.sort { $0.rest < $1.rest }
        let ways = self.ways(brought)
        // The ways that leave the fewest differences are tried without the containers.
        let left = ways.map { self.differences(by: $0, added: []) }
        guard let least = left.min() else { return false }
        if least == 0 { return true }
        let likely = zip(ways, left).filter { $0.1 == least }.map(\.0)
        return partly.contains { added in
            likely.contains { self.differences(by: $0, added: added.names) == 0 }
        }
    }

    private func differences(from expected: Pod, _ brought: Pod, added: [String]) -> [LiveDifference] {
        let all = live.pod.containers + live.pod.initContainers
        return LiveComparison(
            live: Self.without(added, live.pod), expected: expected, brought: brought, status: status,
            removed: all.filter { added.contains($0.name) }
        ).differences
    }

    // MARK: kube-inject

    /// A pod as kube-inject may have got it: a workload that was injected as a manifest is not the webhook's, and gets from
    /// kube-inject what it would get again.
    private struct Way {
        var brought: Pod
        /// Often given when the manifest is applied; kube-inject does not know it then, and it is empty.
        var namespace: String
    }

    /// With the labels and annotations that the pod may have brought, and without these.
    private func ways(_ brought: Pod) -> [Way] {
        var pods = [brought]
        if let uninjected = try? live.stripped(final: true),
            uninjected.metadata != brought.metadata || uninjected.spec != brought.spec
        {
            pods.append(uninjected)
        }
        let stated = injection.namespace(of: brought)
        return pods.flatMap { pod in
            (stated.isEmpty ? [""] : [stated, ""]).flatMap { namespace in
                ([pod] + withoutMarks(pod, namespace)).map { Way(brought: $0, namespace: namespace) }
            }
        }
    }

    /// How many differences there are from what kube-inject makes of a pod without some containers.
    private func differences(by way: Way, added: [String]) -> Int {
        let brought = Self.without(added, way.brought)
        guard let expected = kubeInjected(brought, way.namespace) else { return Int.max }
        return differences(from: expected, brought, added: added).count
    }

    private func kubeInjected(_ pod: Pod, _ namespace: String) -> Pod? {
        // The owner is found as for a review: a manifest names it.
        var subject = InjectionSubject(pod: pod, form: .modern, namespace: namespace, isReview: true)
        subject.isReview = false
        subject.deploymentMetadata = Object([Member("name", .string(subject.owner.name))])
        if !namespace.isEmpty { subject.deploymentMetadata["namespace"] = .string(namespace) }
        subject.namespace = namespace
        subject.deadline = injection.question.deadline
        return try? PodInjection.inject(&subject, snapshot: injection.snapshot)
    }

    /// The pod as it may have been before kube-inject wrote annotations of the template (`RedirectAnnotations`), which
    /// templates read from a pod as well: without all that have the value that kube-inject gives them, and with one of
    /// these as the pod's own. Where the template adds to a list, the pod's own is what comes before.
    private func withoutMarks(_ pod: Pod, _ namespace: String) -> [Pod] {
        let concerns = ConcernOrder.of(injection.snapshot.form, isReview: false)
        guard concerns.contains(where: { $0 is RedirectAnnotations }) else { return [] }
        var bare = pod
        let keys = pod.annotations.members.map(\.key)
        for key in keys where AnnotationRules.isKnown(key, form: injection.snapshot.form) {
            bare.removeAnnotation(key)
        }
        guard let written = kubeInjected(bare, namespace) else { return [] }
        var stripped = pod
        var marks: [String] = []
        for key in keys where bare.annotation(key) == nil {
            guard let found = pod.annotation(key), let mark = written.annotation(key) else { continue }
            if found == mark {
                marks.append(key)
                stripped.removeAnnotation(key)
            } else if found.hasSuffix("," + mark) {
                stripped.setAnnotation(key, String(found.dropLast(mark.count + 1)))
            }
        }
        guard stripped.metadata != pod.metadata else { return [] }
        let own = marks.count > 1 ? marks.prefix(Self.maximumMarks) : []
        return [stripped]
            + own.map { key in
                var attempt = stripped
                attempt.setAnnotation(key, pod.annotation(key) ?? "")
                return attempt
            }
    }

    // MARK: Containers of other webhooks

    private static func without(_ names: [String], _ pod: Pod) -> Pod {
        guard !names.isEmpty else { return pod }
        var pod = pod
        for list in ["containers", "initContainers"] {
            pod.modifyList(list) { items in items.removeAll { names.contains($0.name) } }
        }
        return pod
    }

    /// Containers that may have been added after the injection: those behind the injected ones, those before them, each
    /// alone.
    private func laterContainers(_ brought: Pod) -> [[String]] {
        let own = brought.containers.map(\.name)
        let ownInit = brought.initContainers.map(\.name)
        guard own.count + ownInit.count > 1 else { return [] }
        var sets: [[String]] = []
        for list in [live.pod.containers, live.pod.initContainers] {
            let names = list.map(\.name)
            let isOwn = { (name: String) in own.contains(name) || ownInit.contains(name) }
            guard let last = names.lastIndex(where: { !isOwn($0) }),
                let first = names.firstIndex(where: { !isOwn($0) })
            else { continue }
            sets.append(Array(names[(last + 1)...]))
            sets.append(Array(names[..<first]))
        }
        sets += own.dropFirst().reversed().map { [$0] } + ownInit.reversed().map { [$0] }
        if let first = own.first { sets.append([first]) }
        var tried: Set<[String]> = []
        return sets.filter { !$0.isEmpty && tried.insert($0).inserted }
    }
}
