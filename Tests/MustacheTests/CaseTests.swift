import Mustache
import PluginAPI
import TestSupport
import Testing
import Values

/// A case is a file of `cases`: blocks that begin with a line `=== data`, `=== escape`, `=== limits`, `=== delimiters`,
/// `=== main` or `=== partial NAME`. The last line break of a block belongs to the file. The golden file next to it has
/// the output, and the error if there is one.
@Suite struct CaseTests {
    private static let folder = "\(packageRoot)/Tests/MustacheTests/cases"

    private static let names = entries(of: folder).filter { $0.hasSuffix(".case") }.map {
        String($0.dropLast(5))
    }

    @Test func thereAreCases() {
        #expect(Self.names.count > 50)
    }

    @Test(arguments: names)
    func aCasePrintsItsGolden(_ name: String) throws {
        var sources: [TemplateSource] = []
        var options = CompileOptions()
        var limits = RenderLimits.server
        var data = Value.null
        for block in blocks(text(of: "\(Self.folder)/\(name).case")) {
            switch block.name {
            case "data": data = try JSON.read(block.text)
            case "escape": options.escape = CompileOptions.Escape(rawValue: block.text)
            case "limits": try apply(block.text, to: &limits)
            case "delimiters":
                let words = block.text.split(separator: " ")
                (options.leftDelimiter, options.rightDelimiter) = (String(words[0]), String(words[1]))
            default: sources.append(TemplateSource(name: block.name, text: block.text))
            }
        }
        options.limits = limits
        let printed = render(TemplateSources(sources, entry: "main"), options, data, limits)
        let difference = compareGolden(printed, with: "\(Self.folder)/\(name).golden")
        #expect(difference == nil, "\(difference ?? "")")
    }

    private func render(
        _ sources: TemplateSources, _ options: CompileOptions, _ data: Value, _ limits: RenderLimits
    ) -> String {
        var output = ByteBuffer()
        do throws(RenderError) {
            let template = try MustacheRenderer().compile(sources, options: options)
            try template.render(TemplateData(data), limits: limits, into: &output)
            return output.text
        } catch {
            let limit = error.limit.map { " \($0.limit)=\($0.value) \($0.limit.flag)" } ?? ""
            return "\(output.text)\n=== \(error.kind.rawValue)\(limit)\n\(error.detail)\n"
        }
    }

    private func blocks(_ text: String) -> [(name: String, text: String)] {
        var found: [(name: String, text: String)] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("=== ") {
                let name = line.dropFirst(4)
                found.append((String(name.hasPrefix("partial ") ? name.dropFirst(8) : name), ""))
            } else if !found.isEmpty {
                found[found.count - 1].text += line + "\n"
            }
        }
        // The file's last line break does not begin another line.
        if let last = found.indices.last { found[last].text.removeLast() }
        return found.map { ($0.name, String($0.text.dropLast())) }
    }

    private func apply(_ text: String, to limits: inout RenderLimits) throws {
        let words = text.split(separator: "=")
        let value = try #require(Int(words[1]))
        let limit = try #require(RenderLimit(rawValue: String(words[0])), "no limit \(words[0])")
        limits[limit] = value
    }
}
