import TestSupport
import Testing
import Values

@testable import Service

/// For any input, the server answers as the OpenAPI document describes and continues to run.
@Suite(.timeLimit(.minutes(10)))
struct BadInputTests {
    private func ask(
        _ target: String, _ body: [UInt8], type: String? = "application/json", method: String = "POST"
    ) throws -> HTTPClient.Response {
        let service = try LiveService.shared.get()
        let headers = type.map { [("Content-Type", $0)] } ?? []
        let response = try #require(
            try service.client().request(method, target, headers: headers, body: body))
        #expect(try service.client().request("GET", "/livez")?.text == "ok\n")
        if response.status >= 400 {
            #expect(response.header("Content-Type") == "application/problem+json")
            let problem = try JSON.read(response.body)
            #expect(problem["status"]?.int == Int64(response.status))
            for member in ["type", "title", "detail", "code"] {
                #expect(problem[member]?.string?.isEmpty == false)
            }
        }
        return response
    }

    private static let paths = ["/render", "/decide", "/inject", "/inject/cluster/c"]

    @Test(arguments: paths) func noBody(path: String) throws {
        let response = try ask(path, [])
        #expect(response.status == 400)
        #expect(try JSON.read(response.body)["detail"]?.string == "no body found")
    }

    @Test(arguments: paths) func wrongContentType(path: String) throws {
        for type in ["text/html", "application/x-www-form-urlencoded", "", "application/jsonx"] {
            let response = try ask(path, Array("{}".utf8), type: type)
            #expect(response.status == 415)
            if path.hasPrefix("/inject") {
                let detail = try JSON.read(response.body)["detail"]?.string
                #expect(detail == "invalid Content-Type, want `application/json`")
            }
        }
        #expect(try ask(path, Array("{}".utf8), type: nil).status == 415)
    }

    @Test(arguments: paths) func contentTypeWithParameters(path: String) throws {
        let status = try ask(path, Array("{".utf8), type: "Application/JSON; charset=utf-8").status
        #expect(status == (path.hasPrefix("/inject") ? 200 : 400))
    }

    /// Bodies that no endpoint can parse, whatever their content type.
    private static let broken: [(name: String, body: [UInt8])] = [
        ("truncated JSON", Array(#"{"object": {"kind": "Po"#.utf8)),
        ("bytes that are not UTF-8", [0xff, 0xfe, 0x00, 0x80]),
        ("a NUL", [0]),
        ("10,000 nested arrays", [UInt8](repeating: 0x5b, count: 10_000)),
        ("1,000,000 nested arrays", [UInt8](repeating: 0x5b, count: 1_000_000)),
        (
            "10,000 nested arrays that end",
            [UInt8](repeating: 0x5b, count: 10_000) + [UInt8](repeating: 0x5d, count: 10_000)
        ),
        ("100,000 nested objects", Array(String(repeating: "{\"a\":", count: 100_000).utf8)),
        ("a string without an end", Array("\"".utf8) + [UInt8](repeating: 0x61, count: 100_000)),
        ("two values", Array("{} {}".utf8)),
        ("a number alone", Array("12".utf8)),
        ("null", Array("null".utf8)),
        ("an empty array", Array("[]".utf8)),
    ]

    @Test(arguments: paths, 0..<broken.count) func brokenJSON(path: String, index: Int) throws {
        let (name, body) = Self.broken[index]
        let response = try ask(path, body)
        if path.hasPrefix("/inject") {
            #expect(response.status == 200, "\(name)")
            let review = try JSON.read(response.body)
            #expect(review["response"]?["allowed"]?.bool == false, "\(name)")
            #expect(review["response"]?["status"]?["message"]?.string?.isEmpty == false, "\(name)")
        } else {
            #expect(response.status == 400, "\(name)")
        }
    }

    @Test(arguments: paths) func brokenYAML(path: String) throws {
        let bomb =
            "a: &a [x,x,x,x,x,x,x,x,x]\n"
            + "bcdefghi".map {
                "\($0): &\($0) [\(String(repeating: "*\(Character(UnicodeScalar($0.asciiValue! - 1))),", count: 9))]\n"
            }.joined()
        for text in [
            "a: [", "\t- x", "a: *none", "%YAML 9", "a: !!nonsense x", bomb,
            String(repeating: "- ", count: 10_000),
        ] {
            let response = try ask(path, Array(text.utf8), type: "application/yaml")
            #expect(response.status == 400 || response.status == 422 || response.status == 200)
        }
    }

    @Test(arguments: [("/render", 3 << 20), ("/decide", 3 << 20), ("/inject", 7 << 20)])
    func bodyOf10MB(path: String, limit: Int) throws {
        let response = try ask(path, [UInt8](repeating: 0x20, count: 10_000_000))
        #expect(response.status == 413)
        #expect(try JSON.read(response.body)["limit"]?["value"]?.int == Int64(limit))
    }

    @Test(arguments: [("/render", 3 << 20, 400), ("/decide", 3 << 20, 400), ("/inject", 7 << 20, 200)])
    func bodiesAtTheLimit(path: String, limit: Int, status: Int) throws {
        #expect(try ask(path, [UInt8](repeating: 0x20, count: limit - 1)).status == status)
        #expect(try ask(path, [UInt8](repeating: 0x20, count: limit)).status == status)
        #expect(try ask(path, [UInt8](repeating: 0x20, count: limit + 1)).status == 413)
    }

    @Test func reviewsThatLackSomething() throws {
        let head = #"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview""#
        let pod = #""kind":{"kind":"Pod"},"namespace":"default","operation":"CREATE""#
        let metadata =
            #""metadata":{"name":"p","ownerReferences":[{"kind":"ReplicaSet","name":"r","uid":"1"}]}"#
        let spec = #""spec":{"containers":[{"name":"c","image":"i"}]}"#
        let cases: [(body: String, isAllowed: Bool)] = [
            (head + "}", false),
            (head + #","request":null}"#, false),
            (head + #","request":{}}"#, false),
            (head + #","request":{"uid":"u",\#(pod)}}"#, false),
            (head + #","request":{"uid":"u",\#(pod),"object":null}}"#, false),
            (head + #","request":{"uid":"u",\#(pod),"object":[]}}"#, false),
            (head + #","request":{"uid":"u",\#(pod),"object":{"kind":"Pod",\#(metadata),\#(spec)}}}"#, true),
        ]
        for (body, isAllowed) in cases {
            let response = try ask("/inject", Array(body.utf8))
            #expect(response.status == 200, "\(body)")
            let review = try JSON.read(response.body)
            #expect(review["kind"]?.string == "AdmissionReview", "\(body)")
            #expect(review["response"]?["allowed"]?.bool == isAllowed, "\(body)")
        }
    }

    @Test func templatesThatNeverEnd() throws {
        let endless: [(engine: String, template: String, templates: String)] = [
            ("gotemplate", #"{{define \"a\"}}{{template \"a\" .}}{{end}}{{template \"a\" .}}"#, "{}"),
            ("gotemplate", #"{{range 100000000000}}{{end}}"#, "{}"),
            (
                "gotemplate", #"{{range .}}{{range $}}{{range $}}{{range $}}x{{end}}{{end}}{{end}}{{end}}"#,
                "{}"
            ),
            ("mustache", "{{>p}}", #"{"p": "{{>p}}"}"#),
            ("mustache", "{{#.}}{{>p}}{{/.}}", #"{"p": "{{#.}}{{>p}}{{/.}}"}"#),
        ]
        let items = (0..<200).map(String.init).joined(separator: ",")
        for (engine, template, templates) in endless {
            let body =
                #"{"engine":"\#(engine)","template":"\#(template)","templates":\#(templates),"data":[\#(items)]}"#
            let response = try ask("/render", Array(body.utf8))
            #expect([422, 504].contains(response.status), "\(template): \(response.text)")
        }
    }

    @Test func pathsAndMethodsThatAreNotServed() throws {
        #expect(try ask("/nothing", [], method: "GET").status == 404)
        #expect(try ask("/injected", Array("{}".utf8)).status == 404)
        #expect(try ask("/render/", Array("{}".utf8)).status == 404)
        #expect(try ask("/%00/render", [], method: "GET").status == 400)
        #expect(try ask("/render", [], method: "GET").header("Allow") == "POST, OPTIONS")
        #expect(try ask("/engines", Array("{}".utf8)).header("Allow") == "GET, HEAD, OPTIONS")
        for method in ["PUT", "DELETE", "PATCH", "TRACE", "FROB"] {
            #expect(try ask("/inject", [], method: method).status == 405)
        }
    }
}
