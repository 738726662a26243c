import HTTPServer
public import Injection
import PluginAPI
public import Values

/// POST /decide: an object in, whether its pods get a sidecar and why out.
struct DecideHandler: Handler {
    let store: SnapshotStore

    func answer(
        _ request: HTTPRequest, mayTakeLong: Bool, entry: inout LogEntry
    ) throws(RequestProblem) -> HTTPResponse? {
        let format = try request.bodyFormat([.json, .yaml])
        _ = try request.accepted([MediaType.json.essence])
        let body = try BodyReader.value(of: request, format, depth: BodyReader.objectDepth)
        let question = try Question(body, request)
        let snapshot = store.snapshot
        let answers = Pipeline.decide(
            object: question.object, namespace: question.namespace,
            namespaceLabels: question.namespaceLabels ?? watchedLabels(question),
            webhook: try question.webhooks(snapshot)
                ?? store.configuration.cluster?.installed.matcher(snapshot), explain: question.explain,
            snapshot: snapshot)
        if let first = answers.first, answers.count == 1 {
            entry.members.append(Member("inject", .bool(first.decision.inject)))
            entry.members.append(Member("reason", .string(first.decision.reason.rawValue)))
            return HTTPResponse(json: first.json, for: request)
        }
        return HTTPResponse(json: ["decisions": .array(answers.map(\.namedJSON))], for: request)
    }

    /// Labels that the cluster gives the namespace, where it is watched; objects of a list may have several.
    private func watchedLabels(_ question: Question) -> Object? {
        guard let namespaces = store.configuration.cluster?.namespaces,
            question.object["kind"]?.string?.hasSuffix("List") != true,
            let namespace = question.namespace ?? question.object["metadata"]?["namespace"]?.string
                ?? question.object["request"]?["namespace"]?.string
        else { return nil }
        return namespaces.labels(of: namespace)
    }

    /// What is asked: by the members of the request, by an AdmissionReview as it is, or by an object as it is.
    private struct Question {
        var object: Value
        var namespace: String?
        var namespaceLabels: Object?
        var webhook: Value?
        var explain: Bool

        init(_ body: Value, _ request: HTTPRequest) throws(RequestProblem) {
            guard let members = body.object else {
                throw .malformed(
                    "the request is \(kind(of: body)): expected an object with \"object\" and \"namespace\"")
            }
            explain = try request.flag("explain")
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
            object = asked
            namespace = try reader.string("namespace") ?? namespace
            namespaceLabels = try reader.object("namespaceLabels")
            for label in namespaceLabels?.members ?? [] where label.value.string == nil {
                throw .malformed(
                    "\"namespaceLabels.\(label.key)\" is \(kind(of: label.value)): expected a string")
            }
            webhook = members["webhook"]
            explain = try reader.bool("explain") ?? explain
        }

        /// The API server's half, where a webhook configuration came with the request.
        func webhooks(_ snapshot: Snapshot) throws(RequestProblem) -> (any WebhookMatcher)? {
            guard let webhook, !webhook.isNull else { return nil }
            do throws(WebhookConfigurationError) {
                return try snapshot.webhooks(webhook, file: "webhook")
            } catch {
                throw RequestProblem(status: 422, code: "webhook_invalid", detail: error.message)
            }
        }
    }
}

extension DecisionAnswer {
    /// The decision, with what would change it.
    public var json: Value {
        decision.json(counterfactuals: counterfactuals.isEmpty ? nil : counterfactuals)
    }

    /// The same with the object that it is about, for answers about several.
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
