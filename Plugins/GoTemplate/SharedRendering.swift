import PluginAPI
import Values

/// Renders several templates of a set with data that they share and may change, as a chart requires.
extension GoTemplate: SharedDataTemplate {
    var sharedDataTemplate: (any SharedDataTemplate)? { self }

    func render(
        _ jobs: [SharedJob], over data: SharedData, limits: RenderLimits, usage: inout RenderUsage,
        finish: (Int, [UInt8]) -> Void
    ) throws(RenderError) {
        try run(jobs, data, limits, &usage, mapped: nil) { index, output, _ in finish(index, output) }
    }

    func sourceMap(
        of job: Int, in jobs: [SharedJob], over data: SharedData, limits: RenderLimits
    ) -> (map: SourceMap, output: [UInt8])? {
        var usage = RenderUsage()
        var found: (map: SourceMap, output: [UInt8])?
        try? run(Array(jobs[...job]), data, limits, &usage, mapped: job) { index, output, map in
            if index == job, let map { found = (map, output) }
        }
        return found
    }

    private func run(
        _ jobs: [SharedJob], _ data: SharedData, _ limits: RenderLimits, _ usage: inout RenderUsage,
        mapped: Int?, finish: (Int, [UInt8], SourceMap?) -> Void
    ) throws(RenderError) {
        var root: GoMap?
        let top = SharedValues.made(data, root: &root)
        let context = FunctionContext(limits: limits, environment: options.environment, data: top)
        context.evaluator = TemplateEvaluation(template: self)
        if let root { context.emptyAtEnd(root) }
        var written = 0
        defer {
            context.emptyMutatedMaps()
            usage.steps = context.steps
            usage.outputBytes = written
            usage.depth = max(usage.depth, context.deepest)
        }
        for (index, job) in jobs.enumerated() {
            guard case .map(let scope)? = SharedValues.value(at: job.place, of: top) else {
                throw RenderError(kind: .engine, detail: "no data at \(job.place.joined(separator: "."))")
            }
            context.emptyAtEnd(scope)
            context.includes.begin(scope, of: self, hasChanges: context.hasChanges)
            for (key, value) in job.members { scope[key] = SharedValues.made(value, root: &root) }
            var output = ByteBuffer()
            var map = index == mapped ? SourceMap() : nil
            map?.templates = program.syntax.sources.map {
                TemplateSource(name: String(decoding: $0.name, as: UTF8.self), bytes: $0.bytes)
            }
            try run(
                named: Array(job.entry.utf8), data: .map(SharedValues.seen(scope, as: job.typeName)),
                origin: .clean, context: context, into: &output, map: &map)
            written += output.count
            guard written <= limits.outputBytes else {
                throw RenderError(
                    limits.reached(.outputBytes), head: "template: \(job.entry): ",
                    place: .init(template: job.entry, line: 1))
            }
            finish(index, output.bytes, map)
        }
    }
}

/// Converts shared data to values that templates can change.
private enum SharedValues {
    /// - Parameter root: the outermost map once it exists; paths start there.
    static func made(_ data: SharedData, root: inout GoMap?) -> GoValue {
        switch data {
        case .plain(let value): return GoValue(value).sharedMaps()
        case .typed(let value, let type): return GoValue(value, type: type)
        case .named(let name, let value):
            return .map(GoMap(data: value.object ?? Object(), type: type(name)))
        case .map(let name, let members):
            let map = name.map { GoMap(type: type($0)) } ?? GoMap()
            if root == nil { root = map }
            for (key, value) in members { map[key] = made(value, root: &root) }
            return .map(map)
        case .place(let name, let path):
            let found = root.flatMap { value(at: path, of: .map($0)) } ?? .map(GoMap())
            guard case .map(let map) = found else { return found }
            return .map(seen(map, as: name))
        }
    }

    private static func type(_ name: String) -> GoType { GoType(name: name, kind: .map, element: .any) }

    /// Returns the map with another type name.
    static func seen(_ map: GoMap, as name: String?) -> GoMap {
        guard let name, name != map.type.name else { return map }
        return GoMap(map, as: type(name))
    }

    static func value(at path: [String], of top: GoValue) -> GoValue? {
        var value: GoValue? = top
        for key in path { value = value?.member(key) }
        return value
    }
}
