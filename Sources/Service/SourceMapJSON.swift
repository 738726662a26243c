import PluginAPI
import Values

extension SourceMap {
    /// The runs in the order of the output: the start and length of each, in bytes, and the place in the template that
    /// wrote it.
    var json: Value {
        let lines = templates.map { SourceText($0.bytes) }
        return .array(
            runs.map { run in
                let position = lines[run.template].position(of: run.offset)
                var object = Object([
                    Member("start", .int(Int64(run.output.lowerBound))),
                    Member("length", .int(Int64(run.output.count))),
                    Member("template", .string(templates[run.template].name)),
                    Member("line", .int(Int64(position.line))),
                    Member("column", .int(Int64(position.column))),
                    Member("kind", .string(run.kind.rawValue)),
                ])
                if !run.origins.isEmpty {
                    object["origins"] = .array(run.origins.map { .string(JSONPointer($0).description) })
                    if run.isSerialised { object["serialised"] = true }
                }
                return .object(object)
            })
    }
}
