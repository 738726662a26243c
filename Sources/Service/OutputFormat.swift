import PluginAPI
import Values
import YAML

// A request may ask for its output as a value. Output that does not parse is a problem of status 422, reported at
// the template's own line: the rendering is repeated with a source map, which costs nothing while all goes well.

extension RenderRequest {
    /// Parses the answer's output by the request's format: the value, or the problem, is added to the answer.
    func parse(
        _ answer: inout RenderAnswer, _ template: any CompiledTemplate, _ limits: RenderLimits
    ) {
        switch format {
        case .text: return
        case .json:
            do throws(JSONError) {
                answer.value = try JSON.read(answer.output)
            } catch {
                answer.problem = problem(
                    "rendered_json_invalid", "the output is not JSON: \(error.message)", at: error.offset,
                    in: answer, template, limits)
            }
        case .yaml:
            do throws(YAMLError) {
                let documents = try YAMLReader.documents(answer.output).filter { !$0.isEmpty }
                answer.value = documents.first?.value ?? .null
                guard documents.count > 1 else { return }
                answer.problem = RequestProblem(
                    status: 422, code: "rendered_yaml_invalid",
                    detail: "the output holds \(documents.count) YAML documents, want one")
            } catch {
                let lines = LineTable(answer.output)
                let offset = error.culprit(in: answer.output).flatMap { lines.offset(of: $0) }
                answer.problem = problem(
                    "rendered_yaml_invalid", "the output is not YAML: \(error.message)", at: offset,
                    in: answer, template, limits)
            }
        }
    }

    private func problem(
        _ code: String, _ detail: String, at offset: Int?, in answer: RenderAnswer,
        _ template: any CompiledTemplate, _ limits: RenderLimits
    ) -> RequestProblem {
        var problem = RequestProblem(status: 422, code: code, detail: detail)
        guard let offset, !answer.output.isEmpty else { return problem }
        // An error at the very end belongs to what was written last.
        let end = min(offset, answer.output.count - 1)
        let position = LineTable(answer.output).position(of: end)
        let map = answer.sourceMap ?? sourceMap(template, limits)
        if let place = map?.place(at: end) {
            problem.members["template"] = place.json
            if let source = sources.sources.first(where: { $0.name == place.template }) {
                problem.members["snippet"] =
                    Snippet.text(of: source.bytes, line: place.line, column: place.column).map { .string($0) }
            }
        }
        var rendered = Object([
            Member("line", .int(Int64(position.line))), Member("column", .int(Int64(position.column))),
        ])
        if let run = map?.value(near: end, in: answer.output),
            let place = map?.place(at: run.output.lowerBound)
        {
            rendered["value"] = .string(Snippet.beginning(of: answer.output[run.output]))
            rendered["writtenBy"] = place.json
        }
        problem.members["rendered"] = .object(rendered)
        return problem
    }

    /// The rendering went well once and its steps are counted, so the deadline, which may have come near, is not
    /// what should end it now.
    private func sourceMap(_ template: any CompiledTemplate, _ limits: RenderLimits) -> SourceMap? {
        var limits = limits
        limits.deadline = nil
        var map: SourceMap? = SourceMap()
        var usage = RenderUsage()
        var output = ByteBuffer(capacity: 4096)
        do throws(RenderError) {
            try template.render(
                TemplateData(data), limits: limits, sourceMap: &map, usage: &usage, into: &output)
        } catch {
            return nil
        }
        return map
    }
}
