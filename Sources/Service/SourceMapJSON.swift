import PluginAPI
import Values

extension SourceMap {
    /// The runs in the order of the output: where each begins and how long it is, in bytes, and the place in the
    /// template that wrote it.
    var json: Value {
        let lines = templates.map { SourceText($0.bytes) }
        return .array(
            runs.map { run in
                let position = lines[run.template].position(of: run.offset)
                return [
                    "start": .int(Int64(run.output.lowerBound)), "length": .int(Int64(run.output.count)),
                    "template": .string(templates[run.template].name), "line": .int(Int64(position.line)),
                    "column": .int(Int64(position.column)), "kind": .string(run.kind.rawValue),
                ]
            })
    }
}
