public import PluginAPI
public import Values

/// The result of injecting into one object, and the template lines that wrote it.
public struct TrialOutcome: Sendable {
    /// The object with everything injected; the object itself if nothing was.
    public internal(set) var value: Value
    public internal(set) var isInjected = false
    /// The reason for a refusal.
    public internal(set) var error: InjectionError?
    /// The reason why it was injected or not.
    public internal(set) var reason = ReasonCode.internalError
    public internal(set) var message = ""
    let form: PolicyConfiguration.Form
    /// The pods in the object, with the texts that the templates rendered for each.
    var pods: [InjectedPod] = []

    struct InjectedPod: Sendable {
        /// The path from the object to the pod.
        var path: [String]
        var texts: [RenderedText]
    }

    init(value: Value, form: PolicyConfiguration.Form) {
        self.value = value
        self.form = form
    }

    /// Returns the differences from another object: `found` is in this one, `expected` in the other.
    ///
    /// Null, empty and zero members, the order of keys and the notation of quantities do not count as differences. JSON
    /// in annotations and variables is compared as JSON.
    ///
    /// - Parameter findsPlaces: whether differences include the template line that wrote the value found, or the part
    ///   around it.
    public func differences(from expected: Value, findsPlaces: Bool = true) -> [LiveDifference] {
        var found: [LiveDifference] = []
        var (rest, restExpected) = (value, expected)
        let paths = pods.isEmpty ? podPaths : pods.map(\.path)
        for path in paths {
            let pod = Workload.value(at: path[...], in: value) ?? .null
            let other = Workload.value(at: path[...], in: expected) ?? .null
            var comparison = PodDifferences(pod, other)
            comparison.compare()
            for (difference, way) in zip(comparison.differences, comparison.paths) {
                var difference = difference
                difference.pointer = JSONPointer(path).description + difference.pointer
                if findsPlaces { difference.place = place(of: way, inPodAt: path) }
                found.append(difference)
            }
            if path.isEmpty { return found }
            rest.replaceMember(at: path[...], with: .null)
            restExpected.replaceMember(at: path[...], with: .null)
        }
        var comparison = PodDifferences(rest, restExpected)
        comparison.compareUntyped()
        return found + comparison.differences
    }

    /// Returns the differences from the object of another outcome.
    public func differences(from other: TrialOutcome, findsPlaces: Bool = true) -> [LiveDifference] {
        differences(from: other.value, findsPlaces: findsPlaces)
    }

    private var podPaths: [[String]] {
        let isPod = value["kind"]?.string ?? "Pod" == "Pod"
        return isPod
            ? [[]]
            : WorkloadKinds.find(in: value, given: []).filter(\.objectPath.isEmpty).map(\.templatePath)
    }

    private func place(of way: [PodSurvival.Loss.Step], inPodAt path: [String]) -> RenderError.Place? {
        guard let pod = pods.first(where: { $0.path == path }) else { return nil }
        return RenderedText.place(of: way, in: pod.texts, form: form)
    }
}
