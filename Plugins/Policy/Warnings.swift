import PluginAPI
import Values

/// Warns about settings that are allowed but probably not intended: an injection setting that is in the wrong place,
/// misspelled, not understood, or without effect.
///
/// It runs with every decision, so it only looks up what it needs, and allocates nothing if nothing is found.
struct Warnings {
    var policy: CompiledPolicy
    var subject: DecisionSubject

    /// The largest number of warnings about misspelled keys. A pod can have any number of these.
    static let limit = 16

    /// - Parameter reason: the decisive code.
    func all(_ reason: ReasonCode?) -> [DecisionWarning] {
        var warnings: [DecisionWarning] = []
        let label = wish("labels")
        let annotation = wish("annotations")
        notUnderstood(label: label, annotation: annotation, into: &warnings)
        inVain(label: label, annotation: annotation, reason: reason, into: &warnings)
        if label == nil && annotation == nil {
            misplaced(into: &warnings)
            misspelled(into: &warnings)
        }
        namespaceLabelOnPod(into: &warnings)
        namespaceLabels(into: &warnings)
        return warnings
    }

    private func wish(_ map: String) -> Value? { subject.metadata[map]?.object?[injectKey] }

    private func place(_ map: String, _ key: String = injectKey) -> String {
        subject.place(of: key, in: map)
    }

    private func whose() -> String { subject.pointer.isEmpty ? "pod" : "pod template" }

    // MARK: Values

    private func notUnderstood(label: Value?, annotation: Value?, into warnings: inout [DecisionWarning]) {
        for (map, one, value) in [("labels", "label", label), ("annotations", "annotation", annotation)] {
            guard let value else { continue }
            if value.string == nil {
                warnings.append(
                    DecisionWarning(
                        "the \(whose())'s \(one) \(injectKey) is not a string, and Kubernetes will refuse it: write the "
                            + "value in quotes",
                        admission: "\(one) \(injectKey) is not a string: write its value in quotes",
                        source: place(map)))
            }
            guard let text = scalarText(value) else { continue }
            if policy.form == .classic && map == "labels" {
                warnings.append(
                    DecisionWarning(
                        "the \(whose()) has a label \(injectKey), which this form of configuration does not read: "
                            + "use the annotation of that name",
                        admission: "label \(injectKey) is not read here; use the annotation of that name",
                        source: place(map)))
                continue
            }
            guard Wish(text, form: policy.form) == .unrecognised else { continue }
            if policy.form == .modern && map == "annotations" && label != nil { continue }
            let effect = policy.form == .classic ? "counts as no" : "counts for nothing"
            warnings.append(
                DecisionWarning(
                    "the \(whose())'s \(one) \(injectKey) is \(quoted(text)), which \(effect): expected \"true\" or "
                        + "\"false\"",
                    admission:
                        "\(one) \(injectKey)=\(quoted(text, limit: 16)) \(effect); expected \"true\" or \"false\"",
                    source: place(map)))
        }
        if policy.form == .modern, let label = label.flatMap(scalarText),
            let other = annotation.flatMap(scalarText)
        {
            let wishes = (Wish(label, form: .modern), Wish(other, form: .modern))
            if wishes.0 != wishes.1, wishes.1 == .yes || wishes.1 == .no {
                warnings.append(
                    DecisionWarning(
                        "the \(whose())'s label and annotation \(injectKey) differ: the label \(quoted(label)) is "
                            + "read, the annotation \(quoted(other)) is not",
                        admission: "label and annotation \(injectKey) differ; only the label is read",
                        source: place("annotations")))
            }
        }
    }

    /// Warns if the pod asks for a sidecar, but a stronger rule prevents it.
    private func inVain(
        label: Value?, annotation: Value?, reason: ReasonCode?, into warnings: inout [DecisionWarning]
    ) {
        let stated = policy.form == .modern ? label ?? annotation : annotation
        guard let text = stated.flatMap(scalarText), Wish(text, form: policy.form) == .yes else { return }
        switch reason {
        case .hostNetworkEnabled:
            warnings.append(
                DecisionWarning(
                    "the \(whose()) requests a sidecar without effect: it uses the host's network",
                    admission: "requests a sidecar without effect: pods with hostNetwork never get one",
                    source: "\(subject.pointer)/spec/hostNetwork"))
        case .ignoredNamespace:
            warnings.append(
                DecisionWarning(
                    "the \(whose()) requests a sidecar without effect: namespace \(quoted(subject.namespace)) is never "
                        + "injected",
                    admission: "requests a sidecar without effect: this namespace is never injected"))
        case .policyIllegal:
            warnings.append(
                DecisionWarning(
                    "the \(whose()) requests a sidecar without effect: the configuration's policy is neither enabled nor "
                        + "disabled, and that switches injection off for every pod",
                    source: policy.policySource))
        default: break
        }
    }

