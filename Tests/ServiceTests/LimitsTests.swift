import Glibc
import HTTPServer
import PluginAPI
import System
import TestSupport
import Testing
import Values

@testable import Service

/// One limit: how to send something of a given size, and whether it is accepted.
private struct Limit: CustomTestStringConvertible, Sendable {
    /// The row of the table in docs/reference.md that it belongs to.
    let row: String
    let name: String
    let value: Int
    /// Sends something of that size to a server; returns whether it is within the limit.
    let accepts: @Sendable (Int) throws -> Bool

    var testDescription: String { name }
}

/// Tests every limit of a request at limit − 1, limit and limit + 1, over a socket where a client can reach it. A row of
/// the table in docs/reference.md without a case here fails, and so does a case without a row.
@Suite(.timeLimit(.minutes(10)))
struct LimitsTests {
    // MARK: Requests

    private static func ask(
        _ method: String, _ target: String, _ body: [UInt8] = [], type: String = "application/json",
        headers: [(String, String)] = []
    ) throws -> HTTPClient.Response {
        // Half a million values take a debug build on a busy machine about twenty seconds, and a sanitizer over a minute.
        let port = try LiveService.shared.get().http.server.port
        let client = try #require(HTTPClient(port: port, timeoutSeconds: 240))
        let all = body.isEmpty ? headers : headers + [("Content-Type", type)]
        return try #require(client.request(method, target, headers: all, body: body))
    }

