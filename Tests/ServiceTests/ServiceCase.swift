import PluginAPI
import HTTPServer
import PluginAPI
import TestSupport
import Testing
import Values

@testable import Service

/// A request and its answer. Each file of `cases/` is one:
///
///     POST /render
///     Content-Type: application/json
///
///     {"template": "x"}
///     --- 200 application/json
///     {"output":"x"}
///
/// Each request is sent twice: to the router in process, and to a server over a socket. `UPDATE_GOLDEN=1` rewrites the
/// part after `---`.
struct ServiceCase: CustomTestStringConvertible {
    let path: String
    let given: String
    let method: String
    let target: String
    let headers: [(String, String)]
    let body: [UInt8]

    static let folder = packageRoot + "/Tests/ServiceTests/cases"
    static let all = entries(of: folder).map { ServiceCase(path: folder + "/" + $0) }

    init(path: String) {
        self.path = path
        let text = TestSupport.text(of: path)
        let end = text.range(of: "\n--- ") ?? text.endIndex..<text.endIndex
        given = String(text[..<end.lowerBound])
        let halves = given.split(separator: "\n\n", maxSplits: 1, omittingEmptySubsequences: false)
        let lines = halves[0].split(separator: "\n")
        let words = lines[0].split(separator: " ")
        method = String(words[0])
        target = String(words[1])
        headers = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (String(parts[0]), String(parts[1].drop { $0 == " " }))
        }
        body = halves.count < 2 ? [] : Array(halves[1].utf8)
    }

    var testDescription: String { String(path.split(separator: "/").last ?? "") }

    /// The answer in the file's format, without what differs from run to run.
    static func shown(status: Int, type: String, allow: String?, body: [UInt8]) -> String {
        var text = "--- \(status) \(type)\n"
        if let allow { text += "Allow: \(allow)\n" }
        return text + String(decoding: body, as: UTF8.self)
    }

    func askRouter(_ router: Router) -> String {
        body.withUnsafeBufferPointer { bytes in
            let request = HTTPRequest(method: method, target: target, headers: headers, body: bytes)
            guard let response = router.respond(to: request, mayTakeLong: true) else { return "no answer" }
            func header(_ name: String) -> String? { response.headers.first { $0.name == name }?.value }
            let bytes = method == "HEAD" ? [] : response.withBody { Array($0) }
            return Self.shown(
                status: response.status, type: header("Content-Type") ?? "-", allow: header("Allow"),
                body: bytes)
        }
    }

    func askServer(port: UInt16) throws -> String {
        let client = try #require(HTTPClient(port: port))
        let response = try #require(client.request(method, target, headers: headers, body: body))
        #expect(response.header("X-Content-Type-Options") == "nosniff" || response.status == 204)
        #expect(response.header("Cache-Control") == "no-store" || response.status == 204)
        return Self.shown(
            status: response.status, type: response.header("Content-Type") ?? "-",
            allow: response.header("Allow"),
            body: response.body)
    }
}

extension String {
    func range(of text: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}

/// A server with the built-in configuration on a free port, shared by all tests.
enum LiveService {
    static let shared: Result<Service, any Error> = Result { try start() }

    static func start(_ change: (inout ServeOptions) -> Void = { _ in }) throws -> Service {
        var options = ServeOptions()
        options.httpPort = 0
        options.port = -1
        options.monitoringPort = -1
        options.logLevels = LogLevels(.none)
        // These tests do not test time limits, and the machine may be busy.
        options.renderMilliseconds = 240_000
        options.requestBudgetMilliseconds = 240_000
        change(&options)
        return try Service(options, log: Log(options.logLevels, format: .json))
    }
}

extension Service {
    var http: Listener { listeners[0] }

    func client() throws -> HTTPClient { try #require(HTTPClient(port: http.server.port)) }
}

struct ServiceTests {
    @Test(arguments: ServiceCase.all)
    func answersAsTheCaseSays(_ serviceCase: ServiceCase) throws {
        let service = try LiveService.shared.get()
        let live = try serviceCase.askServer(port: service.http.server.port)
        #expect(serviceCase.askRouter(service.http.router) == live)
        let difference = compareGolden(serviceCase.given + "\n" + live, with: serviceCase.path)
        #expect(difference == nil)
    }
}
