import PluginAPI
import Policy
import TestSupport
import Testing
import Values

/// Each `cases/NAME.json` has a configuration, an object and the known facts about its namespace. `NAME.txt` is the
/// whole answer: the tree with the edits that would change it, the warnings for the pod's author, and the log line.
struct CaseTests {
    static let folder = packageRoot + "/Tests/PolicyTests/cases/"

    @Test(arguments: entries(of: folder).filter { $0.hasSuffix(".json") })
    func says(_ name: String) throws {
        let record = try JSON.read(text(of: Self.folder + name))
        let config = record["config"]
        var lines: [String: Int] = [:]
        for member in config?["lines"]?.object?.members ?? [] {
            lines[member.key] = Int(member.value.int ?? 0)
        }
        let plugin = PolicyPlugin()
        let (engine, warnings) = plugin.compile(
            PolicyConfiguration(
                form: config?["templates"] == nil ? .classic : .modern,
                policy: config?["policy"]?.string ?? "",
                neverInjectSelector: config?["neverInjectSelector"]?.array ?? [],
                alwaysInjectSelector: config?["alwaysInjectSelector"]?.array ?? [], file: "inject.yaml",
                lines: lines, revision: record["revision"]?.string ?? ""))
        var said = warnings.map { "configuration: \($0.pointer): \($0.message)\n" }.joined()
        var subject = subject(
            record["object"] ?? .null, at: record["pointer"]?.string ?? "",
            namespace: record["namespace"]?.string ?? "default")
        subject.namespaceLabels = record["namespaceLabels"]?.object
        subject.operation = record["operation"]?.string
        subject.subresource = record["subresource"]?.string
        do {
            if let webhook = record["webhook"] {
                subject.webhook = try engine.compileWebhook(webhook, file: "webhook.yaml")
            }
            let decision = engine.decide(subject, trace: true)
            said += DecisionReport.tree(
                decision, counterfactuals: engine.counterfactuals(subject), title: "the pod")
            for warning in decision.admissionWarnings {
                #expect(warning.utf8.count <= 120)
                said += "admission warning: \(warning)\n"
            }
            said += "log: \(decision.traceLine)\n"
        } catch {
            said += "error: \(error)\n"
        }
        let golden = Self.folder + name.dropLast(5) + ".txt"
        let difference = compareGolden(said, with: golden)
        #expect(difference == nil)
    }
}
