import Injection
import PluginAPI
import Values

/// Checks whether a pod's sidecar is the one that it would get.
extension Examination {
    /// The largest number of differences with the template's line, each of which takes about 4 ms.
    private static let placedDifferences = 3
    /// The largest number of differences in the text; the JSON has all that were compared.
    private static let shownDifferences = 8
    /// The largest number of characters of a value in the text.
    private static let shownCharacters = 80

    // MARK: the step

    mutating func compared() {
        guard hasSidecar == true, let pod = evidence.pod, case .snapshot(let snapshot) = configured else {
            return
        }
        var question = LiveQuestion()
        question.namespace = target.namespace
        question.namespaceLabels = evidence.namespaceLabels
        // Whether an API server calls the webhook is a separate question.
        question.webhook = CallsAlways()
        question.path = evidence.webhook?.path ?? question.path
        question.findsPlaces = true
        question.placeLimit = Self.placedDifferences
        let answer = Pipeline.compare(live: pod, question: question, snapshot: snapshot)
        comparison = answer
        if let error = answer.error {
            step("current", .no, "a new pod would be refused: \(Self.message(of: error))")
            return
        }
        let differences = answer.differences.prefix(Self.shownDifferences).map(Self.text)
        let rest = answer.differences.count - differences.count
        step(
            "current", answer.verdict == .current ? .yes : .no, answer.message, at: nil,
            differences + (rest > 0 ? ["and \(rest) more (-o json shows them)"] : []))
    }

    /// `/spec/containers/istio-proxy/image is "a", a new pod would get "b" (template sidecar:3)`
    private static func text(_ difference: LiveDifference) -> String {
        let found = difference.found.map { "is \(shown($0))" } ?? "is not there"
        let expected = difference.expected.map { "would get \(shown($0))" } ?? "would not have it"
        let place = difference.place.map { " (template \($0.template):\($0.line))" } ?? ""
        return "\(difference.pointer) \(found), a new pod \(expected)\(place)"
    }

    private static func shown(_ value: Value) -> String {
        let text = JSON.text(value)
        return text.count > shownCharacters ? text.prefix(shownCharacters) + "…" : text
    }

    // MARK: the conclusion

    func sidecarDiagnosis(_ has: String) -> Diagnosis {
        guard let comparison else { return notCompared(has) }
        switch comparison.verdict {
        case .current: return current(has)
        case .missed: return notCompared(has)
        case .stale: return stale(has, comparison)
        case .orphan:
            return diagnosis(
                .orphan,
                "\(has), and a new pod would get none: \(comparison.message) (\(comparison.decision.reason.rawValue))",
                [recreate])
        case .broken:
            return diagnosis(
                .broken,
                "\(has), and a new pod would be refused: \(comparison.error.map(Self.message) ?? comparison.message)",
                ["mend what the message names before the pod is created again: until then it stays as it is"])
        }
    }

    private func current(_ has: String) -> Diagnosis {
        if let reach, let cause = reach.cause, let webhook = evidence.webhook, webhook.isCalled {
            let effect = webhook.isIgnoring ? "would get none" : "would be refused"
            return diagnosis(
                cause,
                "\(has), and a new pod \(effect): the injector cannot be called: \(reach.message)",
                reach.remedies)
        }
        return diagnosis(
            .current, "\(has): the one that a new pod would get", certain: isSureOfConfiguration, [])
    }

    private func stale(_ has: String, _ comparison: LiveAnswer) -> Diagnosis {
        var sentence = "\(has), but not the one that a new pod would get"
        if let first = comparison.differences.first { sentence += ": \(Self.text(first))" }
        let rest = comparison.differences.count - 1
        if rest > 0 { sentence += ", and \(rest) more difference\(rest == 1 ? "" : "s")" }
        return diagnosis(.stale, sentence, certain: isSureOfConfiguration, [recreate])
    }

    /// Whether the configuration is certain: without the mesh configuration, its defaults were used instead.
    private var isSureOfConfiguration: Bool {
        evidence.webhook?.isCalled == true && evidence.meshConfigMap?.reading.unknown == nil
    }

    private func notCompared(_ has: String) -> Diagnosis {
        let open = "\(has); whether it is the one that a new pod would get cannot be found out"
        switch configured {
        case .broken(let message, let source):
            return diagnosis(
                .configurationBroken,
                "\(open): the injection configuration is broken (\(source)): \(message)",
                ["mend the configuration; pillion validate --injectConfig checks it"])
        case .missing(let name):
            return diagnosis(
                .configurationMissing, "\(open): the \(name) does not exist",
                ["create the \(name) with the key config"])
        case .unread(let what, _, let right):
            return diagnosis(
                .unknown, "\(open): \(what) was not read", certain: false,
                right.map { ["get the right to \($0)"] } ?? [])
        case .snapshot:
            return diagnosis(.unknown, open, certain: false, [])
        }
    }
}
