import PluginAPI
import Values

/// Checks whether a pod that differs from what the webhook would make of it now has another explanation.
///
/// | the pod | explanation |
/// | --- | --- |
/// | is what kube-inject makes of its workload | no webhook saw it, and kube-inject would write the same again |
/// | is either of these without some containers | another webhook added them later, and templates list the application's containers |
struct LiveExplanation {
    private let injection: LiveInjection
    private let live: LivePod
    private let status: StatusAnnotation

    /// The maximum number of attempts with containers that another webhook may have added; each costs an injection.
    private static let maximumAttempts = 8
    /// The maximum number of kube-inject's annotations that are tried alone as the pod's own; each costs an injection.
    private static let maximumMarks = 8

    init(_ injection: LiveInjection, _ live: LivePod, _ status: StatusAnnotation) {
        self.injection = injection
        self.live = live
        self.status = status
    }

    /// - Parameters:
    ///   - brought: the pod without its injection.
    ///   - differences: the differences from what the webhook would make of it.
    func explains(_ brought: Pod, _ differences: [LiveDifference]) -> Bool {
        // Only a container that explains some of the differences was added later.
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
        let added = partly.sorted { $0.rest < $1.rest }.map(\.names)
        return isManifests(brought, added: added)
    }

    private func differences(from expected: Pod, _ brought: Pod, added: [String]) -> [LiveDifference] {
        let all = live.pod.containers + live.pod.initContainers
        return LiveComparison(
            live: Self.without(added, live.pod), expected: expected, brought: brought, status: status,
            removed: all.filter { added.contains($0.name) }
        ).differences
    }

    // MARK: kube-inject

    /// A pod as kube-inject may have received it.
    private struct Way {
        var brought: Pod
        /// Often set only when the manifest is applied. kube-inject does not know it then, and it is empty.
        var namespace: String
    }

    /// Whether the pod is what kube-inject makes of it. A workload that was injected as a manifest does not depend on
    /// the webhook, and would get the same from kube-inject again.
    ///
    /// The unknowns (the pod's own labels and annotations, its namespace, the containers that were added later) are
    /// determined one after the other, each by the fewest remaining differences: trying all combinations would need a
    /// hundred injections.
    private func isManifests(_ brought: Pod, added: [[String]]) -> Bool {
        let ways = self.ways(brought)
        let left = ways.map { differences(by: $0, added: []) }
        guard let least = left.min(), let index = left.firstIndex(of: least) else { return false }
        if least == 0 || isManifest(by: ways[index], added: added) { return true }
        let marked = withoutMarks(ways[index])
        guard let bare = marked.first else { return false }
        let rest = differences(by: bare, added: [])
        if rest == 0 || isManifest(by: bare, added: added) { return true }
        // If the annotations matter, one of them may be the pod's own.
        guard rest < least else { return false }
        return marked.dropFirst().contains {
            differences(by: $0, added: []) == 0 || isManifest(by: $0, added: added)
        }
    }

    private func isManifest(by way: Way, added: [[String]]) -> Bool {
        added.contains { differences(by: way, added: $0) == 0 }
    }

    /// Returns the variants with the labels and annotations that the pod may have had before, and without them.
    private func ways(_ brought: Pod) -> [Way] {
        var pods = [brought]
        if let uninjected = try? live.stripped(final: true),
            uninjected.metadata != brought.metadata || uninjected.spec != brought.spec
        {
            pods.append(uninjected)
        }
        let stated = injection.namespace(of: brought)
        return pods.flatMap { pod in
            (stated.isEmpty ? [""] : [stated, ""]).map { Way(brought: pod, namespace: $0) }
        }
    }

    /// The number of differences from what kube-inject makes of a pod without some containers.
    private func differences(by way: Way, added: [String]) -> Int {
        let brought = Self.without(added, way.brought)
        guard let expected = kubeInjected(brought, way.namespace) else { return Int.max }
        return differences(from: expected, brought, added: added).count
    }

    private func kubeInjected(_ pod: Pod, _ namespace: String) -> Pod? {
        // The owner is derived as for a review; a manifest states it.
        let subject = InjectionSubject(pod: pod, form: .modern, namespace: namespace, isReview: true)
        subject.isReview = false
        subject.deploymentMetadata = Object([Member("name", .string(subject.owner.name))])
        if !namespace.isEmpty { subject.deploymentMetadata["namespace"] = .string(namespace) }
        subject.namespace = namespace
        subject.deadline = injection.question.deadline
        return try? PodInjection.inject(subject, snapshot: injection.snapshot)
    }

    /// Returns the pod as it may have been before kube-inject wrote annotations of the template
    /// (`RedirectAnnotations`), which templates also read from a pod: without all annotations that have kube-inject's
    /// value, and with one of these as the pod's own. If the template appends to a list, the text before it is the
    /// pod's own.
    private func withoutMarks(_ way: Way) -> [Way] {
        let pod = way.brought
        let concerns = ConcernOrder.of(injection.snapshot.form, isReview: false)
        guard concerns.contains(where: { $0 is RedirectAnnotations }) else { return [] }
        var bare = pod
        let keys = pod.annotations.members.map(\.key)
        for key in keys where AnnotationRules.isKnown(key, form: injection.snapshot.form) {
            bare.removeAnnotation(key)
        }
        guard let written = kubeInjected(bare, way.namespace) else { return [] }
        var stripped = pod
        var marks: [String] = []
        for key in keys where bare.annotation(key) == nil {
            guard let found = pod.annotation(key), let mark = written.annotation(key) else { continue }
            if found == mark {
                marks.append(key)
                stripped.removeAnnotation(key)
            } else if found.ends(with: "," + mark) {
                stripped.setAnnotation(key, String(found.dropLast(mark.count + 1)))
            }
        }
        guard stripped.metadata != pod.metadata else { return [] }
        let own = marks.count > 1 ? marks.prefix(Self.maximumMarks) : []
        let attempts =
            [stripped]
            + own.map { key in
                var attempt = stripped
                attempt.setAnnotation(key, pod.annotation(key) ?? "")
                return attempt
            }
        return attempts.map { Way(brought: $0, namespace: way.namespace) }
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

    /// The containers that may have been added after the injection: those after the injected ones, those before them,
    /// and each alone.
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
