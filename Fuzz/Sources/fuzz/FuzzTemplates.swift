import PluginAPI
import Service
import Values

/// A template, a zero byte and its data in JSON. One of the engines renders or refuses it within the limits of a server;
/// output and error are the same with and without a source map.
func fuzzTemplate(_ engine: String) -> FuzzTarget {
    guard let registry = try? StandardPlugins.registry(), let renderer = registry.renderer(engine) else {
        return { _ in preconditionFailure("no engine \(engine)") }
    }
    var limits = RenderLimits.server
    limits.steps = 20_000
    limits.outputBytes = 1 << 18
    limits.functionBytes = 1 << 18
    var options = CompileOptions()
    options.functionSets = renderer.description.functionSets
    options.limits = limits
    return { [limits, options] bytes in
        let cut = bytes.firstIndex(of: 0) ?? bytes.endIndex
        let source = TemplateSource(name: "fuzz", bytes: Array(bytes[..<cut]))
        let data =
            (try? JSON.read(Array(bytes[min(cut + 1, bytes.endIndex)...]))) ?? ["a": [1, "b", ["c": .null]]]
        guard let template = try? renderer.compile(TemplateSources(source), options: options) else { return }
        let plain = render(template, data, limits, mapped: false)
        let mapped = render(template, data, limits, mapped: true)
        precondition(plain == mapped, "the source map changes the output")
    }
}

/// A Go template is compiled, or refused with a place. If the third byte is zero, the first two are the delimiters.
func fuzzParser() -> FuzzTarget {
    guard let registry = try? StandardPlugins.registry(), let renderer = registry.renderer("gotemplate")
    else {
        return { _ in preconditionFailure("no engine gotemplate") }
    }
    var options = CompileOptions()
    options.functionSets = renderer.description.functionSets
    options.limits = .server
    return { [options] bytes in
        var options = options
        var source = bytes[...]
        if bytes.count > 3, bytes[2] == 0 {
            options.leftDelimiter = String(decoding: [bytes[0]], as: UTF8.self)
            options.rightDelimiter = String(decoding: [bytes[1]], as: UTF8.self)
            source = bytes[3...]
        }
        do throws(RenderError) {
            _ = try renderer.compile(
                TemplateSources(TemplateSource(name: "fuzz", bytes: Array(source))), options: options)
        } catch {
            precondition(!error.detailBytes.isEmpty, "an error without words")
            precondition(error.place?.line != 0, "an error without a place")
        }
    }
}

private func render(
    _ template: any CompiledTemplate, _ data: Value, _ limits: RenderLimits, mapped: Bool
) -> [UInt8] {
    var output = ByteBuffer()
    var map: SourceMap? = mapped ? SourceMap() : nil
    var usage = RenderUsage()
    do throws(RenderError) {
        try template.render(TemplateData(data), limits: limits, sourceMap: &map, usage: &usage, into: &output)
        return output.bytes
    } catch {
        return output.bytes + error.detailBytes
    }
}
