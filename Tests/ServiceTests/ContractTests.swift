import Glibc
import HTTPServer
import TestSupport
import Testing
import Values
import YAML

@testable import Service

/// openapi/openapi.yaml and the running server agree: every documented operation is served, every served one is
/// documented, and every example is right.
struct ContractTests {
    private static let document: Result<Value, any Error> = Result {
        try YAMLReader.value(try #require(contents(of: packageRoot + "/openapi/openapi.yaml")))
    }

    /// One operation of the document.
    private struct Operation {
        var path: String
        var method: String
        var value: Value
    }

    private static func operations(_ document: Value) -> [Operation] {
        var result: [Operation] = []
        for path in document["paths"]?.object?.members ?? [] {
            for method in path.value.object?.members ?? [] where ["get", "post"].contains(method.key) {
                result.append(Operation(path: path.key, method: method.key.uppercased(), value: method.value))
            }
        }
        return result
    }

    /// A server with every kind of listener, shared by all tests of the contract.
    private static let service: Result<Service, any Error> = Result {
        let certificates = packageRoot + "/Tests/HTTPServerTests/certificates/"
        folder.write("Hello, {{.name}}!\n", to: "greeting.tmpl")
        return try LiveService.start { options in
            options.port = 0
            options.monitoringPort = 0
            options.tlsCertFile = certificates + "server.pem"
            options.tlsKeyFile = certificates + "server.key"
            options.httpAddress = "127.0.0.1,[::1],unix:/tmp/pillion-test-contract-\(getpid())"
            options.enableInlineTemplates = true
            options.allowsUnauthenticated = true
            options.templatesFolder = folder.root
        }
    }
    private static let folder = TemporaryFolder()

    /// The tags that a listener serves, as in the document's description.
    private static func tags(_ listener: Service.Listener) -> Set<String> {
        switch listener.kind {
        case .https: ["questions", "catalogue", "health"]
        case .http: ["questions", "catalogue", "health", "monitoring", "page"]
        case .monitoring: ["health", "monitoring"]
        }
    }

    private static func isServed(_ operation: Operation, by listener: Service.Listener) -> Bool {
        operation.value["tags"]?.array?.allSatisfy { tags(listener).contains($0.string ?? "") } ?? false
    }

    /// Sends a request to a listener over its kind of connection.
    private static func ask(
        _ listener: Service.Listener, _ method: String, _ target: String, type: String?, body: [UInt8]
    ) throws -> HTTPClient.Response {
        let headers = type.map { [("Content-Type", $0)] } ?? []
        if listener.kind == .https {
            return try #require(HTTPClient.overTLS(listener.server.port, method, target, headers, body))
        }
        if listener.address.hasPrefix("unix:") {
            let client = try #require(HTTPClient(path: String(listener.address.dropFirst("unix:".count))))
            return try #require(client.request(method, target, headers: headers, body: body))
        }
        let client = try #require(
            HTTPClient(port: listener.server.port, isIPv6: listener.address.contains("[::1]")))
        return try #require(client.request(method, target, headers: headers, body: body))
    }

    @Test func everyRouteIsWrittenAndEveryPathServed() throws {
        let operations = Self.operations(try Self.document.get())
        let service = try Self.service.get()
        #expect(service.listeners.map(\.kind.rawValue) == ["https", "http", "http", "http", "monitoring"])
        for listener in service.listeners {
            let written = Set(
                operations.filter { Self.isServed($0, by: listener) }.map { "\($0.method) \($0.path)" })
            let served = Set(
                listener.router.routes.map {
                    "\($0.method) \($0.path)\($0.path == "/page/" ? "{file}" : $0.isPrefix ? "{pairs}" : "")"
                })
            #expect(written == served, "\(listener.address)")
            for operation in operations where !Self.isServed(operation, by: listener) {
                let target = operation.path.replacingPairs("cluster/main")
                let answer = try Self.ask(listener, operation.method, target, type: nil, body: [])
                #expect(answer.status == 404, "\(listener.address) \(operation.path)")
            }
        }
        #expect(Set(service.listeners.flatMap(\.router.routes).map(\.label)) == Set(Routes.labels))
    }