    /// A request to /render as JSON.
    private static func render(
        _ template: String, _ data: String = "null", _ more: String = ""
    ) throws -> HTTPClient.Response {
        let text = JSON.text(.string(template))
        return try ask("POST", "/render", Array(#"{"template":\#(text),"data":\#(data)\#(more)}"#.utf8))
    }

    private static func blanks(_ count: Int) -> [UInt8] { [UInt8](repeating: 0x20, count: count) }

    private static func repeated(_ text: String, _ count: Int) -> String {
        String(repeating: text, count: count)
    }

    /// Renders a template that uses exactly `used`, with a limit such that `size` is at the same distance from `used`.
    private static func lowered(_ name: String, _ template: String, used: Int, by size: Int) throws -> Bool {
        // Changes the limit instead of the size; the distance between them is the same.
        let limit = used + (used - size)
        return try render(template, "null", #","limits":{"\#(name)":\#(limit)}"#).status == 200
    }

    private static func usage(_ name: String, _ template: String) -> Int {
        let answer = try? render(template)
        return (try? JSON.read(answer?.body ?? []))?["usage"]?[name]?.int.map { Int($0) } ?? 0
    }

    // MARK: The limits

    private static let bodies: [Limit] = [
        Limit(row: "body of `/inject`", name: "body of /inject", value: 7 << 20) {
            try ask("POST", "/inject", blanks($0)).status == 200
        },
        Limit(row: "body of `/decide`, `/render`, `/scan`", name: "body of /decide", value: 3 << 20) {
            try ask("POST", "/decide", blanks($0)).status == 400
        },
        Limit(row: "body of `/decide`, `/render`, `/scan`", name: "body of /render", value: 3 << 20) {
            try ask("POST", "/render", blanks($0)).status == 400
        },
        Limit(row: "chart in a body, gzip or form", name: "body of a chart", value: 20 << 20 | 64 << 10) {
            try ask("POST", "/render", blanks($0), type: "application/gzip").status == 422
        },
        Limit(row: "body elsewhere", name: "body of a GET", value: 4 << 10) {
            try ask("GET", "/engines", blanks($0)).status == 200
        },
        Limit(row: "`data` of `/render`", name: "data of /render", value: 2 << 20) {
            try render("x", "\"" + repeated("a", $0 - 2) + "\"").status == 200
        },
    ]

    private static let heads: [Limit] = [
        Limit(row: "headers of a request", name: "headers", value: 100) { count in
            // Host is one of them.
            let headers = (1..<count).map { ("X-\($0)", "v") }
            return try ask("GET", "/livez", headers: headers).status == 200
        },
        Limit(row: "request line and headers", name: "head", value: 32 << 10) { count in
            // The other bytes that HTTPClient writes.
            let rest = "GET /livez HTTP/1.1\r\nHost: localhost\r\nX: \r\n\r\n".utf8.count
            return try ask("GET", "/livez", headers: [("X", repeated("v", count - rest))]).status == 200
        },
        Limit(row: "path and query", name: "path", value: 8 << 10) {
            try ask("GET", "/" + repeated("a", $0 - 1)).status == 404
        },
        Limit(row: "path and query", name: "path and query", value: 8 << 10) {
            try ask("GET", "/livez?" + repeated("a", $0 - 7)).status == 200
        },
    ]

    private static let templates: [Limit] = [
        Limit(row: "steps of a rendering", name: "steps", value: usage("steps", "{{range 20}}x{{end}}")) {
            try lowered(
                "steps", "{{range 20}}x{{end}}", used: usage("steps", "{{range 20}}x{{end}}"), by: $0)
        },
        Limit(row: "output of a rendering", name: "bytes of output", value: 100) {
            try render(repeated("x", $0), "null", #","limits":{"outputBytes":100}"#).status == 200
        },
        Limit(row: "output of a rendering", name: "most bytes of output", value: 10 << 20) { size in
            // Four parts and a rest, because one string has a lower limit.
            let part = size / 5
            let rest = size - 4 * part
            let template =
                "{{$x := repeat \(part) \"x\"}}{{$x}}{{$x}}{{$x}}{{$x}}{{repeat \(rest) \"x\"}}"
            return try render(template, "null", #","functions":["sprig"]"#).status == 200
        },
        Limit(row: "nested template calls", name: "templates within templates", value: 100) { depth in
            let template =
                "{{define \"r\"}}{{if gt . 1}}{{template \"r\" (sub . 1)}}{{end}}{{end}}{{template \"r\" .}}"
            return try render(template, "\(depth)", #","functions":["sprig"]"#).status == 200
        },
        Limit(row: "iterations of one loop", name: "rounds of a loop", value: 100_000) {
            try render("{{range \($0)}}{{end}}").status == 200
        },
        Limit(row: "bytes that one function builds", name: "bytes of a function", value: 3 << 20) {
            try render("{{len (repeat \($0) \"x\")}}", "null", #","functions":["sprig"]"#).status == 200
        },
        Limit(row: "regular expression", name: "bytes of a regular expression", value: 1 << 10) {
            try render(
                "{{regexMatch \"\(repeated("a", $0))\" \"b\"}}", "null", #","functions":["sprig"]"#
            ).status == 200
        },
        Limit(row: "source of a template", name: "bytes of a template", value: 1 << 20) {
            try render(repeated("x", $0)).status == 200
        },
        Limit(row: "nesting of a template", name: "levels of a template", value: 500) {
            try render(repeated("{{if 1}}", $0) + repeated("{{end}}", $0)).status == 200
        },
    ]

    private static let formats: [Limit] = [
        Limit(row: "nesting of data", name: "nesting of data as JSON", value: 100) {
            try render("x", repeated("[", $0) + repeated("]", $0)).status == 200
        },
        Limit(row: "nesting of data", name: "nesting of objects as JSON", value: 200) { depth in
            let inner = repeated("[", depth - 2) + repeated("]", depth - 2)
            let body = #"{"kind":"Pod","spec":{"x":\#(inner)}}"#
            return try ask("POST", "/decide", Array(body.utf8)).status == 200
        },
        Limit(row: "YAML", name: "nesting of YAML", value: 100) { depth in
            let inner = repeated("[", depth - 1) + repeated("]", depth - 1)
            let body = "kind: Pod\nx: " + inner + "\n"
            return try ask("POST", "/inject", Array(body.utf8), type: "application/yaml").status == 200
        },
    ]

    private static let values: [Limit] = [
        Limit(row: "values of a body", name: "values of JSON to /decide", value: 500_000) { count in
            let body = #"{"kind":"Pod","x":[\#(repeated("0,", count - 4))0]}"#
            return try ask("POST", "/decide", Array(body.utf8)).status != 413
        },
        Limit(row: "values of a body", name: "values of YAML to /decide", value: 500_000) { count in
            // The mapping, two keys, a value and the sequence count too.
            let body = "kind: Pod\nx:\n" + repeated("- a\n", count - 5)
            return try ask("POST", "/decide", Array(body.utf8), type: "application/yaml").status != 413
        },
        Limit(row: "values of a body", name: "values of a review", value: 500_000) { count in
            // The review, its request and uid, the object and the array count too.
            let body = #"{"request":{"uid":"u","object":{"x":[\#(repeated("0,", count - 6))0]}}}"#
            let answer = try ask("POST", "/inject", Array(body.utf8))
            let response = try JSON.read(answer.body)["response"]
            #expect(response?["uid"]?.string == "u")
            return response?["status"]?["message"]?.string?.contains("(limit values)") != true
        },
        Limit(row: "values of a body", name: "values of a manifest", value: 500_000) { count in
            let body = "kind: Pod\nx:\n" + repeated("- a\n", count - 5)
            return try ask("POST", "/inject", Array(body.utf8), type: "application/yaml").status != 413
        },
        Limit(row: "directives before a YAML document", name: "directives", value: 16) { count in
            let tags = (0..<count).map { "%TAG !\($0)! x\n" }.joined()
            let body = tags + "---\ntemplate: x\n"
            return try ask("POST", "/render", Array(body.utf8), type: "application/yaml").status == 200
        },
        Limit(row: "output shown with an error", name: "partial output", value: 64 << 10) { count in
            let answer = try render(
                "{{repeat \(count) \"x\"}}{{fail \"end\"}}", "null", #","functions":["sprig"]"#)
            let problem = try JSON.read(answer.body)
            #expect(answer.status == 422)
            #expect(problem["partialOutput"]?.string?.utf8.count == min(count, 64 << 10))
            return problem["truncated"] == nil
        },
    ]

    private static let files: [Limit] = [
        Limit(row: "file of the configuration", name: "bytes of a configuration", value: 1 << 20) {
            let folder = TemporaryFolder()
            let text = "policy: enabled\ntemplate: |\n  containers: []\n#"
            folder.write(text + repeated("x", $0 - text.utf8.count), to: "config")
            guard let service = try? LiveService.start({ $0.injectConfig = folder.path("config") }) else {
                return false
            }
            service.stop()
            return true
        },
        Limit(row: "named templates", name: "bytes of named templates", value: 8 << 20) { size in
            let folder = TemporaryFolder()
            for index in 0..<8 { folder.write(blanks(1_000_000), to: "t\(index).mustache") }
            folder.write(blanks(size - 8_000_000), to: "rest.mustache")
            let registry = try StandardPlugins.registry()
            var limits = ServeOptions().renderLimits
            limits.sourceBytes = .max
            let made = try? TemplateFolder(folder.root, registry: registry, limits: limits)
            return made != nil
        },
        Limit(row: "named templates", name: "files of named templates", value: 256) { count in
            let folder = TemporaryFolder()
            for index in 0..<count { folder.write("x", to: "t\(index).mustache") }
            let registry = try StandardPlugins.registry()
            let made = try? TemplateFolder(
                folder.root, registry: registry, limits: ServeOptions().renderLimits)
            return made != nil
        },
        Limit(row: "string in the log", name: "bytes of a text in the log", value: Log.longestText) { size in
            let folder = TemporaryFolder()
            let file = open(folder.path("log"), O_RDWR | O_CREAT, 0o600)
            defer { close(file) }
            let log = Log(LogLevels(.info), format: .json, descriptor: file)
            log.info("m", [Member("v", .string(repeated("a", size)))])
            return try JSON.read(TestSupport.text(of: folder.path("log")))["v"]?.string?.utf8.count == size
        },
    ]

    /// Whether a listener accepts that number of connections: the last one is answered within a second.
    private static let connections = Limit(row: "connections", name: "connections", value: 20) { count in
        let service = try LiveService.start()
        defer { service.stop() }
        var options = HTTPServer.Options(address: .network(host: "127.0.0.1", port: 0))
        options.limits.connections = 20
        options.threads = 1
        let server = try HTTPServer(options, handler: service.http.router)
        defer { server.stop() }
        let clients = (0..<count).compactMap { _ in HTTPClient(port: server.port, timeoutSeconds: 1) }
        for client in clients.dropLast() {
            #expect(client.request("GET", "/livez")?.status == 200)
        }
        return clients.last?.request("GET", "/livez")?.status == 200
    }

    private static let all = bodies + heads + templates + formats + values + files + [connections]

    @Test(arguments: all.indices)
    fileprivate func atTheLimit(index: Int) throws {
        let limit = Self.all[index]
        #expect(limit.value > 1, "\(limit.name)")
        #expect(try limit.accepts(limit.value - 1), "\(limit.name): one less")
        #expect(try limit.accepts(limit.value), "\(limit.name): the limit")
        #expect(try !limit.accepts(limit.value + 1), "\(limit.name): one more")
        #expect(try LiveService.shared.get().client().request("GET", "/livez")?.status == 200)
    }

    // MARK: Time

    /// A server with changed time limits.
    private func server(_ change: (inout HTTPLimits) -> Void) throws -> HTTPServer {
        var options = HTTPServer.Options(address: .network(host: "127.0.0.1", port: 0))
        change(&options.limits)
        return try HTTPServer(options, handler: try LiveService.shared.get().http.router)
    }

    /// Seconds until a client that sends single bytes is cut off; nil if it is not within eight.
    private func secondsOfDripping(_ server: HTTPServer, head: String, drip: String) throws -> Double? {
        let client = try #require(HTTPClient(port: server.port))
        client.send(head)
        let start = MonotonicClock.nanoseconds
        while client.send(drip) {
            let now = MonotonicClock.nanoseconds
            if now - start > 8_000_000_000 { return nil }
            usleep(50_000)
        }
        return Double(MonotonicClock.nanoseconds - start) / 1e9
    }

    @Test func bodiesThatDrip() throws {
        let server = try server { $0.bodySeconds = 2 }
        defer { server.stop() }
        let head =
            "POST /render HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n"
        let seconds = try #require(try secondsOfDripping(server, head: head, drip: " "))
        #expect(seconds > 1.9)
    }

    @Test func headersThatDrip() throws {
        let server = try server { $0.headerSeconds = 2 }
        defer { server.stop() }
        let head = "GET /livez HTTP/1.1\r\n"
        let seconds = try #require(try secondsOfDripping(server, head: head, drip: "X: y\r\n"))
        #expect(seconds > 1.9)
    }

    @Test func idleConnections() throws {
        let server = try server { $0.idleSeconds = 2 }
        defer { server.stop() }
        let client = try #require(HTTPClient(port: server.port))
        #expect(client.request("GET", "/livez")?.status == 200)
        let start = MonotonicClock.nanoseconds
        #expect(client.isClosedByServer)
        #expect(MonotonicClock.nanoseconds - start > 1_500_000_000)
    }

    /// The client does not read its response.
    @Test func answersThatAreNotRead() throws {
        let server = try server { $0.sendSeconds = 1 }
        defer { server.stop() }
        let client = try #require(HTTPClient(port: server.port))
        let text = String(repeating: "x", count: 10_000)
        let body = Array(#"{"template":"{{range 900}}\#(text){{end}}"}"#.utf8)
        client.send(
            "POST /render HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                + "Content-Length: \(body.count)\r\n\r\n")
        client.send(body)
        var waited = 0
        while server.activeRequests == 0, waited < 500 {
            usleep(10_000)
            waited += 1
        }
        while server.openConnections > 0, waited < 1_500 {
            usleep(10_000)
            waited += 1
        }
        #expect(server.activeRequests == 0)
        #expect(server.openConnections == 0)
    }

    /// The rest of a caller's timeout.
    @Test(arguments: [
        ("/inject", 2_000), ("/inject?timeout=1s", 500), ("/inject?timeout=999ms", 499),
        ("/inject?timeout=1001ms", 501), ("/inject?timeout=10s", 2_000), ("/inject?timeout=2500ms", 2_000),
        ("/inject?timeout=2499ms", 1_999), ("/inject?timeout=nonsense", 2_000), ("/inject?timeout=0", 0),
    ])
    func budgets(target: String, milliseconds: Int) {
        let policy = FailurePolicy(options: ServeOptions())
        let request = HTTPRequest(method: "POST", target: target, arrival: 1_000)
        #expect(Int(policy.deadline(of: request) - 1_000) / 1_000_000 == milliseconds)
    }

    // MARK: Completeness

    /// Rows of the table whose limits other tests check.
    private static let elsewhere: [String: String] = [
        "bytes of a refused body that are still read": "HTTPServerTests.bodyBeyondReadingIsRefusedAtOnce",
        "ambiguous or malformed request": "RefusalTests",
        "line before a chunk, extensions and trailers of a body": "RefusalTests",
        "request line to end of headers": "LimitsTests.headersThatDrip",
        "slow body": "HTTPServerTests.dripOfBodyIsCutOff",
        "body, response": "LimitsTests.bodiesThatDrip, answersThatAreNotRead",
        "idle connection": "LimitsTests.idleConnections",
        "slow requests at once": "HTTPServerTests.slowAnswersLeaveTheOthersAlone",
        "a review": "LimitsTests.budgets",
        "memory of a rendering": "MemoryBudgetTests",
        "time of a rendering, a decision, a manifest": "DeadlineTests",
        "large bodies in memory": "BodyBudgetTests",
        "small bodies in memory": "BodyBudgetTests",
        "decoding and rendering at one time": "MemoryBudgetTests",
        "resident memory of the process": "MemoryBudgetTests",
        "nodes of a template": "GoTemplateTests.endsAtALimit",
        "cached templates of requests": "TemplateCacheTests",
        "annotations of an injected pod": "PodCheckTests",
        "warnings of a review": "AdmissionReviewTests",
    ]

    @Test(arguments: RenderLimit.allCases)
    func everyLimitOfARenderingIsInTheDocument(limit: RenderLimit) {
        let text = TestSupport.text(of: packageRoot + "/docs/reference.md")
        let isARow = text.split(separator: "\n").contains {
            $0.hasPrefix("| ") && $0.contains("`\(limit.flag)`")
        }
        #expect(isARow, "docs/reference.md has no row with \(limit.flag)")
    }

    @Test func everyRowOfTheDocumentHasATest() {
        let text = TestSupport.text(of: packageRoot + "/docs/reference.md")
        let table = text.split(separator: "| what | limit | past it | flag |").last ?? ""
        var rows: Set<String> = []
        for line in table.split(separator: "\n").dropFirst() {
            guard line.hasPrefix("| ") else { break }
            rows.insert(line.dropFirst(2).split(separator: " |")[0].trimmed)
        }
        let tested = Set(Self.all.map(\.row)).union(Self.elsewhere.keys)
        #expect(rows == tested)
    }
}

extension Substring {
    fileprivate var trimmed: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
