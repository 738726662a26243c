import Charts
import Glibc
import TestSupport
import Testing
import Values

@testable import Service

/// Charts over HTTP: charts of the server, and charts in requests.
@Suite(.timeLimit(.minutes(10)))
struct ChartServiceTests {
    private let folder = TemporaryFolder()

    private func write(_ text: String, to path: String) {
        _ = run(
            "/bin/mkdir", ["-p", folder.path(path.split(separator: "/").dropLast().joined(separator: "/"))])
        folder.write(text, to: path)
    }

    /// Creates a chart `web` in `charts/`, and the same chart as an archive.
    private func makeChart(_ template: String = "v: {{ .Values.v }}\n", packed: String = "web.tgz") -> [UInt8]
    {
        write("apiVersion: v2\nname: web\nversion: 1.0.0\n", to: "charts/web/Chart.yaml")
        write("v: 1\n", to: "charts/web/values.yaml")
        write(template, to: "charts/web/templates/a.yaml")
        let made = run("/bin/sh", ["-c", "tar -czf \(packed) -C charts web"], in: folder.root)
        #expect(made.status == 0, "\(made.errors)")
        return contents(of: folder.path(packed)) ?? []
    }

    private func ask(
        _ service: Service, _ body: [UInt8], type: String, query: String = ""
    ) throws -> HTTPClient.Response {
        try #require(
            try service.client().request(
                "POST", "/render" + query, headers: [("Content-Type", type), ("Accept", "text/plain")],
                body: body))
    }

    private func render(_ service: Service, _ body: String) throws -> String {
        try ask(service, Array(body.utf8), type: "application/json").text
    }

    private static let head = "---\n# Source: web/templates/a.yaml\n"

    /// Reloads a changed chart. If it does not load, the last good state stays. Other charts are not reloaded.
    @Test func reloads() throws {
        _ = makeChart()
        let service = try LiveService.start { $0.chartsFolder = folder.path("charts") }
        defer { service.stop() }
        let web = #"{"chartRef":"web","values":{"v":2}}"#
        #expect(try render(service, web) == Self.head + "v: 2\n")
        write("w: {{ .Values.v }}\n", to: "charts/web/templates/a.yaml")
        _ = run("/bin/cp", ["-r", folder.path("charts/web"), folder.path("charts/other")])
        service.reload()
        #expect(try render(service, web) == Self.head + "w: 2\n")
        #expect(try render(service, #"{"chartRef":"other"}"#) == Self.head + "w: 1\n")
        write("name: [", to: "charts/web/Chart.yaml")
        _ = run("/bin/rm", ["-r", folder.path("charts/other")])
        service.reload()
        #expect(try render(service, web) == Self.head + "w: 2\n")
        #expect(try render(service, #"{"chartRef":"other"}"#).contains(#"expected one of \"web\""#))
        let metrics = try #require(try service.client().request("GET", "/metrics")).text
        let counter = "sidecar_injection_config_reloads_total{file=\"charts\",result="
        #expect(metrics.contains("\(counter)\"failure\"} 1") && metrics.contains("\(counter)\"success\"} 1"))
        write("apiVersion: v2\nname: web\nversion: 2.0.0\n", to: "charts/web/Chart.yaml")
        write("x: {{ .Chart.Version }}\n", to: "charts/web/templates/a.yaml")
        service.reload()
        #expect(try render(service, web) == Self.head + "x: 2.0.0\n")
    }

    private static func form(_ parts: [(name: String, bytes: [UInt8])]) -> [UInt8] {
        var body: [UInt8] = []
        for part in parts {
            body += Array("--b\r\nContent-Disposition: form-data; name=\"\(part.name)\"\r\n\r\n".utf8)
            body += part.bytes + [0x0D, 0x0A]
        }
        return body + Array("--b--\r\n".utf8)
    }

    @Test func takesForms() throws {
        let chart = makeChart("v: {{ .Values.v }} {{ .Values.w }} {{ .Release.Name }}\n")
        let service = try LiveService.shared.get()
        let type = "multipart/form-data; boundary=b"
        func answer(_ parts: [(String, [UInt8])]) throws -> String {
            try ask(service, Self.form(parts), type: type, query: "?name=r&set=w%3D3").text
        }
        #expect(try answer([("chart", chart)]) == Self.head + "v: 1 3 r\n")
        let values = [("values", Array("v: 5\nw: 1".utf8)), ("values", Array(#"{"v": 6}"#.utf8))]
        #expect(try answer([("chart", chart)] + values) == Self.head + "v: 6 3 r\n")
        #expect(try answer(values).contains("there is no part \\\"chart\\\""))
        #expect(try answer([("chart", chart), ("chart", chart)]).contains("is not expected"))
        #expect(try answer([("chart", chart), ("values", Array("[1]".utf8))]).contains("expected a map"))
        #expect(try answer([("chart", chart), ("values", Array("a: [".utf8))]).contains("is not YAML: line"))
        let long = [UInt8](repeating: 0x23, count: ChartLimits().valuesBytes)
        #expect(try answer([("chart", chart), ("values", long)]) == Self.head + "v: 1 3 r\n")
        #expect(
            try answer([("chart", chart), ("values", long + [0x23])]).contains("more than 4194304 bytes"))
    }

    /// An archive may be longer than other bodies, up to its own limit.
    @Test func takesLongArchives() throws {
        let limit = ChartLimits().archiveBytes
        let service = try LiveService.start()
        defer { service.stop() }
        func code(_ service: Service, _ count: Int) throws -> String? {
            let body = [UInt8](repeating: 0, count: count)
            return try JSON.read(ask(service, body, type: "application/gzip").body)["code"]?.string
        }
        #expect(try code(service, limit) == "chart_archive_invalid")
        #expect(try code(service, limit + 1) == "chart_limit_exceeded")
        #expect(try code(service, limit + (5 << 20)) == "body_too_large")
    }
}
