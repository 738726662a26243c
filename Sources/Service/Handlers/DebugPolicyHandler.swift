import HTTPServer
import Injection
import PluginAPI
import Values

/// GET /debug/policy: the policy of the configuration in use with its truth table and its values. With `?channels`,
/// also the expressions through which a pod's text could change what is injected.
struct DebugPolicyHandler: Handler {
    let store: SnapshotStore

    func answer(
        _ request: HTTPRequest, mayTakeLong: Bool, entry: inout LogEntry
    ) throws(RequestProblem) -> HTTPResponse? {
        _ = try request.accepted([MediaType.json.essence])
        let snapshot = store.snapshot
        let isAskedForChannels = try request.flag("channels")
        // Finding channels injects a few hundred pods.
        if isAskedForChannels, !mayTakeLong { return nil }
        let policy = snapshot.policy
        var members = [
            Member("form", .string(policy.form.rawValue)), Member("policy", .string(policy.policy)),
            Member("revision", .string(policy.revision)), Member("file", .string(policy.file)),
            Member(
                "lines",
                .object(
                    Object(
                        policy.lines.sorted { $0.key < $1.key }.map { key, line in
                            Member(key, .int(Int64(line)))
                        }))),
            Member("neverInjectSelector", .array(policy.neverInjectSelector)),
            Member("alwaysInjectSelector", .array(policy.alwaysInjectSelector)),
            Member("defaultTemplates", .array(snapshot.defaultTemplates.map { .string($0) })),
            Member(
                "aliases",
                .object(
                    Object(
                        snapshot.aliases.sorted { $0.key < $1.key }.map { name, list in
                            Member(name, .array(list.map { .string($0) }))
                        }))),
            Member("truthTable", snapshot.truthTable.json),
            Member("notes", .array(snapshot.truthTable.notes.map { .string($0) })),
            Member("values", DebugMeshHandler.redacted(snapshot.values)),
        ]
        if isAskedForChannels {
            members.append(
                Member("openChannels", .array(OpenChannels.search(snapshot).map(\.json))))
        }
        return HTTPResponse(json: .object(Object(members)), for: request)
    }
}

extension OpenChannels.Channel {
    fileprivate var json: Value {
        var members = [
            Member("name", .string(name)), Member("template", .string(place.template)),
            Member("line", .int(Int64(place.line))), Member("example", .string(example)),
        ]
        if let column = place.column { members.insert(Member("column", .int(Int64(column))), at: 3) }
        return .object(Object(members))
    }
}
