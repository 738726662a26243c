import HTTPServer
public import Injection
import PluginAPI
import System
public import Values

/// POST /decide: receives an object, and responds with the decision whether its pods get a sidecar, and the reason.
struct DecideHandler: Handler {
    let store: SnapshotStore
    /// The time limit of one decision, in milliseconds.
    let milliseconds: Int

    /// Larger bodies are handled on their own thread, because they may hold a thousand workloads.
    private static let quickBytes = 64 << 10
    private static let quickManifestBytes = 8 << 10

    func deadline(of request: HTTPRequest) -> UInt64? {
        MonotonicClock.nanoseconds + UInt64(milliseconds) * 1_000_000
    }

    func answer(
        _ request: HTTPRequest, mayTakeLong: Bool, entry: inout LogEntry
    ) throws(RequestProblem) -> HTTPResponse? {
        let format = try request.bodyFormat([.json, .yaml])
        _ = try request.accepted([MediaType.json.essence])
        if !mayTakeLong, request.body.count > Self.quickBytes { return nil }
        let depth = BodyReader.objectDepth
        let read =
            mayTakeLong
            ? try BodyReader.value(of: request, format, depth: depth)
            : try BodyReader.quickValue(of: request, format, depth: depth)
        guard let body = read else { return nil }
        let snapshot = store.snapshot
        if let members = body.object, members["manifest"] != nil, members["object"] == nil {
            // The number of values in a text is known only after parsing.
            if !mayTakeLong, request.body.count > Self.quickManifestBytes { return nil }
            let question = try ManifestQuestion(
                members, namespace: request.query("namespace"), explain: try request.flag("explain"),
                forecast: try request.flag("forecast"))
            if question.forecast, !mayTakeLong { return nil }
            return HTTPResponse(
                json: try question.answer(
                    snapshot, watched: question.namespace.flatMap { watchedLabels(of: $0) },
                    installed: store.configuration.cluster?.installed.matcher(snapshot)), for: request)
        }
        let question = try Question(body, request)
        // A forecast injects a pod, which may take longer than a connection thread allows.
        if question.forecast, !mayTakeLong { return nil }
        let answers = Pipeline.decide(
            object: question.object, namespace: question.namespace,
            namespaceLabels: question.namespaceLabels ?? watchedLabels(question),
            webhook: try Self.webhooks(question.webhook, snapshot)
                ?? store.configuration.cluster?.installed.matcher(snapshot), explain: question.explain,
            forecast: question.forecast,
            snapshot: snapshot)
        if let first = answers.first, answers.count == 1 {
            entry.members.append(Member("inject", .bool(first.decision.inject)))
            entry.members.append(Member("reason", .string(first.decision.reason.rawValue)))
            return HTTPResponse(json: first.json, for: request)
        }
        return HTTPResponse(json: ["decisions": .array(answers.map(\.namedJSON))], for: request)
    }

    private func watchedLabels(of namespace: String) -> Object? {
        store.configuration.cluster?.namespaces?.labels(of: namespace)
    }

    /// Reads and checks `namespaceLabels`.
    static func labels(_ reader: MemberReader) throws(RequestProblem) -> Object? {
        let labels = try reader.object("namespaceLabels")
        for label in labels?.members ?? [] where label.value.string == nil {
            throw .malformed(
                "\"namespaceLabels.\(label.key)\" is \(kind(of: label.value)): expected a string")
        }
        return labels
    }

    /// The API server's part of the decision, if the request has a webhook configuration.
    static func webhooks(
        _ webhook: Value?, _ snapshot: Snapshot
    ) throws(RequestProblem) -> (any WebhookMatcher)? {
        guard let webhook, !webhook.isNull else { return nil }
        do throws(WebhookConfigurationError) {
            return try snapshot.webhooks(webhook, file: "webhook")
        } catch {
            throw RequestProblem(status: 422, code: "webhook_invalid", detail: error.message)
        }
    }

    /// The labels of the namespace in the cluster, if namespaces are watched; nil for a list, because its objects may
    /// have several namespaces.
    private func watchedLabels(_ question: Question) -> Object? {
        guard let namespaces = store.configuration.cluster?.namespaces,
            question.object["kind"]?.string?.ends(with: "List") != true,
            let namespace = question.namespace ?? question.object["metadata"]?["namespace"]?.string
                ?? question.object["request"]?["namespace"]?.string
        else { return nil }
        return namespaces.labels(of: namespace)
    }

    /// The question: the members of the request, or the body itself if it is an AdmissionReview or another object.
    private struct Question {
        var object: Value
        var namespace: String?
        var namespaceLabels: Object?
        var webhook: Value?
        var explain: Bool
        var forecast: Bool

        private static let members: Set<String> = [
            "object", "namespace", "namespaceLabels", "webhook", "explain", "forecast",
        ]

        init(_ body: Value, _ request: HTTPRequest) throws(RequestProblem) {
            guard let members = body.object else {
                throw .malformed(
                    "the request is \(kind(of: body)): expected an object with \"object\" and \"namespace\"")
            }
            explain = try request.flag("explain")
            forecast = try request.flag("forecast")
            namespace = request.query("namespace")
            guard let asked = members["object"] else {
                guard members["kind"]?.string != nil else {
                    throw .malformed(
                        "there is no \"object\": expected a Pod or anything that holds a pod template")
                }
                object = body
                return
            }
            guard asked.object != nil else {
                throw .malformed(
                    "\"object\" is \(kind(of: asked)): expected a Pod or anything that holds a pod template")
            }
            let reader = MemberReader(members)
            try reader.refuseOthers(than: Self.members)
            object = asked
            namespace = try reader.string("namespace") ?? namespace
            namespaceLabels = try DecideHandler.labels(reader)
            webhook = members["webhook"]
            explain = try reader.bool("explain") ?? explain
            forecast = try reader.bool("forecast") ?? forecast
        }
    }
}

extension DecisionAnswer {
    /// The decision with its counterfactuals.
    public var json: Value {
        decision.json(counterfactuals: counterfactuals.isEmpty ? nil : counterfactuals)
    }

    /// The same with the object's identity, for responses about several.
    public var namedJSON: Value {
        var object = Object([
            Member("kind", .string(kind)), Member("name", .string(name)),
            Member("namespace", .string(namespace)),
            Member("pointer", .string(pointer)),
        ])
        object.members += json.object?.members ?? []
        return .object(object)
    }
}
