import HTTPServer
import Injection
import PluginAPI
import Values

/// GET /debug/config: which configuration answers, since when, and how the last attempt to load one went. Names of
/// files and messages about them, never what they hold.
struct DebugConfigHandler: Handler {
    let store: SnapshotStore

    func answer(
        _ request: HTTPRequest, mayTakeLong: Bool, entry: inout LogEntry
    ) throws(RequestProblem) -> HTTPResponse? {
        _ = try request.accepted([MediaType.json.essence])
        let state = store.current
        let paths = store.configuration.paths
        return HTTPResponse(json: [
            "generation": .int(Int64(state.generation)), "hash": .string(state.hash),
            "loadedAt": .string(Timestamp.text(seconds: state.loadedAt)),
            "lastAttempt": [
                "at": .string(Timestamp.text(seconds: state.lastAttempt.at)),
                "ok": .bool(state.lastAttempt.isSuccess),
                "errors": .array(state.lastAttempt.errors.map { .string($0) }),
            ],
            "form": .string(state.snapshot.form.rawValue),
            "templates": .array(state.snapshot.templateNames.map { .string($0) }),
            "warnings": .array(state.snapshot.warnings.map { .string($0.description) }),
            "files": .array(paths.isBuiltIn ? ["built-in"] : paths.all.map { .string($0) }),
        ])
    }
}
