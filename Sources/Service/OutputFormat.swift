import PluginAPI
import Values
import YAML

// A request may request its output as a value. Output that does not parse is a problem of status 422, reported at the
// template's own line. For that, the rendering is repeated with a source map, so that successful renderings do not pay
// for one.

/// The options for parsing rendered YAML: a workflow's `on:` stays `on`.
enum OutputFormat {
    static let options = YAMLOptions(keepsKeys: true)
}

extension RenderRequest {
    /// Parses the answer's output in the request's format, and adds the value or the problem to the answer.
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
                let documents = try YAMLReader.documents(answer.output, options: OutputFormat.options).filter
                { !$0.isEmpty }
                answer.value = documents.first?.value ?? .null
                guard documents.count > 1 else { return }
                answer.problem = RequestProblem(
                    status: 422, code: "rendered_yaml_invalid",
                    detail: "the output holds \(documents.count) YAML documents, expected one")
            } catch {
                let offset = error.culprit(in: answer.output).flatMap {
                    SourceText(answer.output).offset(of: $0)
                }
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
        // An error at the very end is attributed to the last byte that was written.
        let end = min(offset, answer.output.count - 1)
        let position = SourceText.position(of: end, in: answer.output)
        let map = answer.sourceMap ?? template.sourceMap(of: TemplateData(data), limits: limits)
        var rendered = Object([
            Member("line", .int(Int64(position.line))), Member("column", .int(Int64(position.column))),
        ])
        if let origin = map?.origin(of: end, in: answer.output) {
            if let place = origin.place { problem.members["template"] = place.json }
            if let snippet = origin.snippet { problem.members["snippet"] = .string(snippet) }
            if let value = origin.value {
                rendered["value"] = .string(value.text)
                rendered["writtenBy"] = value.place.json
            }
        }
        problem.members["rendered"] = .object(rendered)
        return problem
    }
}
