import PluginAPI
import Values

/// The rules of a policy as matchConditions: CEL expressions, all of which must be true for the API server to call the
/// webhook.
///
/// | condition | excludes |
/// | --- | --- |
/// | `own-network` | pods in the host's network |
/// | `not-declined` | pods whose label or annotation says no |
/// | `not-never-N` | pods that neverInjectSelector N selects, unless they ask for a sidecar |
/// | `asked-for` | with a disabled policy: pods that neither ask nor are selected by an alwaysInjectSelector |
///
/// An API server before 1.28 drops matchConditions and calls the webhook. The rules then give the same result.
struct MatchConditions {
    /// The largest number of conditions that an API server accepts.
    static let limit = 64

    let policy: CompiledPolicy

    var all: [(name: String, expression: String)] {
        var conditions = [
            ("own-network", "!has(object.spec.hostNetwork) || !object.spec.hostNetwork"),
            ("not-declined", "!(\(declines))"),
        ]
        // If there are more selectors than conditions, several selectors share a condition.
        let never = used(policy.never)
        let room = Self.limit - conditions.count - 1
        let size = max(1, (never.count + room - 1) / room)
        for start in stride(from: 0, to: never.count, by: size) {
            let parts = never[start..<min(start + size, never.count)].map(expression)
            conditions.append(
                ("not-never-\(start)", "\(asks) || !(\(parts.joined(separator: " || ")))"))
        }
        if policy.policy == .disabled {
            let parts = [asks] + used(policy.always).map(expression)
            conditions.append(("asked-for", parts.joined(separator: " || ")))
        }
        return conditions
    }

    private func used(_ entries: [CompiledPolicy.Entry]) -> [LabelSelector] {
        entries.filter { $0.ignored == nil }.map(\.selector)
    }

    // MARK: The pod's own setting

    /// Whether the pod asks for a sidecar.
    private var asks: String {
        switch policy.form {
        case .classic:
            "(\(has("annotations")) && \(text("annotations")).lowerAscii() in ['y', 'yes', 'true', 'on'])"
        case .modern: modernWish("true")
        }
    }

    /// Whether the pod declines a sidecar. In the classic form, every other text means no.
    private var declines: String {
        switch policy.form {
        case .classic:
            "\(has("annotations")) && !(\(text("annotations")).lowerAscii() in ['', 'y', 'yes', 'true', 'on'])"
        case .modern: modernWish("false")
        }
    }

    /// The label decides. The annotation is only used if there is no label.
    private func modernWish(_ word: String) -> String {
        "(\(has("labels")) ? \(text("labels")) == '\(word)' : "
            + "\(has("annotations")) && \(text("annotations")) == '\(word)')"
    }

    private func has(_ map: String) -> String { Self.has(map, injectKey) }
    private func text(_ map: String) -> String { "object.metadata.\(map)['\(injectKey)']" }

    private static func has(_ map: String, _ key: String) -> String {
        "has(object.metadata.\(map)) && '\(key)' in object.metadata.\(map)"
    }

    // MARK: Selectors

    // The keys and values of a compiled selector have the syntax of labels: no quotes, no backslashes.
    private func expression(_ selector: LabelSelector) -> String {
        let parts = selector.requirements.map { requirement in
            let has = Self.has("labels", requirement.key)
            let values = requirement.values.map { "'\($0)'" }.joined(separator: ", ")
            let isIn = "\(has) && object.metadata.labels['\(requirement.key)'] in [\(values)]"
            switch requirement.test {
            case .isIn: return isIn
            case .isNotIn: return "!(\(isIn))"
            case .exists: return has
            case .doesNotExist: return "!(\(has))"
            }
        }
        return "(\(parts.joined(separator: " && ")))"
    }
}
