public import PluginAPI
import Values

extension RenderRequest {
    /// The remedy for an undefined function: the function set that has it, or similar names; nil for any other problem.
    public func hint(for problem: RequestProblem, _ context: Context) -> String? {
        guard let name = problem.unknownFunction,
            let renderer = context.registry.renderer(engine ?? context.registry.defaultEngine)
        else { return nil }
        let known = renderer.functions
        var sets: [String] = []
        for function in known where function.name == name && !sets.contains(function.set) {
            sets.append(function.set)
        }
        if !sets.isEmpty {
            let isImpure = known.contains { $0.name == name && !$0.isPure }
            let impure = isImpure ? ", there with --allow-impure-functions" : ""
            return "\(name) is a function of \(sets.joined(separator: " and "))\(impure)"
        }
        let near = Spelling.nearest(name, among: Set(known.filter { isThere($0) }.map(\.name)).sorted())
        return near.isEmpty
            ? nil : "did you mean " + near.map { "\"\($0)\"" }.joined(separator: " or ") + "?"
    }

    private func isThere(_ function: FunctionDescription) -> Bool {
        function.set == "built-in" || options.functionSets.contains(function.set)
    }

    /// The template's line with a mark below the column; nil if there is no such line.
    public func snippet(of place: RenderError.Place) -> String? {
        sources.sources.first { $0.name == place.template }
            .flatMap { SourceText($0.bytes).snippet(line: place.line, column: place.column) }
    }
}
