import PluginAPI
import Values

/// The registry of Istio's annotations: which are known, and which values are valid.
///
/// A pod's annotations in; what is wrong with them out, sorted by name, so that the same pod always gets the same
/// answer. Nothing is changed here.
enum AnnotationRules {
    struct Problem: Error, Equatable {
        var annotation: String
        var value: String
        var why: String
    }

    struct Outcome: Sendable, Equatable {
        /// Sorted by annotation; any fails the injection.
        var problems: [Problem] = []
        /// Names that look like Istio's but are not known, with the nearest known ones. The values are not repeated:
        /// nobody knows what they hold.
        var notes: [String] = []
    }

    /// The most notes of one pod: more than that help nobody, and each costs a search.
    private static let noteLimit = 8

    /// - Parameter mesh: what `proxy.istio.io/config` is read against.
    static func check(
        _ annotations: Object, form: PolicyConfiguration.Form, mesh: MeshConfiguration
    ) -> Outcome {
        var outcome = Outcome()
        let known = form == .classic ? classic : modern
        for member in annotations.members {
            guard let rule = known[member.key] else {
                if outcome.notes.count < noteLimit, let note = note(member.key, form, known) {
                    outcome.notes.append(note)
                }
                continue
            }
            guard rule != .anything, case .string(let value) = member.value else { continue }
            if let why = AnnotationValues.problem(value, rule, form) {
                outcome.problems.append(Problem(annotation: member.key, value: value, why: why))
            }
        }
        outcome.problems.sort { $0.annotation.utf8.lexicographicallyPrecedes($1.annotation.utf8) }
        outcome.notes.sort()
        return outcome
    }

    /// Istio's text: `N error occurred:` and a line for each problem.
    static func message(_ problems: [Problem]) -> String {
        IstioText.errors(
            problems.map { IstioText.invalidValue($0.value, of: $0.annotation, why: $0.why) })
    }

    /// Whether the registry knows the name: only such keys of `podRedirectAnnot` are set.
    static func isKnown(_ annotation: String, form: PolicyConfiguration.Form) -> Bool {
        (form == .classic ? classic : modern)[annotation] != nil
    }

    /// The classic form speaks of every unknown name with `istio` in it; the modern one, whose templates read names
    /// that no registry has, only of those that are nearly a known one.
    private static func note(
        _ name: String, _ form: PolicyConfiguration.Form, _ known: [String: Rule]
    ) -> String? {
        guard contains(name, "istio"), !others.contains(name) else { return nil }
        let near = Spelling.nearest(name, among: known.keys.map { $0 } + others.filter { known[$0] == nil })
        guard form == .classic || !near.isEmpty else { return nil }
        let remedy = near.isEmpty ? "" : "; did you mean \(near.map { "'\($0)'" }.joined(separator: " or "))?"
        return "annotation '\(name)' is not known, it may be misspelled\(remedy)"
    }

    private static func contains(_ text: String, _ part: String) -> Bool {
        var text = text
        var part = part
        return text.withUTF8 { text in
            part.withUTF8 { part in
                guard text.count >= part.count else { return false }
                return (0...text.count - part.count).contains { start in
                    text[start] == part[0]
                        && (1..<part.count).allSatisfy { text[start + $0] == part[$0] }
                }
            }
        }
    }
}

// MARK: The registry

extension AnnotationRules {
    /// What a value must be.
    enum Rule: Sendable {
        case anything
        case interceptionMode
        /// 0 to 65535
        case port
        case ports
        /// `*` or ports
        case portsOrAll
        case addresses
        /// `*` or ranges
        case addressesOrAll
        case unsigned32
        case bool
        case quantity
        case interfaces
        case proxyConfiguration
    }

    private static let both: [String: Rule] = [
        "sidecar.istio.io/interceptionMode": .interceptionMode,
        "status.sidecar.istio.io/port": .port,
        "readiness.status.sidecar.istio.io/initialDelaySeconds": .unsigned32,
        "readiness.status.sidecar.istio.io/periodSeconds": .unsigned32,
        "readiness.status.sidecar.istio.io/failureThreshold": .unsigned32,
        "traffic.sidecar.istio.io/includeOutboundIPRanges": .addressesOrAll,
        "traffic.sidecar.istio.io/excludeOutboundIPRanges": .addresses,
        "traffic.sidecar.istio.io/includeInboundPorts": .portsOrAll,
        "traffic.sidecar.istio.io/excludeInboundPorts": .ports,
        "traffic.sidecar.istio.io/excludeOutboundPorts": .ports,
        "prometheus.istio.io/merge-metrics": .bool,
        "proxy.istio.io/config": .proxyConfiguration,
    ]

    static let classic: [String: Rule] = {
        var rules = both
        rules["sidecar.istio.io/enableCoreDump"] = .bool
        let free = [
            "sidecar.istio.io/inject", "sidecar.istio.io/status", "sidecar.istio.io/rewriteAppHTTPProbers",
            "sidecar.istio.io/controlPlaneAuthPolicy", "sidecar.istio.io/discoveryAddress",
            "sidecar.istio.io/proxyImage", "sidecar.istio.io/proxyCPU", "sidecar.istio.io/proxyMemory",
            "sidecar.istio.io/bootstrapOverride", "sidecar.istio.io/statsInclusionPrefixes",
            "sidecar.istio.io/statsInclusionSuffixes", "sidecar.istio.io/statsInclusionRegexps",
            "sidecar.istio.io/userVolume", "sidecar.istio.io/userVolumeMount",
            "traffic.sidecar.istio.io/kubevirtInterfaces", "k8s.v1.cni.cncf.io/networks",
        ]
        for name in free { rules[name] = .anything }
        return rules
    }()

    static let modern: [String: Rule] = {
        var rules = both
        for name in ["proxyCPU", "proxyMemory", "proxyCPULimit", "proxyMemoryLimit"] {
            rules["sidecar.istio.io/" + name] = .quantity
        }
        let interfaces = [
            "traffic.sidecar.istio.io/excludeInterfaces", "traffic.sidecar.istio.io/kubevirtInterfaces",
            "istio.io/reroute-virtual-interfaces",
        ]
        for name in interfaces { rules[name] = .interfaces }
        return rules
    }()

    /// Names that the pipeline and Istio's templates read, with any value: no misspellings.
    private static let others = [
        "sidecar.istio.io/inject", "sidecar.istio.io/status", "sidecar.istio.io/rewriteAppHTTPProbers",
        "sidecar.istio.io/proxyImage", "sidecar.istio.io/proxyImageType",
        "sidecar.istio.io/bootstrapOverride",
        "sidecar.istio.io/nativeSidecar", "sidecar.istio.io/logLevel", "sidecar.istio.io/componentLogLevel",
        "sidecar.istio.io/agentLogLevel", "sidecar.istio.io/extraStatTags", "sidecar.istio.io/userVolume",
        "sidecar.istio.io/userVolumeMount", "sidecar.istio.io/statsInclusionPrefixes",
        "sidecar.istio.io/statsInclusionSuffixes", "sidecar.istio.io/statsInclusionRegexps",
        "sidecar.istio.io/statsHistogramBuckets", "sidecar.istio.io/statsCompression",
        "inject.istio.io/templates", "proxy.istio.io/overrides", "prometheus.istio.io/scrape-targets",
        "prometheus.istio.io/secure-port", "traffic.sidecar.istio.io/includeOutboundPorts",
    ]
}
