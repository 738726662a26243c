import HTTPServer
import Injection
import PluginAPI
import Values

/// GET /debug/config: the configuration in use, when it was loaded, and the result of the last attempt to load one. The
/// response has names of files and messages about them, never their content.
struct DebugConfigHandler: Handler {
    let store: SnapshotStore
    let templates: TemplateFolder?
    /// The limits of a rendering.
    let limits: RenderLimits

    func answer(
        _ request: HTTPRequest, mayTakeLong: Bool, entry: inout LogEntry
    ) throws(RequestProblem) -> HTTPResponse? {
        _ = try request.accepted([MediaType.json.essence])
        let state = store.current
        let paths = store.configuration.paths
        return HTTPResponse(json: [
            "watches": store.configuration.cluster?.watches.json ?? [],
            "generation": .int(Int64(state.generation)), "hash": .string(state.hash),
            "loadedAt": .string(Timestamp.text(seconds: state.loadedAt)),
            "lastAttempt": [
                "at": .string(Timestamp.text(seconds: state.lastAttempt.at)),
                "ok": .bool(state.lastAttempt.isSuccess),
                "errors": .array(state.lastAttempt.errors.map { .string($0) }),
            ],
            "form": .string(state.snapshot.form.rawValue),
            "templates": .array(state.snapshot.templateNames.map { .string($0) }),
            "warnings": .array(state.warnings.map { .string($0.description) }),
            "namedTemplates": .array((templates?.templates.keys.sorted() ?? []).map { .string($0) }),
            "files": .array(
                paths.isBuiltIn ? ["built-in"] : (paths.configMaps + paths.all).map { .string($0) }),
            "renderLimits": [
                "steps": .int(Int64(limits.steps)), "outputBytes": .int(Int64(limits.outputBytes)),
                "depth": .int(Int64(limits.depth)),
            ],
        ])
    }
}

/// GET /debug/inject: the injection templates in use, as text for people or as a JSON object of name and text.
struct DebugInjectHandler: Handler {
    let store: SnapshotStore

    func answer(
        _ request: HTTPRequest, mayTakeLong: Bool, entry: inout LogEntry
    ) throws(RequestProblem) -> HTTPResponse? {
        let accepted = try request.accepted([MediaType.text.essence, MediaType.json.essence])
        let sources = store.snapshot.templateSources
        guard accepted == MediaType.text.essence else {
            let members = sources.map { Member($0.name, .string(text(repairing: $0.text))) }
            return HTTPResponse(json: .object(Object(members)), for: request)
        }
        var body = ByteBuffer(capacity: 16 << 10)
        for source in sources {
            body.append("--- \(source.name)\n")
            body.append(source.text)
            if source.text.last != 0x0a { body.append(0x0a) }
        }
        return HTTPResponse(
            status: 200, headers: HTTPResponse.headers(MediaType.text.rawValue), body: body)
    }
}

/// GET /debug/mesh: the mesh configuration in use, with its defaults. Possible secrets are redacted: members whose
/// names suggest one, and all values of `proxyMetadata`, which becomes the proxy's environment.
struct DebugMeshHandler: Handler {
    let store: SnapshotStore

    func answer(
        _ request: HTTPRequest, mayTakeLong: Bool, entry: inout LogEntry
    ) throws(RequestProblem) -> HTTPResponse? {
        _ = try request.accepted([MediaType.json.essence])
        return HTTPResponse(json: Self.redacted(store.snapshot.meshConfiguration), for: request)
    }

    private static let secretWords = ["token", "password", "secret", "credential", "privatekey", "apikey"]
    private static let hidden: Value = "(redacted)"

    /// Returns the value with possible secrets redacted. The recursion is bounded by the depth of the mesh
    /// configuration's type, which is not recursive, and by the depth limit of YAML.
    static func redacted(_ value: Value) -> Value {
        switch value {
        case .object(let object):
            return .object(
                Object(
                    object.members.map { member in
                        let name = member.key.lowercased()
                        if secretWords.contains(where: name.contains), !isContainer(member.value) {
                            return Member(member.key, hidden)
                        }
                        guard name == "proxymetadata", let inner = member.value.object else {
                            return Member(member.key, redacted(member.value))
                        }
                        return Member(
                            member.key, .object(Object(inner.members.map { Member($0.key, hidden) })))
                    }))
        case .array(let items): return .array(items.map(redacted))
        default: return value
        }
    }

    private static func isContainer(_ value: Value) -> Bool { value.object != nil || value.array != nil }
}
