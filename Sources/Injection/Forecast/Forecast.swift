import PluginAPI
import Values

/// What an API server will say about an injected pod: the rules of a pod (`PodCheck`), the Pod Security level of its
/// namespace (`PodSecurity`), limits of its namespace (`NamespaceLimits`).
public enum Forecast {
    /// `--forecast`
    public enum Mode: String, Sendable, CaseIterable {
        /// Findings are warnings.
        case warn
        /// A pod with a finding is refused, with all of them.
        case deny
        case off
    }

    /// A finding with its origin, as people read it.
    public struct Finding: Sendable, Equatable {
        /// `name_duplicate`, `pod_security` …
        public var code: String
        /// What is wrong and which template brought it.
        public var message: String
    }

    /// Bytes of one admission warning: longer ones may be cut by an API server.
    static let warningBytes = 120
    /// Findings of one pod that are reported.
    static let limit = 8

    /// - Returns: what the injection brought, not what the pod had before.
    static func findings(
        _ pod: Pod, before: Pod, _ subject: InjectionSubject, _ options: InjectionOptions,
        _ form: PolicyConfiguration.Form
    ) -> [Finding] {
        var found = PodCheck.findings(pod, before: before, subject)
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
                code: finding.code, message: finding.message + origin(finding.path, subject.rendered, form))
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

    /// ` (template sidecar:12)`: the template that wrote the part, and its line.
    private static func origin(
        _ path: [PodSurvival.Loss.Step], _ texts: [RenderedText], _ form: PolicyConfiguration.Form
    ) -> String {
        let path = form == .classic ? path.dropFirst() : path[...]
        // The longest part of the way that a text has.
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

    /// A finding as an admission warning.
    static func warning(_ finding: Finding) -> String {
        let text = "forecast: " + finding.message
        guard text.utf8.count > warningBytes else { return text }
        var short = text
        while short.utf8.count > warningBytes - 3 { short.removeLast() }
        return short + "…"
    }
}
