import PluginAPI
import Values

/// A pod for Windows nodes. It is not injected, because the sidecar's containers and network setup are for Linux.
///
/// It is injected if a template contains the word Windows: one that handles Windows pods must compare
/// `kubernetes.io/os` or `spec.os` with it.
enum WindowsPod {
    private static let labels = ["kubernetes.io/os", "beta.kubernetes.io/os"]

    /// The decision not to inject a Windows pod; nil for any other pod.
    static func decision(of pod: Pod, _ snapshot: Snapshot) -> Decision? {
        guard let place = place(in: pod), !templates(for: pod, snapshot).contains(where: isForWindows) else {
            return nil
        }
        return RequestGate.skip(.osWindows, detail: "", at: place)
    }

    /// The same decision as an additional step after the rules of a policy, overriding their decision to inject.
    static func overriding(_ decision: Decision, of pod: Pod, _ snapshot: Snapshot) -> Decision? {
        guard decision.inject, var windows = self.decision(of: pod, snapshot) else { return nil }
        let steps = decision.trace.map { step in
            var step = step
            step.decisive = false
            return step
        }
        windows.trace = steps + windows.trace
        windows.warnings = decision.warnings
        return windows
    }

    /// The JSON pointer of the field that makes it a Windows pod.
    private static func place(in pod: Pod) -> String? {
        if pod.spec["os"]?["name"] == "windows" { return "/spec/os/name" }
        guard let selector = pod.spec["nodeSelector"]?.object,
            let label = labels.first(where: { selector[$0] == "windows" })
        else { return nil }
        return "/spec/nodeSelector/\(JSONPointer.escape(label))"
    }

    private static func templates(for pod: Pod, _ snapshot: Snapshot) -> [Snapshot.Template] {
        guard snapshot.form == .modern else { return Array(snapshot.templates.values) }
        let subject = InjectionSubject(pod: pod, form: .modern, namespace: nil, isReview: true)
        // The injection reports a missing template.
        let names = (try? TemplateSelection.names(for: subject, snapshot)) ?? []
        return names.compactMap { snapshot.templates[$0] }
    }

    private static func isForWindows(_ template: Snapshot.Template) -> Bool {
        let word = Array("windows".utf8)
        let source = template.source
        guard source.count >= word.count else { return false }
        return (0...(source.count - word.count)).contains { start in
            word.indices.allSatisfy { source[start + $0] | 0x20 == word[$0] }
        }
    }
}
