import PluginAPI

/// What a pod becomes: the central function, which reviews, manifests, the self-check and the trial of a new
/// configuration share.
///
/// | step | where |
/// | --- | --- |
/// | find and take back an earlier injection | `ClassicInjection`, `ModernInjection` |
/// | put together what the templates see | `SidecarTemplateData` |
/// | render and decode | `RenderedText` |
/// | add it to the pod | `InjectedParts` appends (classic), `InjectedMerge` merges (modern) |
/// | everything else, one concern after the other | `ConcernOrder` |
enum PodInjection {
    /// Injects into one pod.
    ///
    /// - Parameter subject: the pod and what is known about it; notes about this injection are added to it.
    /// - Returns: the pod with everything injected. Values that nobody changed are the ones that came in.
    /// - Throws: everything that is wrong with the pod or with what the templates rendered for it.
    static func inject(
        _ subject: inout InjectionSubject, snapshot: Snapshot
    ) throws(InjectionError) -> Pod {
        let original = subject.pod
        // The classic form's kube-inject leaves a manifest alone that was injected before, or undoes that first.
        let isFirst = snapshot.form == .classic && !subject.isReview
        let earlier = isFirst ? EarlierInjection() : EarlierInjection(of: original, form: snapshot.form)
        let result = try injected(&subject, snapshot, earlier)
        try InjectionExit.check(result, from: original, &subject, snapshot)
        return result
    }

    private static func injected(
        _ subject: inout InjectionSubject, _ snapshot: Snapshot, _ earlier: EarlierInjection
    ) throws(InjectionError) -> Pod {
        if subject.trace != nil { subject.trace = InjectionTrace() }
        var work = PodWork(subject, snapshot, earlier: earlier.status)
        let concerns = ConcernOrder.of(snapshot.form, isReview: subject.isReview)
        switch snapshot.form {
        case .classic: try ClassicInjection.fill(&work, concerns)
        case .modern: try ModernInjection.fill(&work, concerns)
        }
        if let status = earlier.status {
            var again = subject
            if !earlier.isCertain {
                // What was rendered without the named parts says which of them the configuration makes.
                let confirmed = earlier.confirmed(by: work.template, in: subject.pod)
                if confirmed != status {
                    if let warning = EarlierInjection.warning(status, keeping: confirmed) {
                        again.notes.append(warning)
                    }
                    return try injected(&again, snapshot, confirmed: confirmed, into: &subject)
                }
            }
            if snapshot.form == .modern
                && EarlierInjection.isOutdated(
                    status, work.template, movesProxy: NativeSidecar.isWanted(by: work.original, snapshot))
                || work.subject.hasRenderedNothing
            {
                again.removed += status.pointers
                again.pod = try EarlierInjection.undone(subject.pod, status)
                return try injected(&again, snapshot, confirmed: nil, into: &subject)
            }
            work.subject.removed += status.pointers
        }
        defer { subject = work.subject }
        if work.subject.hasRenderedNothing { return work.original }
        guard work.subject.trace == nil else { return try traced(concerns, &work) }
        for concern in concerns { try concern.apply(to: &work) }
        return work.pod
    }

    /// Applies the concerns and notes what each one changed.
    private static func traced(_ concerns: [any PodConcern], _ work: inout PodWork) throws(InjectionError)
        -> Pod
    {
        work.subject.trace?.note(.template, from: work.original, to: work.pod)
        for concern in concerns {
            let before = work.pod
            try concern.apply(to: &work)
            // The classic form's templates give what this one appends.
            let author: InjectionTrace.Author = concern is InjectedParts ? .template : .step(concern.step)
            work.subject.trace?.note(author, from: before, to: work.pod)
        }
        return work.pod
    }

    /// Injects once more, now that it is known what an earlier injection made.
    private static func injected(
        _ again: inout InjectionSubject, _ snapshot: Snapshot, confirmed: StatusAnnotation?,
        into subject: inout InjectionSubject
    ) throws(InjectionError) -> Pod {
        defer { subject = again }
        return try injected(&again, snapshot, EarlierInjection(status: confirmed))
    }
}