    @Test func examplesAreTrueOnEveryListener() throws {
        let document = try Self.document.get()
        for listener in try Self.service.get().listeners {
            for operation in Self.operations(document) where Self.isServed(operation, by: listener) {
                var examples = 0
                let bodies = operation.value["requestBody"]?["content"]?.object?.members ?? []
                for body in bodies {
                    for example in body.value["examples"]?.object?.members ?? [] {
                        examples += 1
                        let value = try #require(example.value["value"])
                        let bytes = value.string.map { Array($0.utf8) } ?? Array(JSON.text(value).utf8)
                        try check(
                            operation, document, listener, type: body.key, body: bytes, example: example.key)
                    }
                }
                if operation.method == "GET" {
                    examples += 1
                    try check(operation, document, listener, type: nil, body: [], example: "answer")
                }
                #expect(examples > 0, "\(operation.method) \(operation.path) has no example")
            }
        }
    }

    @Test func anExplanationIsWhatIsWritten() throws {
        let document = try Self.document.get()
        let client = try LiveService.shared.get().client()
        let pod =
            "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: nginx}]}\n"
        let response = try #require(
            client.request(
                "POST", "/inject?explain=true", headers: [("Content-Type", "application/yaml")],
                body: Array(pod.utf8)))
        #expect(response.status == 200 && response.header("Content-Type") == "application/json")
        let answer = try JSON.read(response.body)
        let schema = try #require(document["components"]?["schemas"]?["ManifestExplanation"])
        #expect(
            SchemaCheck(document: document).problems(of: answer, against: schema) == [], "\(response.text)")
        #expect(answer["workloads"]?[0]?["decision"]?["inject"] == true)
        let origins = try #require(answer["origins"]?.array)
        #expect(
            origins.contains { $0["by"]?["template"] != nil } && origins.contains { $0["by"]?["step"] != nil }
        )
        for (query, status) in [("explain=maybe", 400), ("explain=true&diff=unified", 422)] {
            let refused = try #require(
                client.request(
                    "POST", "/inject?\(query)", headers: [("Content-Type", "application/yaml")],
                    body: Array(pod.utf8)))
            #expect(refused.status == status, "\(query)")
        }
    }

    private func check(
        _ operation: Operation, _ document: Value, _ listener: Service.Listener, type: String?,
        body: [UInt8], example: String
    ) throws {
        let name = "\(listener.address) \(operation.method) \(operation.path) \(example)"
        let target = operation.path.replacingPairs("cluster/main/net/one")
        let response = try Self.ask(listener, operation.method, target, type: type, body: body)
        guard let written = resolved(operation.value["responses"]?["\(response.status)"], document) else {
            Issue.record("\(name): status \(response.status) is not documented: \(response.text)")
            return
        }
        let essence = MediaType.essence(response.header("Content-Type") ?? "")
        guard let media = written["content"]?[essence] else {
            Issue.record("\(name): \(essence) is not documented for \(response.status)")
            return
        }
        let isJSON = essence.hasSuffix("json")
        let answer = isJSON ? try JSON.read(response.body) : Value.string(response.text)
        let schema = SchemaCheck(document: document)
        #expect(schema.problems(of: answer, against: media["schema"] ?? .null) == [], "\(name)")
        guard let expected = media["examples"]?[example]?["value"] ?? media["example"] else {
            Issue.record("\(name) has no example of its answer: \(response.text)")
            return
        }
        let varying = media["x-varies"]?.array?.compactMap(\.string) ?? []
        let isTrue =
            media["x-excerpt"]?.bool == true
            ? Self.isExcerpt(expected, of: answer)
            : media["x-part"]?.bool == true
                ? expected.object?.members.allSatisfy { answer[$0.key] == $0.value } == true
                : Self.without(varying, expected) == Self.without(varying, answer)
        #expect(isTrue, "\(name): \(response.text)")
    }

    /// Whether every item (or line) of the example is one of the answer.
    private static func isExcerpt(_ example: Value, of answer: Value) -> Bool {
        if let items = example.array { return items.allSatisfy { answer.array?.contains($0) == true } }
        let lines = Set((answer.string ?? "").split(separator: "\n"))
        return (example.string ?? "").split(separator: "\n").allSatisfy { lines.contains($0) }
    }

    private static func without(_ names: [String], _ value: Value) -> Value {
        guard var object = value.object else { return value }
        for name in names { object[name] = nil }
        return .object(object)
    }

    private func resolved(_ value: Value?, _ document: Value) -> Value? {
        guard let reference = value?["$ref"]?.string else { return value }
        return SchemaCheck(document: document).target(of: reference)
    }

    @Test func bothFormsAreTheSameDocument() throws {
        let client = try LiveService.shared.get().client()
        let yaml = try #require(client.request("GET", "/openapi.yaml"))
        let json = try #require(client.request("GET", "/openapi.json"))
        #expect(yaml.header("Content-Type") == "application/yaml")
        #expect(try YAMLReader.value(yaml.body) == JSON.read(json.body))
        #expect(yaml.body == contents(of: packageRoot + "/openapi/openapi.yaml"))
    }

    @Test func everyReferenceHasATarget() throws {
        let document = try Self.document.get()
        func walk(_ value: Value) {
            if let reference = value["$ref"]?.string {
                #expect(SchemaCheck(document: document).target(of: reference) != nil, "\(reference)")
            }
            for member in value.object?.members ?? [] { walk(member.value) }
            for item in value.array ?? [] { walk(item) }
        }
        walk(document)
    }

    @Test func problemCodesAreOfTheListOrReasons() throws {
        for (code, status, title) in RequestProblem.codes {
            let problem = RequestProblem(status: status, code: code, detail: "d")
            #expect(problem.title == title)
            #expect(problem.json["type"]?.string == "about:blank")
        }
    }
}

