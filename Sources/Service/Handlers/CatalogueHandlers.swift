import HTTPServer
public import PluginAPI
public import Values

/// A GET whose answer never changes while the process lives: made once, when it is first asked for.
struct ConstantHandler: Handler {
    let make: @Sendable () -> Value

    func answer(
        _ request: HTTPRequest, mayTakeLong: Bool, entry: inout LogEntry
    ) throws(RequestProblem) -> HTTPResponse? {
        _ = try request.accepted([MediaType.json.essence])
        return HTTPResponse(json: make(), for: request)
    }
}

/// GET /engines, /functions, /reasons and /version: what this program has.
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

    static func reasons() -> Value {
        ReasonTable.json
    }
}
