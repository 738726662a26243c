import PluginAPI
import Values

/// An engine whose templates are their own output, so that a test contains what is injected.
struct LiteralRenderer: Renderer {
    let description = RendererDescription(id: "literal", version: "1")

    func compile(
        _ sources: TemplateSources, options: CompileOptions
    ) throws(RenderError) -> any CompiledTemplate {
        Template(bytes: sources.sources.first?.bytes ?? [])
    }

    private struct Template: CompiledTemplate {
        let bytes: [UInt8]
        /// No data is written.
        let tracksOrigins = true

        func render(
            _ data: TemplateData, limits: RenderLimits, sourceMap: inout SourceMap?, usage: inout RenderUsage,
            into output: inout ByteBuffer
        ) throws(RenderError) {
            output.append(bytes)
        }
    }
}