extension String {
    fileprivate func replacingPairs(_ pairs: String) -> String {
        if hasSuffix("{file}") { return String(dropLast("{file}".count)) + "icon.svg" }
        return hasSuffix("{pairs}") ? String(dropLast("{pairs}".count)) + pairs : self
    }
}

/// Validates with the part of JSON Schema that the document uses.
private struct SchemaCheck {
    let document: Value

    func target(of reference: String) -> Value? {
        var value: Value? = document
        for part in reference.dropFirst(2).split(separator: "/") {
            value = value?[part.replacing("~1", with: "/")]
        }
        return value
    }

    func problems(of value: Value, against schema: Value, at path: String = "") -> [String] {
        if let reference = schema["$ref"]?.string {
            guard let target = target(of: reference) else { return ["\(path): no \(reference)"] }
            return problems(of: value, against: target, at: path)
        }
        if let choices = schema["oneOf"]?.array {
            let matching = choices.filter { problems(of: value, against: $0, at: path).isEmpty }
            return matching.count == 1 ? [] : ["\(path): \(matching.count) of oneOf match"]
        }
        var found: [String] = []
        if let types = schema["type"]?.array ?? schema["type"].map({ [$0] }),
            !types.contains(where: { Self.isOf($0.string ?? "", value) })
        {
            found.append("\(path): not of type \(types)")
        }
        if let choices = schema["enum"]?.array, !choices.contains(value) {
            found.append("\(path): not of the enum")
        }
        for name in schema["required"]?.array ?? [] where value[name.string ?? ""] == nil {
            found.append("\(path): no \(name)")
        }
        for member in value.object?.members ?? [] {
            if let inner = schema["properties"]?[member.key] ?? schema["additionalProperties"] {
                found += problems(of: member.value, against: inner, at: path + "/" + member.key)
            } else if schema["properties"] != nil {
                found.append("\(path): \(member.key) is not written")
            }
        }
        if let inner = schema["items"] {
            for item in value.array ?? [] { found += problems(of: item, against: inner, at: path + "/-") }
        }
        return found
    }

    private static func isOf(_ type: String, _ value: Value) -> Bool {
        switch (type, value) {
        case ("object", .object), ("array", .array), ("string", .string), ("boolean", .bool), ("null", .null):
            true
        case ("integer", .int), ("number", .int), ("number", .double): true
        default: false
        }
    }
}

extension Substring {
    fileprivate func replacing(_ part: String, with text: String) -> String {
        var result = ""
        var rest = self
        while let range = String(rest).range(of: part) {
            let head = String(rest)[..<range.lowerBound]
            result += head + text
            rest = rest.dropFirst(head.count + part.count)
        }
        return result + rest
    }
}
