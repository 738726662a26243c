import PluginAPI
import Service
import Values

// The catalogues of this program: engines, functions, reasons.

private let outputOption = Option(
    name: "output", short: "o", shape: .choice(["table", "json"]), fallback: "table",
    help: "for people or for programs")

let enginesVerb = Verb(
    name: "engines", summary: "list the template engines", options: [outputOption] + pluginOptions,
    run: { arguments in
        let registry = try registry(for: arguments)
        if arguments.choice("output") == "json" {
            standardOutput.write(JSON.text(Catalogue.engines(registry), style: .pretty(2)) + "\n")
            return .success
        }
        for renderer in registry.renderers {
            let engine = renderer.description
            let origin = if case .library(let path) = engine.origin { path } else { "built-in" }
            standardOutput.write("\(engine.id) \(engine.version) (\(origin))\n")
            if !engine.options.isEmpty {
                standardOutput.write("  options: \(engine.options.joined(separator: " "))\n")
            }
            if !engine.functionSets.isEmpty {
                standardOutput.write("  function sets: \(engine.functionSets.joined(separator: " "))\n")
            }
        }
        return .success
    })

let reasonsVerb = Verb(
    name: "reasons", summary: "list the codes of decisions and errors", options: [outputOption],
    run: { arguments in
        let isJSON = arguments.choice("output") == "json"
        standardOutput.write(
            isJSON ? JSON.text(ReasonTable.json, style: .pretty(2)) + "\n" : ReasonTable.text)
        return .success
    })

let explainVerb = Verb(
    name: "explain", summary: "explain a code and what to do about it", operands: "CODE",
    examples: [("pillion explain policy_illegal", "what does this code mean?")],
    run: { arguments in
        guard let code = arguments.operands.first, arguments.operands.count == 1 else {
            throw UsageError("expected one code; pillion reasons lists them")
        }
        guard let text = ReasonTable.explanation(code) else {
            let hint =
                Spelling.nearest(code, among: ReasonCode.allCases.map(\.rawValue)).first.map {
                    "; did you mean \($0)?"
                }
                ?? ""
            throw Failure("there is no code \"\(code)\"\(hint) (pillion reasons lists them)")
        }
        standardOutput.write(text) { $0.explanation($1) }
        return .success
    })
