import HTTPServer
import Injection
import PluginAPI
import Values
import YAML

/// POST /decide with a `manifest`: YAML or JSON as a string, with any number of documents.
///
/// The response has a decision for each workload, its counterfactuals as edits of the manifest, and if the request has
/// `edits`, the new text of the manifest.
struct ManifestQuestion {
    private let manifest: [UInt8]
    private let edits: [ManifestEdit]
    var namespace: String?
    var namespaceLabels: Object?
    /// A webhook configuration, as a value or as text.
    private let webhook: Value?
    private let explain: Bool
    let forecast: Bool
    private let detail: ManifestDecisions.Detail?

    /// The largest number of edits in one request: a counterfactual has at most three.
    private static let editLimit = 64
    /// The largest number of a document in an edit: more than fit in a body.
    private static let documentLimit = 1 << 20
    private static let documentNumber = "the number of a document, from 0"

    /// - Parameter members: those of the request. They override the query's parameters, which are the other arguments.
    init(
        _ members: Object, namespace: String?, explain: Bool, forecast: Bool
    ) throws(RequestProblem) {
        let reader = MemberReader(members)
        manifest = Array((try reader.text("manifest") ?? "").utf8)
        self.namespace = try reader.string("namespace") ?? namespace
        self.explain = try reader.bool("explain") ?? explain
        self.forecast = try reader.bool("forecast") ?? forecast
        namespaceLabels = try DecideHandler.labels(reader)
        webhook = try Self.webhook(members["webhook"])
        edits = try Self.edits(members["edits"])
        detail = try Self.detail(try reader.object("detail"))
    }

    private static func detail(_ members: Object?) throws(RequestProblem) -> ManifestDecisions.Detail? {
        guard let members else { return nil }
        let reader = MemberReader(members, path: "detail")
        let pointer = try reader.string("pointer") ?? ""
        let document = try reader.integer("document", in: 0...documentLimit, documentNumber)
        return document.map { .workload(document: $0, pointer: pointer) } ?? .first
    }

    private static func webhook(_ value: Value?) throws(RequestProblem) -> Value? {
        guard let text = value?.string else { return value }
        let documents: [ManifestDocument]
        do throws(InjectionError) {
            documents = try Pipeline.documents(of: Array(text.utf8), name: "webhook")
        } catch {
            throw RequestProblem(status: 422, code: "webhook_invalid", detail: error.description)
        }
        guard !documents.isEmpty else { return nil }
        return documents.count == 1 ? documents[0].value : .array(documents.map(\.value))
    }

    private static func edits(_ value: Value?) throws(RequestProblem) -> [ManifestEdit] {
        guard let value, !value.isNull else { return [] }
        guard let items = value.array else {
            throw .malformed("\"edits\" is \(kind(of: value)): expected an array of edits")
        }
        guard items.count <= editLimit else {
            throw .malformed("\"edits\" has \(items.count) items: expected at most \(editLimit)")
        }
        var edits: [ManifestEdit] = []
        for (index, item) in items.enumerated() {
            let path = "edits[\(index)]"
            guard let members = item.object else {
                throw .malformed(
                    "\"\(path)\" is \(kind(of: item)): expected an object with \"document\" and \"pointer\"")
            }
            let reader = MemberReader(members, path: path)
            let place = try reader.text("in") ?? "manifest"
            guard place == "manifest" else {
                throw .malformed(
                    "\"\(path).in\" is \"\(excerpt(place))\": expected manifest; what is elsewhere is changed there"
                )
            }
            guard let document = try reader.integer("document", in: 0...documentLimit, documentNumber) else {
                throw .malformed("\"\(path).document\" is missing: expected \(documentNumber)")
            }
            let pointer = try self.pointer(reader, path)
            edits.append(
                ManifestEdit(document: document, pointer: pointer, value: members["value"]))
        }
        return edits
    }

    private static func pointer(_ reader: MemberReader, _ path: String) throws(RequestProblem) -> JSONPointer
    {
        let text = try reader.string("pointer") ?? ""
        do throws(JSONPatchError) {
            let pointer = try JSONPointer(parsing: text)
            if !pointer.tokens.isEmpty { return pointer }
        } catch {
            throw .malformed("\"\(path).pointer\" is not valid: \(error.message)")
        }
        throw .malformed(
            "\"\(path).pointer\" is not valid: expected a JSON pointer such as /metadata/labels/app")
    }

    /// - Parameters:
    ///   - watched: the namespace's labels in a watched cluster.
    ///   - installed: the webhooks of a watched cluster.
    func answer(
        _ snapshot: Snapshot, watched: Object?, installed: (any WebhookMatcher)?
    ) throws(RequestProblem) -> Value {
        let found: ManifestDecisions
        let matcher = try DecideHandler.webhooks(webhook, snapshot) ?? installed
        do throws(InjectionError) {
            found = try Pipeline.decide(
                manifest: manifest, edits: edits, namespace: namespace,
                namespaceLabels: namespaceLabels ?? watched, webhook: matcher, explain: explain,
                forecast: forecast, detail: detail, snapshot: snapshot)
        } catch {
            var problem = RequestProblem(error)
            // The request itself is well-formed: the text in it is not a manifest.
            if problem.status == 400 { problem.status = 422 }
            throw problem
        }
        var members = [Member("decisions", .array(found.answers.map(\.json)))]
        if !edits.isEmpty {
            members.append(Member("manifest", .string(String(decoding: found.manifest, as: UTF8.self))))
        }
        return .object(Object(members))
    }
}

extension ManifestDecisions.Answer {
    /// The decision with its place in the manifest, and the counterfactuals with their edits.
    fileprivate var json: Value {
        var object = answer.namedJSON.object ?? Object()
        object["document"] = .int(Int64(document))
        object["line"] = .int(Int64(line))
        object["workload"] = .bool(answer.isWorkload)
        guard isDetailed else {
            object["trace"] = nil
            return .object(object)
        }
        object.modify("trace") { value in
            value.modifyArray { steps in
                for index in steps.indices {
                    guard let line = steps[index]["source"]?.string.flatMap({ lines[$0] }) else { continue }
                    steps[index].modifyObject { $0["line"] = .int(Int64(line)) }
                }
            }
        }
        guard !edits.isEmpty else { return .object(object) }
        object.modify("counterfactuals") { value in
            value.modifyArray { items in
                for (index, edits) in edits.enumerated() where items.indices.contains(index) {
                    items[index].modifyObject { $0["edits"] = .array(edits.map(\.json)) }
                }
            }
        }
        return .object(object)
    }
}

extension DecisionEdit {
    fileprivate var json: Value {
        switch self {
        case .manifest(let edit):
            var members = [
                Member("in", "manifest"), Member("document", .int(Int64(edit.document))),
                Member("pointer", .string(edit.pointer.description)),
            ]
            if let value = edit.value { members.append(Member("value", value)) }
            return .object(Object(members))
        case .namespace(let name): return ["in": "namespace", "value": .string(name)]
        case .namespaceLabel(let key, let value):
            var members = [
                Member("in", "namespaceLabels"), Member("pointer", .string("/" + JSONPointer.escape(key))),
            ]
            if let value { members.append(Member("value", .string(value))) }
            return .object(Object(members))
        case .policy(let text):
            return ["in": "configuration", "pointer": "/policy", "value": .string(text)]
        }
    }
}
