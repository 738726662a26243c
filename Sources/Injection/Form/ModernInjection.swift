import PluginAPI
import Values

/// The `templates:` form of Istio since 1.10: each rendered text is a Pod that is merged strategically into the user's,
/// in order; then the concerns change the merged pod.
enum ModernInjection {
    /// Renders the templates for a pod and merges them into it.
    static func fill(_ work: inout PodWork, _ concerns: [any PodConcern]) throws(InjectionError) {
        let templates = try readAnnotations(&work)
        work.subject.clock?.enter(.merge)
        work.subject.notes += work.settings.notes
        for concern in concerns { concern.prepare(&work) }
        var application = work.subject.pod
        if let earlier = work.earlier {
            application = try EarlierInjection.undone(application, earlier, work.snapshot)
        }
        // Templates see containers in the overrides annotation of a pod without a status as the user's.
        work.settings.overrides.reinsert(into: &application)
        try runTemplates(templates, seeing: application, &work)
    }

    /// Reads the pod's annotations.
    ///
    /// - Returns: the names of the templates, in order.
    /// - Throws: all problems of the annotations, in the order of the steps.
    private static func readAnnotations(_ work: inout PodWork) throws(InjectionError) -> [String] {
        let (snapshot, pod) = (work.snapshot, work.subject.pod)
        var problems = Problems()
        let settings = problems.collect { () throws(InjectionError) in
            try AnnotationSettings(of: pod, snapshot)
        }
        let templates = problems.collect { () throws(InjectionError) in
            try TemplateSelection.names(for: work.subject, snapshot)
        }
        // Without other problems, targets are checked only when they are used, because a template may overwrite them.
        if !problems.found.isEmpty, PrometheusMerge.isWanted(pod: pod, mesh: snapshot.mesh.value) {
            _ = problems.collect { () throws(InjectionError) in
                try PrometheusMerge(statusPort: snapshot.mesh.statusPort).checkedTargets(of: pod)
            }
        }
        try problems.check()
        if let settings { work.settings = settings }
        return templates ?? []
    }

    /// Renders each template and merges it into the pod, and into an empty pod that collects only the rendered parts.
    ///
    /// - Throws: the problems of all templates. After a deadline or a limit, no further template is rendered, and this
    ///   error comes first, because it may be the cause of others.
    private static func runTemplates(
        _ names: [String], seeing application: Pod, _ work: inout PodWork
    ) throws(InjectionError) {
        let (snapshot, clock) = (work.snapshot, work.subject.clock)
        var texts: [RenderedText] = []
        defer { work.subject.rendered = texts }
        clock?.enter(.render)
        let data = SidecarTemplateData.modern(work, application)
        let type = TypeTable.modern.pod
        var pod: Value = .object(
            Object([
                Member("metadata", .object(work.subject.pod.metadata)),
                Member("spec", .object(work.subject.pod.spec)),
            ]))
        var template: Value = .object(Object())
        var problems = Problems()
        var isNothing = true
        for name in names {
            let overlay = problems.collect { () throws(InjectionError) in
                clock?.enter(.render)
                let rendered = try snapshot.render(name, data, for: work.subject)
                clock?.enter(.yaml)
                texts.append(rendered)
                return try rendered.overlay(&work.subject.taint)
            }
            if var last = problems.found.last, last.limit != nil || last.stage == .deadline {
                last.others = Array(problems.found.dropLast())
                throw last
            }
            guard let overlay, problems.found.isEmpty else { continue }
            clock?.enter(.merge)
            work.subject.templateNotes += TemplateNote.notes(.memberUnknown, overlay.dropped, from: name)
            if RenderedText.isNothing(overlay.value) { continue }
            isNothing = false
            try InjectedMerge.merge(overlay, into: &template, as: type)
            NativeSidecar.moveProxy(in: &pod, template: template, snapshot)
            let effects = try InjectedMerge.merge(overlay, into: &pod, as: type)
            work.subject.removed += effects.removed
            work.subject.templateNotes += TemplateNote.notes(effects, from: name)
        }
        try problems.check()
        work.subject.hasRenderedNothing = isNothing
        work.pod = Pod(
            metadata: pod["metadata"]?.object ?? Object(), spec: pod["spec"]?.object ?? Object())
        work.template = template["spec"]?.object ?? Object()
    }
}
