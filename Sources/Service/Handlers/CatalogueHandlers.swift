import HTTPServer
public import PluginAPI
public import Values

/// A GET whose response never changes while the process runs.
struct ConstantHandler: Handler {
    let make: @Sendable () -> Value

    func answer(
        _ request: HTTPRequest, mayTakeLong: Bool, entry: inout LogEntry
    ) throws(RequestProblem) -> HTTPResponse? {
        _ = try request.accepted([MediaType.json.essence])
        return HTTPResponse(json: make(), for: request)
    }
}

/// The responses of GET /engines, /functions and /reasons.
public enum Catalogue {
    public static func engines(_ registry: PluginRegistry) -> Value {
        .array(
            registry.renderers.map { renderer in
                let description = renderer.description
                return [
                    "name": .string(description.id),
                    "origin": description.origin == .builtIn ? "built-in" : "plugin",
                    "version": .string(description.version),
                    "options": .array(description.options.map { .string($0) }),
                    "functionSets": .array(description.functionSets.map { .string($0) }),
                ]
            })
    }

    /// The functions by engine in the list's order, then by set, then by name in byte order.
    public static func functions(_ registry: PluginRegistry) -> Value {
        var rows: [Value] = []
        for renderer in registry.renderers {
            let sorted = renderer.functions.sorted { ($0.set, $0.name) < ($1.set, $1.name) }
            for function in sorted {
                var row = Object([
                    Member("name", .string(function.name)),
                    Member("engine", .string(renderer.description.id)),
                    Member("set", .string(function.set)), Member("signature", .string(function.signature)),
                    Member("pure", .bool(function.isPure)),
                ])
                if !function.origin.isEmpty { row["origin"] = .string(function.origin) }
                if !function.summary.isEmpty { row["summary"] = .string(function.summary) }
                if let example = function.example {
                    row["example"] = [
                        "template": .string(example.template), "output": .string(example.output),
                    ]
                }
                rows.append(.object(row))
            }
        }
        return .array(rows)
    }

    static func reasons() -> Value {
        ReasonTable.json
    }
}
