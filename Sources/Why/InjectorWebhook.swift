import PluginAPI
import Values

/// One webhook of the cluster that a sidecar injector serves, and whether an API server would call it for this pod.
struct InjectorWebhook: Sendable {
    /// The name of the MutatingWebhookConfiguration.
    var configuration: String
    var created: String
    var revision: String
    var entry: Value
    var outcome: WebhookOutcome

    var name: String { entry["name"]?.string ?? "" }
    var isIgnoring: Bool { entry["failurePolicy"]?.string == "Ignore" }
    var source: String { outcome.source ?? "mutatingwebhookconfiguration \(configuration)" }

    var isCalled: Bool { outcome.call == .called }
    var isUnknown: Bool {
        if case .unknown = outcome.call { return true }
        return false
    }

    /// The namespace, name and port of the Service that it calls.
    var service: (namespace: String, name: String, port: Int64)? {
        let service = entry["clientConfig"]?["service"]
        guard let namespace = service?["namespace"]?.string, let name = service?["name"]?.string else {
            return nil
        }
        return (namespace, name, service?["port"]?.int ?? 443)
    }

    var path: String {
        if let service = entry["clientConfig"]?["service"] { return service["path"]?.string ?? "/" }
        let url = entry["clientConfig"]?["url"]?.string ?? ""
        let rest = url.split(byte: "/", maxSplits: 3, omittingEmptySubsequences: false)
        return rest.count == 4 ? "/" + rest[3] : "/"
    }

    // MARK: search

    /// Returns all webhooks that inject sidecars: those with the path of injectors, or if there are none, those with
    /// such a name.
    ///
    /// - Parameters:
    ///   - only: the name of the only configuration to check; nil is all.
    ///   - engine: compiles the selectors; its policy has no effect.
    static func all(
        in configurations: [Value], only: String?, for subject: DecisionSubject, engine: any DecisionEngine
    ) -> [InjectorWebhook] {
        var found: [InjectorWebhook] = []
        for configuration in configurations {
            let name = configuration["metadata"]?["name"]?.string ?? ""
            if let only, only != name { continue }
            guard let entries = configuration["webhooks"]?.array, !entries.isEmpty,
                let matcher = try? engine.compileWebhook(
                    configuration, file: "mutatingwebhookconfiguration \(name)")
            else { continue }
            for (entry, outcome) in zip(entries, matcher.match(subject)) where isAboutPods(entry) {
                found.append(
                    InjectorWebhook(
                        configuration: name,
                        created: configuration["metadata"]?["creationTimestamp"]?.string ?? "",
                        revision: configuration["metadata"]?["labels"]?["istio.io/rev"]?.string ?? "",
                        entry: entry, outcome: outcome))
            }
        }
        guard only == nil else { return found }
        let byPath = found.filter { $0.path == "/inject" || $0.path.begins(with: "/inject/") }
        return byPath.isEmpty ? found.filter { $0.name.contains("sidecar") } : byPath
    }

    private static func isAboutPods(_ entry: Value) -> Bool {
        (entry["rules"]?.array ?? []).contains { rule in
            let resources = (rule["resources"]?.array ?? []).compactMap(\.string)
            return resources.contains { ["*", "*/*", "pods"].contains($0) }
        }
    }

    // MARK: unmet requirements

    /// A requirement of a selector that is not met.
    struct Unmet: Sendable {
        var isOfNamespace: Bool
        var key: String
        /// The requirement: `istio-injection=enabled`.
        var wanted: String
        /// A value that would meet it; nil if no specific one would.
        var value: String?
        /// Whether the label must be absent or have another value.
        var mustGo = false
        var found: String?
    }

    /// Returns the first requirement that is not met, those of the namespace first.
    func unmet(namespaceLabels: Object?, podLabels: Object?, namespace: String) -> Unmet? {
        if let namespaceLabels,
            let unmet = Self.unmet(entry["namespaceSelector"], namespaceLabels, namespace: namespace)
        {
            return unmet
        }
        return Self.unmet(entry["objectSelector"], podLabels ?? Object(), namespace: nil)
    }

    private static let nameLabel = "kubernetes.io/metadata.name"

    private static func unmet(_ selector: Value?, _ labels: Object, namespace: String?) -> Unmet? {
        func value(_ key: String) -> String? {
            labels[key]?.string ?? (key == nameLabel ? namespace : nil)
        }
        let isOfNamespace = namespace != nil
        for member in selector?["matchLabels"]?.object?.members ?? [] {
            let wanted = member.value.string ?? ""
            if value(member.key) != wanted {
                return Unmet(
                    isOfNamespace: isOfNamespace, key: member.key, wanted: "\(member.key)=\(wanted)",
                    value: wanted, found: value(member.key))
            }
        }
        for expression in selector?["matchExpressions"]?.array ?? [] {
            let key = expression["key"]?.string ?? ""
            let values = (expression["values"]?.array ?? []).compactMap(\.string)
            let found = value(key)
            var unmet = Unmet(isOfNamespace: isOfNamespace, key: key, wanted: key, value: nil, found: found)
            switch expression["operator"]?.string {
            case "In":
                guard found.map(values.contains) != true else { continue }
                unmet.value = values.first
                unmet.wanted =
                    values.count == 1 ? "\(key)=\(values[0])" : "\(key) in \(values.joined(separator: ", "))"
            case "NotIn":
                guard let found, values.contains(found) else { continue }
                unmet.mustGo = true
                unmet.wanted = "\(key) not in \(values.joined(separator: ", "))"
            case "Exists":
                guard found == nil else { continue }
                unmet.value = "true"
            case "DoesNotExist":
                guard found != nil else { continue }
                unmet.mustGo = true
                unmet.wanted = "no label \(key)"
            default: continue
            }
            return unmet
        }
        return nil
    }
}
