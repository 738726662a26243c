import Injection
import PluginAPI
import Values
import YAML

// A request may declare parts of its data that must stay text (`taint`). If one of them does not stay text in the
// output, that is a problem of status 422, reported at the expression that wrote it.

extension RenderRequest {
    /// The problem of an engine that does not report the origins of its output, so that taint cannot be checked.
    func opaque() -> RequestProblem {
        RequestProblem(
            status: 422, code: "engine_opaque",
            detail:
                "\"taint\" requests the origins of the output, which the engine \(excerpt(engine ?? "")) does not report"
        )
    }

    /// The problem of the first tainted value that does not stay text in the output, which is parsed as YAML; nil if
    /// all do.
    func taintProblem(_ output: [UInt8], _ map: SourceMap) -> RequestProblem? {
        let check = TaintCheck(output, map, forbidsDirectives: false)
        if let finding = check.findings(limit: 1).first {
            let pointer = finding.pointer.isEmpty ? "the root" : finding.pointer
            return problem(
                finding.run, map,
                "changes the structure of the output at \(pointer): found \(finding.found), expected \(finding.expected)"
            )
        }
        guard let (error, run) = check.culprit() else { return nil }
        return problem(run, map, "is why the output is not YAML: \(error.message)")
    }

    private func problem(_ run: SourceMap.Run, _ map: SourceMap, _ what: String) -> RequestProblem {
        let names = run.origins.prefix(3).map { "\"" + $0.joined(separator: ".") + "\"" }.joined(
            separator: " or ")
        var problem = RequestProblem(
            status: 422, code: ReasonCode.taintedValue.rawValue, detail: "the tainted value \(names) \(what)")
        guard map.templates.indices.contains(run.template) else { return problem }
        let source = map.templates[run.template]
        let position = SourceText(source.bytes).position(of: run.offset)
        let place = RenderError.Place(template: source.name, line: position.line, column: position.column)
        problem.members["template"] = place.json
        problem.members["snippet"] =
            SourceText(source.bytes).snippet(line: place.line, column: place.column).map { .string($0) }
        problem.members["taint"] = .array(
            run.origins.map { .string(JSONPointer($0).description) })
        return problem
    }
}
