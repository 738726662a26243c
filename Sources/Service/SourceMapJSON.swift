import PluginAPI
import Values

extension SourceMap {
    /// The runs in the order of the output: where each begins and how long it is, in bytes, and the place in the
    /// template that wrote it.
    var json: Value {
        let lines = templates.map { LineTable($0.bytes) }
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

    /// The template's place that wrote the byte at that offset of the output.
    func place(at offset: Int) -> RenderError.Place? {
        guard let run = run(at: offset), templates.indices.contains(run.template) else { return nil }
        let template = templates[run.template]
        // Inside a literal the template's text runs along with the output's.
        let inside = run.kind == .literal ? offset - run.output.lowerBound : 0
        let position = LineTable(template.bytes).position(of: run.offset + inside)
        return RenderError.Place(template: template.name, line: position.line, column: position.column)
    }
}

/// Where the lines of a text begin, so that an offset becomes line and column without reading the text again.
struct LineTable {
    private let starts: [Int]

    init(_ bytes: some Collection<UInt8>) {
        var starts = [0]
        for (offset, byte) in bytes.enumerated() where byte == 0x0a { starts.append(offset + 1) }
        self.starts = starts
    }

    func position(of offset: Int) -> SourcePosition {
        var low = 0
        var high = starts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= offset { low = middle } else { high = middle }
        }
        return SourcePosition(line: low + 1, column: offset - starts[low] + 1)
    }

    /// The offset of a line and column, both from 1; nil where the text has no such line.
    func offset(of position: SourcePosition) -> Int? {
        guard starts.indices.contains(position.line - 1) else { return nil }
        return starts[position.line - 1] + max(position.column - 1, 0)
    }
}
