import PluginAPI
import Values

/// An engine whose output is the template itself, so that a test contains the injected text.
struct LiteralRenderer: Renderer {
    let description = RendererDescription(id: "literal", version: "1")

    func compile(
        _ sources: TemplateSources, options: CompileOptions
    ) throws(RenderError) -> any CompiledTemplate {
        Template(bytes: sources.sources.first?.bytes ?? [])
    }

    private struct Template: CompiledTemplate {
        let bytes: [UInt8]
        /// True, because no data is written.
        let tracksOrigins = true

        func render(
            _ data: TemplateData, limits: RenderLimits, sourceMap: inout SourceMap?, usage: inout RenderUsage,
            into output: inout ByteBuffer
        ) throws(RenderError) {
            output.append(bytes)
        }
    }
}
