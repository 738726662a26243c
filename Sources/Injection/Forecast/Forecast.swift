import PluginAPI
import Values

/// Predicts what an API server will refuse in an injected pod, by the rules of a pod (`PodCheck`), the Pod Security
/// level of its namespace (`PodSecurity`), and the limits of its namespace (`NamespaceLimits`).
public enum Forecast {
    /// `--forecast`
    public enum Mode: String, Sendable, CaseIterable {
        /// Findings are warnings.
        case warn
        /// A pod with a finding is refused, with all of them.
        case deny
        case off
    }

    /// A finding with its origin, as shown to people.
    public struct Finding: Sendable, Equatable {
        /// `name_duplicate`, `pod_security` …
        public var code: String
        /// The problem, and the template that caused it.
        public var message: String
    }

    /// The maximum length of one admission warning: an API server may truncate longer ones.
    static let warningBytes = 120
    /// The maximum number of findings that are reported for one pod.
    static let limit = 8

    /// - Returns: the problems that the injection added, not those that the pod had before.
    static func findings(
        _ pod: Pod, before: Pod, _ subject: InjectionSubject, _ snapshot: Snapshot
    ) -> [Finding] {
        let options = snapshot.options
        var found = PodCheck.findings(pod, before: before, subject, snapshot.memory)
        if let labels = options.namespaceLabels[subject.namespace] {
            let security = PodSecurity(labels: labels)
            found += new(security.violations(pod)) { security.violations(before) }
        }
        if !options.namespaceLimits.isEmpty {
            let limits = options.namespaceLimits
            found += new(limits.violations(pod, in: subject.namespace)) {
                limits.violations(before, in: subject.namespace)
            }
        }
        guard !found.isEmpty else { return [] }
        let rest = found.count - limit
        var findings = found.prefix(limit).map { finding in
            Finding(
                code: finding.code,
                message: finding.message + origin(finding.path, subject.rendered, snapshot.form))
        }
        if rest > 0 { findings.append(Finding(code: "further", message: "\(rest) further findings")) }
        return findings
    }

    private static func new(
        _ found: [PodCheck.Finding], _ before: () -> [PodCheck.Finding]
    ) -> [PodCheck.Finding] {
        guard !found.isEmpty else { return [] }
        let known = Set(before().map(\.message))
        return found.filter { !known.contains($0.message) }
    }

    /// Formats the template and line that wrote the part: ` (template sidecar:12)`.
    private static func origin(
        _ path: [PodSurvival.Loss.Step], _ texts: [RenderedText], _ form: PolicyConfiguration.Form
    ) -> String {
        let path = form == .classic ? path.dropFirst() : path[...]
        // Tries the longest prefix of the path first.
        for length in stride(from: path.count, to: 1, by: -1) {
            for text in texts.reversed() {
                guard let place = text.culprit(of: path.prefix(length)),
                    place.found != RenderedText.listWithout
                else { continue }
                let located = text.locate(InjectionError(.schema, .forecastRefused, ""), at: place.position)
                let line = located.place.map { ":\($0.line)" } ?? ""
                return " (template \(text.name)\(line))"
            }
        }
        return ""
    }

    /// Formats a finding as an admission warning.
    static func warning(_ finding: Finding) -> String {
        let text = "forecast: " + finding.message
        guard text.utf8.count > warningBytes else { return text }
        var short = text
        while short.utf8.count > warningBytes - 3 { short.removeLast() }
        return short + "…"
    }
}
