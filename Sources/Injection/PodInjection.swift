import PluginAPI
import Values

/// Injects into one pod: the central function, which reviews, manifests, the self-check and the trial of a new
/// configuration share.
///
/// | step | where |
/// | --- | --- |
/// | find and undo an earlier injection | `ClassicInjection`, `ModernInjection` |
/// | build the data of the templates | `SidecarTemplateData` |
/// | render and decode | `RenderedText` |
/// | add it to the pod | `InjectedParts` appends (classic), `InjectedMerge` merges (modern) |
/// | everything else, one concern after the other | `ConcernOrder` |
enum PodInjection {
    /// Injects into one pod.
    ///
    /// - Parameter subject: the pod and what is known about it; notes about this injection are added to it.
    /// - Returns: the pod with everything injected. Unchanged values share their storage with the original.
    /// - Throws: all problems of the pod and of what the templates rendered for it.
    static func inject(
        _ subject: InjectionSubject, snapshot: Snapshot
    ) throws(InjectionError) -> Pod {
        let original = subject.pod
        // The classic form's kube-inject leaves a manifest unchanged that was injected before, or undoes that first.
        var result: Pod
        if let native = try takingOver(subject, snapshot) {
            result = native
        } else {
            if snapshot.form == .modern || subject.isReview {
                try takeOutEarlier(of: subject, snapshot)
            }
            result = try injected(subject, snapshot)
        }
        EarlierInjection.keepMounted(subject.leftVolumes, in: &result, form: snapshot.form)
        try InjectionExit.check(result, from: original, subject, snapshot)
        return result
    }

    /// Removes the parts that an earlier injection added, so that this one starts from the same pod as the earlier one.
    private static func takeOutEarlier(
        of subject: InjectionSubject, _ snapshot: Snapshot
    ) throws(InjectionError) {
        guard let earlier = EarlierInjection(of: subject.pod, form: snapshot.form) else { return }
        var status = earlier.status
        if !earlier.isCertain {
            // Rendering the templates for the unchanged pod shows which of the named parts the configuration adds.
            let trial = InjectionSubject(copying: subject)
            status = earlier.confirmed(by: try filled(trial, snapshot).template, in: subject.pod)
            if let warning = EarlierInjection.warning(earlier.status, keeping: status) {
                subject.notes.append(warning)
            }
        }
        let volumes = subject.pod.spec["volumes"]?.array ?? []
        subject.leftVolumes = volumes.filter { status.volumes.contains($0.name) }
        subject.pod = try EarlierInjection.undone(subject.pod, status, snapshot)
        (subject.undone, subject.undoneParts) = (subject.pod, status.pointers)
    }

    /// Injects into a pod whose injected proxy becomes a native sidecar. Istio moves the proxy, merges into it, and
    /// keeps its previous fields as the user's. Returns nil for every other pod.
    private static func takingOver(
        _ subject: InjectionSubject, _ snapshot: Snapshot
    ) throws(InjectionError) -> Pod? {
        guard snapshot.form == .modern, let earlier = EarlierInjection(of: subject.pod, form: .modern),
            earlier.isCertain, earlier.status.containers.contains(ContainerName.proxy),
            NativeSidecar.isWanted(by: subject.pod, snapshot)
        else { return nil }
        let trial = InjectionSubject(copying: subject)
        var work = try filled(trial, snapshot, into: earlier.status)
        guard earlier.isTakenOver(by: work.template) else { return nil }
        trial.removed += earlier.status.pointers
        defer { subject.become(trial) }
        return try finished(&work)
    }

    /// Renders the templates for a pod and adds the result.
    ///
    /// - Parameter earlier: an earlier injection that is still in the pod (`PodWork.earlier`).
    private static func filled(
        _ subject: InjectionSubject, _ snapshot: Snapshot, into earlier: StatusAnnotation? = nil
    ) throws(InjectionError) -> PodWork {
        if subject.trace != nil { subject.trace = InjectionTrace() }
        var work = PodWork(subject, snapshot)
        work.earlier = earlier
        let concerns = ConcernOrder.of(snapshot.form, isReview: subject.isReview)
        switch snapshot.form {
        case .classic: try ClassicInjection.fill(&work, concerns)
        case .modern: try ModernInjection.fill(&work, concerns)
        }
        return work
    }

    private static func injected(
        _ subject: InjectionSubject, _ snapshot: Snapshot
    ) throws(InjectionError) -> Pod {
        var work = try filled(subject, snapshot)
        return work.subject.hasRenderedNothing ? work.original : try finished(&work)
    }

    /// Applies the concerns, one after the other.
    private static func finished(_ work: inout PodWork) throws(InjectionError) -> Pod {
        let concerns = ConcernOrder.of(work.snapshot.form, isReview: work.isReview)
        guard work.subject.trace == nil else { return try traced(concerns, &work) }
        for concern in concerns {
            try InjectionError.checkStop()
            try concern.apply(to: &work)
        }
        return work.pod
    }

    /// Applies the concerns and records what each one changed.
    private static func traced(_ concerns: [any PodConcern], _ work: inout PodWork) throws(InjectionError)
        -> Pod
    {
        work.subject.trace?.note(.template, from: work.original, to: work.pod)
        for concern in concerns {
            let before = work.pod
            try concern.apply(to: &work)
            // The classic form's templates render what this concern appends.
            let author: InjectionTrace.Author = concern is InjectedParts ? .template : .step(concern.step)
            work.subject.trace?.note(author, from: before, to: work.pod)
        }
        return work.pod
    }
}