    // MARK: Places

    /// Warns about a setting on the workload, on a template in between, or next to `metadata` instead of in it.
    private func misplaced(into warnings: inout [DecisionWarning]) {
        let wanted = policy.form == .modern ? ["labels", "annotations"] : ["annotations"]
        for map in wanted {
            if subject.spec[map]?.object?[injectKey] != nil {
                misplaced(map, at: subject.pointer + "/spec", into: &warnings)
            }
        }
        guard var value = subject.object else { return }
        var pointer = ""
        var tokens = subject.pointer.split(byte: "/")[...]
        while true {
            for map in wanted {
                if !tokens.isEmpty, value["metadata"]?[map]?.object?[injectKey] != nil {
                    misplaced(map, at: pointer + "/metadata", into: &warnings)
                }
                if value[map]?.object?[injectKey] != nil { misplaced(map, at: pointer, into: &warnings) }
            }
            guard let token = tokens.popFirst() else { return }
            let key = String(token)
            guard let next = Int(key).flatMap({ value[$0] }) ?? value[key] else { return }
            value = next
            pointer += "/\(key)"
        }
    }

    private func misplaced(_ map: String, at pointer: String, into warnings: inout [DecisionWarning]) {
        let one = map == "labels" ? "label" : "annotation"
        let kind = subject.object?["kind"]?.string.map { "the \(bounded($0, limit: 63))'s " } ?? ""
        let owner =
            pointer == "/metadata" ? "\(kind)own metadata" : pointer.isEmpty ? "the object itself" : pointer
        let source = "\(pointer)/\(map)/\(JSONPointer.escape(injectKey))"
        warnings.append(
            DecisionWarning(
                "the \(one) \(injectKey) is on \(owner), where it is not read: move it to "
                    + "\(subject.pointer)/metadata/\(map)",
                admission:
                    "\(one) \(injectKey) is in the wrong place; it belongs in the \(whose())'s metadata",
                source: source))
    }

    /// Warns about a key of the pod that is nearly the right one.
    private func misspelled(into warnings: inout [DecisionWarning]) {
        for (map, one) in [("labels", "label"), ("annotations", "annotation")] {
            guard let object = subject.metadata[map]?.object else { continue }
            for member in object.members where isNearMiss(member.key) {
                guard warnings.count < Self.limit else { return }
                let right = map == "labels" && policy.form == .classic ? "annotation" : one
                warnings.append(
                    DecisionWarning(
                        "the \(whose())'s \(one) \(quoted(member.key)) is not read: is the \(right) \(injectKey) "
                            + "meant?",
                        admission:
                            "\(one) \(quoted(member.key, limit: 30)) is not read; is \(injectKey) meant?",
                        source: place(map, member.key)))
            }
        }
    }

    /// Warns about `istio-injection` on a pod. It is a label for namespaces, and has no effect on a pod.
    private func namespaceLabelOnPod(into warnings: inout [DecisionWarning]) {
        let key = "istio-injection"
        for (map, one) in [("labels", "label"), ("annotations", "annotation")]
        where subject.metadata[map]?.object?[key] != nil {
            let use = policy.form == .modern ? "label" : "annotation"
            warnings.append(
                DecisionWarning(
                    "the \(whose())'s \(one) \(key) is not read: it belongs on the namespace; on a pod, use the \(use) "
                        + injectKey,
                    admission: "\(one) \(key) is not read on a pod; use the \(use) \(injectKey)",
                    source: place(map, key)))
        }
    }

    /// Warns about the namespace's labels, if they are known: `istio-injection` is used together with `istio.io/rev`,
    /// or has a value that nothing selects.
    private func namespaceLabels(into warnings: inout [DecisionWarning]) {
        guard let labels = subject.namespaceLabels, let value = labels["istio-injection"]?.string else {
            return
        }
        let namespace = "namespace \(quoted(subject.namespace))"
        if let revision = labels["istio.io/rev"]?.string {
            warnings.append(
                DecisionWarning(
                    "\(namespace) has both istio-injection=\(quoted(value)) and istio.io/rev=\(quoted(revision)): "
                        + "Istio's webhooks let istio-injection win, so remove one of them"))
        }
        if value != "enabled" && value != "disabled" {
            warnings.append(
                DecisionWarning(
                    "\(namespace) has istio-injection=\(quoted(value)), which counts as not enabled: expected enabled or "
                        + "disabled"))
        }
    }
}
