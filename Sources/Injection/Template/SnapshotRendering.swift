import PluginAPI
import System
import Values

extension Snapshot {
    /// Executes a template with a pod's data.
    func render(
        _ name: String, _ data: TemplateData, for subject: InjectionSubject
    ) throws(InjectionError) -> RenderedText {
        guard let template = templates[name] else {
            throw InjectionError(.render, .templateMissing, "the injection configuration has no template")
        }
        var limits = options.limits
        limits.deadline = subject.deadline
        if let steps = subject.steps { limits.steps = min(limits.steps, steps) }
        // A quick review has too few steps to exceed the memory limit. Counting would cost 5 % of its time.
        if !WorkMeter.isBound { limits.memory = .max }
        var data = data
        let mode = subject.taintMode ?? options.taint
        let isChecked = mode != .off && template.compiled.tracksOrigins
        var map: SourceMap?
        if isChecked {
            data.taint = TaintSource.all
            if !template.compiled.isPure || subject.taintReads != nil {
                data.taint = TaintSource.taint(annotations: subject.pod.annotations)
                map = SourceMap()
            }
        }
        var usage = RenderUsage()
        var output = ByteBuffer(capacity: 16 << 10)
        do throws(RenderError) {
            try template.compiled.render(
                data, limits: limits, sourceMap: &map, usage: &usage, into: &output)
        } catch {
            throw Self.injectionError(error, form: form)
        }
        subject.taintReads?.append(contentsOf: map?.reads ?? [])
        return RenderedText(
            bytes: output.bytes, snapshot: self, name: name, data: data, metadata: subject.pod.metadata,
            tainted: isChecked ? usage.tainted : nil, map: map, mode: mode)
    }

    static func injectionError(
        _ error: RenderError, form: PolicyConfiguration.Form
    ) -> InjectionError {
        InjectionError(
            error.kind == .deadline ? .deadline : error.kind == .overload ? .overload : .render,
            error.kind.reason,
            IstioText.templateFailed(form) + error.detail, place: error.place, limit: error.limit)
    }
}
