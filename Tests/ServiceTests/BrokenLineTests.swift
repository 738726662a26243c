import PluginAPI
import TestSupport
import Testing
import Values

@testable import Service

/// Breaks each line of real templates in every way of `LineBreaking`. If the rendered text is no longer YAML, the
/// problem must name the broken line.
///
/// The templates are those of `broken/`, each with its data, and Istio's of 1.5, which is not part of this repository.
/// The test of Istio's template is skipped if it is absent.
@Suite struct BrokenLineTests {
    private static let folder = packageRoot + "/Tests/ServiceTests/broken/"
    private static let names = entries(of: folder).filter { $0.hasSuffix(".tmpl") }.map { $0.dropLast(5) }
    private static let istio = CaseCollection.istioConfigurations

    /// The number of lines that were found, of all broken ones.
    private struct Score {
        var found = 0
        var all = 0
        var missed: [String] = []
        var share: Double { Double(found) / Double(max(all, 1)) }

        static func + (left: Score, right: Score) -> Score {
            Score(
                found: left.found + right.found, all: left.all + right.all, missed: left.missed + right.missed
            )
        }
    }

    @Test func theTemplatesAreWhole() throws {
        #expect(Self.names.count == 8)
        for name in Self.names {
            let answer = try request(Self.folder + name + ".tmpl", Self.folder + name + ".json").run(context)
            #expect(answer.problem == nil, "\(name): \(answer.problem?.detail ?? "")")
        }
    }

    @Test func theBrokenLineIsFound() throws {
        var total = Score()
        for name in Self.names {
            let score = try score(Self.folder + name + ".tmpl", Self.folder + name + ".json", every: 1)
            #expect(
                score.share >= 0.9,
                "\(name): \(score.found) of \(score.all)\n\(score.missed.joined(separator: "\n"))")
            total = total + score
        }
        #expect(total.all > 2000)
        #expect(total.share >= 0.95, "\(total.found) of \(total.all)")
    }

    @Test(.needs(.istioConfigurations))
    func theBrokenLineOfIstioIsFound() throws {
        let score = try score(
            Self.istio.path("istio-builtins.tmpl"), Self.istio.path("istio-data.json"), every: 3)
        #expect(score.all > 500)
        #expect(
            score.share >= 0.95, "\(score.found) of \(score.all)\n\(score.missed.joined(separator: "\n"))")
    }

    private let context: RenderRequest.Context

    init() throws {
        context = RenderRequest.Context(registry: try StandardPlugins.registry(), limits: .commandLine)
    }

    private func request(_ template: String, _ data: String) throws -> RenderRequest {
        var options = CompileOptions()
        options.functionSets = ["sprig", "helm"]
        return RenderRequest(
            sources: TemplateSources(TemplateSource(name: "t", text: text(of: template))), options: options,
            data: try JSON.read(text(of: data)), format: .yaml)
    }

    /// - Parameter every: tries every Nth of the broken lines.
    private func score(_ template: String, _ data: String, every: Int) throws -> Score {
        var request = try request(template, data)
        let lines = text(of: template).split(separator: "\n", omittingEmptySubsequences: false).map(
            String.init)
        var score = Score()
        var turn = 0
        for (index, line) in lines.enumerated() {
            for breaking in LineBreaking.allCases {
                guard let broken = breaking.apply(to: line) else { continue }
                turn += 1
                guard turn % every == 0 else { continue }
                var text = lines
                text[index] = broken
                request.sources = TemplateSources(
                    TemplateSource(name: "t", text: text.joined(separator: "\n")))
                let problem = request.run(context).problem
                guard problem?.code == "rendered_yaml_invalid" else { continue }
                score.all += 1
                let found = problem?.members["template"]?["line"]?.int
                if found == Int64(index + 1) {
                    score.found += 1
                } else {
                    score.missed.append("\(index + 1) \(breaking): \(found ?? 0)")
                }
            }
        }
        return score
    }
}
