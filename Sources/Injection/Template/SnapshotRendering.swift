import PluginAPI
import Values

extension Snapshot {
    /// Renders a template over a pod's data.
    ///
    /// - Parameters:
    ///   - deadline: nanoseconds of the monotonic clock.
    ///   - steps: the largest number of steps, if smaller than the configuration's limit.
    func render(
        _ name: String, _ data: TemplateData, for pod: Pod, deadline: UInt64?, steps: Int? = nil
    ) throws(InjectionError) -> RenderedText {
        guard let template = templates[name] else {
            throw InjectionError(.render, .templateMissing, "the injection configuration has no template")
        }
        var limits = options.limits
        limits.deadline = deadline
        if let steps { limits.steps = min(limits.steps, steps) }
        var output = ByteBuffer(capacity: 16 << 10)
        do throws(RenderError) {
            try template.compiled.render(data, limits: limits, into: &output)
        } catch {
            throw Self.injectionError(error, form: form)
        }
        return RenderedText(
            bytes: output.bytes, snapshot: self, name: name, data: data, annotations: pod.annotations)
    }

    private static func injectionError(
        _ error: RenderError, form: PolicyConfiguration.Form
    ) -> InjectionError {
        InjectionError(
            error.kind == .deadline ? .deadline : .render, error.kind.reason,
            IstioText.templateFailed(form) + error.detail, place: error.place, limit: error.limit)
    }
}
