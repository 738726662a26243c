public import PluginAPI
public import Values

/// What an injection made of one object, and which line of a template wrote what.
public struct TrialOutcome: Sendable {
    /// The object with everything injected; the object itself where nothing was.
    public internal(set) var value: Value
    public internal(set) var isInjected = false
    /// Why it was refused.
    public internal(set) var error: InjectionError?
    /// Why it was injected or not.
    public internal(set) var reason = ReasonCode.internalError
    public internal(set) var message = ""
    let form: PolicyConfiguration.Form
    /// The pods in the object, with the texts that the templates rendered for each.
    var pods: [InjectedPod] = []

    struct InjectedPod: Sendable {
        /// From the object to the pod.
        var path: [String]
        var texts: [RenderedText]
    }

    init(value: Value, form: PolicyConfiguration.Form) {
        self.value = value
        self.form = form
    }

    /// What differs from another object: `found` is here, `expected` is there.
    ///
    /// Null, empty and zero members, the order of keys and the writing of quantities are no differences; JSON in
    /// annotations and variables is compared as JSON.
    ///
    /// - Parameter findsPlaces: whether differences have the template's line that wrote what is found, or the part
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

    /// The same for the object of another outcome.
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
