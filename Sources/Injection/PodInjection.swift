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
        var work = PodWork(subject, snapshot)
        defer { subject = work.subject }
        let concerns = ConcernOrder.of(snapshot.form, isReview: subject.isReview)
        switch snapshot.form {
        case .classic: try ClassicInjection.fill(&work, concerns)
        case .modern: try ModernInjection.fill(&work, concerns)
        }
        for concern in concerns { try concern.apply(to: &work) }
        return work.pod
    }
}
