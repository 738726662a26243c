public import Injection
public import Values

/// The answer: one sentence, and its evidence.
public struct Diagnosis: Sendable {
    /// The cause of the pod's state: stable snake_case codes for programs.
    public enum Cause: String, Sendable, CaseIterable {
        // The pod has no sidecar, or does not start.
        case webhookMissing = "webhook_missing"
        case namespaceNotSelected = "namespace_not_selected"
        case podNotSelected = "pod_not_selected"
        case skipped = "skipped"
        case settingMisplaced = "setting_misplaced"
        case configurationMissing = "configuration_missing"
        case configurationBroken = "configuration_broken"
        case bundleWrong = "bundle_wrong"
        case injectorUnreachable = "injector_unreachable"
        case injectionFails = "injection_fails"
        case refusedByAPIServer = "refused_by_api_server"
        case podIsOlder = "pod_is_older"
        // The pod has a sidecar.
        case current = "current"
        case stale = "stale"
        case orphan = "orphan"
        case broken = "broken"
        // A workload whose pods would get one, or an unknown cause.
        case wouldGetOne = "would_get_one"
        case unknown = "unknown"
    }

    /// One question of the examination, in its order.
    public struct Step: Sendable {
        public enum Verdict: String, Sendable { case yes, no, unknown }

        /// `asked`, `decided`, `works`, `current`, `reached`
        public var question: String
        public var verdict: Verdict
        public var message: String
        /// The object with the evidence, and the place in it.
        public var source: String?
        /// Further lines.
        public var details: [String] = []
    }

    /// Something that could not be read, and the missing permission, if that is the reason.
    public struct Unread: Sendable, Equatable {
        public var what: String
        public var reason: String
        public var right: String?
    }

    public var kind: String
    public var name: String
    public var namespace: String
    public var cause: Cause
    /// Whether the cause is certain. It is not if something that could not be read might contradict it.
    public var isCertain = true
    /// The first sentence.
    public var sentence: String
    public var hasSidecar: Bool?
    public var steps: [Step] = []
    public var unread: [Unread] = []
    /// The differences between the sidecar and the one that a new pod would get.
    public var differences: [LiveDifference] = []
    /// The remedies, in order.
    public var remedies: [String] = []

    /// Whether nothing is wrong: the pod has the sidecar that it would get, or a new pod would get one.
    public var isGood: Bool { [.current, .wouldGetOne].contains(cause) }
}

extension Diagnosis {
    public var json: Value {
        var object = Object([
            Member("kind", .string(kind)), Member("name", .string(name)),
            Member("namespace", .string(namespace)), Member("cause", .string(cause.rawValue)),
            Member("certain", .bool(isCertain)), Member("message", .string(sentence)),
        ])
        if let hasSidecar { object["hasSidecar"] = .bool(hasSidecar) }
        object["steps"] = .array(
            steps.map { step in
                var item = Object([
                    Member("question", .string(step.question)),
                    Member("verdict", .string(step.verdict.rawValue)),
                    Member("message", .string(step.message)),
                ])
                if let source = step.source { item["source"] = .string(source) }
                if !step.details.isEmpty { item["details"] = .array(step.details.map { .string($0) }) }
                return .object(item)
            })
        if !differences.isEmpty { object["differences"] = .array(differences.map(\.json)) }
        object["unread"] = .array(
            unread.map { unread in
                var item = Object([
                    Member("what", .string(unread.what)), Member("reason", .string(unread.reason)),
                ])
                if let right = unread.right { item["right"] = .string(right) }
                return .object(item)
            })
        object["remedies"] = .array(remedies.map { .string($0) })
        return .object(object)
    }

    /// The text for a terminal: the sentence, the evidence below it, what could not be read, and the remedies.
    public var text: String {
        var text = "\(sentence)\n"
        let width = (steps.map(\.question.count) + [0]).max() ?? 0
        if !steps.isEmpty { text += "\n" }
        for step in steps {
            let label = step.question + ":" + String(repeating: " ", count: width - step.question.count + 1)
            let verdict = step.verdict.rawValue
            let indent = String(repeating: " ", count: width + 2)
            let lines = step.message.split(whereSeparator: \.isNewline).joined(separator: "\n\(indent)")
            text += "\(label)\(verdict): \(lines)\n"
            if let source = step.source { text += "\(indent)at \(source)\n" }
            for detail in step.details { text += "\(indent)\(detail)\n" }
        }
        if !unread.isEmpty {
            text += "\nnot read:\n"
            for unread in unread { text += "- \(unread.what): \(unread.reason)\n" }
        }
        if !remedies.isEmpty {
            text += "\nwhat to do:\n"
            for remedy in remedies { text += "- \(remedy)\n" }
        }
        return text
    }
}
