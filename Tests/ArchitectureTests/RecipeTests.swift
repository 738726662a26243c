import TestSupport
import Testing

/// Checks that CONTRIBUTING.md promises and that are in no other suite.
@Suite struct RecipeTests {
    /// The tests of every built-in engine run the contract test.
    @Test func enginesRunTheContract() throws {
        let list = text(of: "\(packageRoot)/Sources/Service/StandardPlugins.swift")
        let row = try #require(
            list.split(separator: "\n").first { $0.contains("static let renderers: [any Renderer] = [") })
        let engines = row.split { !$0.isLetter && !$0.isNumber }.filter { $0.hasSuffix("Renderer") }
            .dropFirst()
        #expect(engines.count >= 2)
        let tests = swiftFiles(in: "\(packageRoot)/Tests").map { text(of: $0) }
        for engine in engines {
            #expect(
                tests.contains { $0.contains("RendererContract(\(engine)(") },
                "\(engine) is in StandardPlugins.swift, but no test runs its RendererContract")
        }
    }

    /// Every make target that a document names exists.
    @Test func makeTargetsExist() {
        let makefile = text(of: "\(packageRoot)/Makefile").split(separator: "\n")
        for document in ["README.md", "CONTRIBUTING.md"]
            + entries(of: "\(packageRoot)/docs").map({ "docs/" + $0 })
        {
            for term in Document(document).terms where term.text.hasPrefix("make ") {
                let target = term.text.dropFirst(5).prefix { $0 != " " }
                #expect(
                    target.contains { $0.isUppercase } || makefile.contains { $0.hasPrefix("\(target):") },
                    "\(document):\(term.line): the Makefile has no target \(target)")
            }
        }
    }
}
