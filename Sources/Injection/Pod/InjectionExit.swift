import PluginAPI
import Values

/// The last check of every injection's result: of reviews, manifests, the self-check and the trial of a configuration.
///
/// Input: the pod before and after, and the facts about the injection. Throws if the result is not allowed; adds notes
/// about it to the subject.
enum InjectionExit {
    /// - Throws: all reasons that forbid the result, in one error.
    static func check(
        _ result: Pod, from original: Pod, _ subject: InjectionSubject, _ snapshot: Snapshot
    ) throws(InjectionError) {
        if subject.isReview {
            for note in subject.templateNotes where note.kind == .itemRemoved {
                subject.notes.append(note.message)
            }
        }
        for text in subject.rendered {
            guard let note = text.missingValue else { continue }
            subject.templateNotes.append(note)
            if subject.isReview { subject.notes.append(note.message) }
        }
        try checkSurvival(of: original, in: result, subject, snapshot, allowing: subject.undoneParts)
        // The user's part of an injected container is in the pod without its earlier injection.
        if let undone = subject.undone { try checkSurvival(of: undone, in: result, subject, snapshot) }
        try forecast(result, from: original, subject, snapshot)
    }

    /// - Parameter parts: parts that may be missing, in addition to those that a template removes.
    private static func checkSurvival(
        of pod: Pod, in result: Pod, _ subject: InjectionSubject, _ snapshot: Snapshot,
        allowing parts: [String] = []
    ) throws(InjectionError) {
        let allowance = PodSurvival.Allowance(
            removed: subject.removed + parts, namespace: subject.namespace)
        let losses = PodSurvival.losses(of: pod, in: result, form: snapshot.form, allowing: allowance)
        guard !losses.isEmpty else { return }
        var problems = Problems()
        for loss in losses { problems.add(LostPart.error(loss, subject.rendered, snapshot.form)) }
        try problems.check()
    }

    /// Reports the problems that an API server will refuse.
    private static func forecast(
        _ result: Pod, from original: Pod, _ subject: InjectionSubject, _ snapshot: Snapshot
    ) throws(InjectionError) {
        let mode = snapshot.options.forecast
        guard mode != .off else { return }
        subject.notes += ApplicationWarnings.conflicts(original, injected: result)
        let findings = Forecast.findings(result, before: original, subject, snapshot)
        subject.forecast = findings
        guard mode == .deny, !subject.isTrial else {
            subject.notes += findings.map(Forecast.warning)
            return
        }
        var problems = Problems()
        for power in subject.taint.powers {
            problems.add(
                InjectionError(
                    .schema, .forecastRefused, "the pod's own text gives it a power over the host: \(power)"))
        }
        for finding in findings {
            problems.add(
                InjectionError(
                    .schema, .forecastRefused, "the API server would refuse the pod: \(finding.message)"))
        }
        try problems.check()
    }
}
