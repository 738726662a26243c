import TestSupport
import Testing

/// An example in a doc comment, and the function in `Tests/ServiceTests/Examples` that contains it.
private struct DocumentationExample: CustomTestStringConvertible {
    var type: String
    var source: String
    var run: @Sendable () throws -> String

    var testDescription: String { type }

    /// The lines between the marks, without indentation.
    var lines: [String] {
        let all = text(of: "\(packageRoot)/Tests/ServiceTests/Examples/\(type)Example.swift")
            .split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = all.firstIndex(of: "    // example"),
            let end = all.firstIndex(of: "    // end of example")
        else { return [] }
        return all[(start + 1)..<end].map { String($0.dropFirst(4)) }
    }

    /// The source with the example in the doc comment of the type.
    func documented(_ source: String) -> String {
        var result: [String] = []
        var isInside = false
        for line in source.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if isInside, line != "/// ```" { continue }
            isInside = line == "/// ```swift"
            result.append(line)
            guard isInside else { continue }
            result += lines.map { $0.isEmpty ? "///" : "/// \($0)" }
        }
        return result.joined(separator: "\n")
    }
}

private let examples = [
    DocumentationExample(type: "Pipeline", source: "Sources/Injection/Pipeline.swift", run: pipelineExample),
    DocumentationExample(type: "Renderer", source: "Sources/PluginAPI/Renderer.swift", run: rendererExample),
    DocumentationExample(
        type: "DecisionEngine", source: "Sources/PluginAPI/DecisionEngine.swift", run: decisionEngineExample),
    DocumentationExample(
        type: "RenderRequest", source: "Sources/Service/RenderRequest.swift", run: renderRequestExample),
]

/// The examples in doc comments compile and have the described results. UPDATE_GOLDEN=1 writes them into the comments.
@Suite struct DocumentationExampleTests {
    @Test(arguments: examples) fileprivate func commentHasTheExample(_ example: DocumentationExample) {
        let path = "\(packageRoot)/\(example.source)"
        let documented = example.documented(text(of: path))
        #expect(!example.lines.isEmpty && documented.contains("/// ```swift\n"), "\(path) has no example")
        if let difference = compareGolden(documented, with: path) { Issue.record("\(difference)") }
    }

    @Test(arguments: examples) fileprivate func exampleRuns(_ example: DocumentationExample) throws {
        let path = "\(packageRoot)/Tests/ServiceTests/documentation/\(example.type).golden"
        if let difference = compareGolden(try example.run() + "\n", with: path) {
            Issue.record("\(difference)")
        }
    }
}
