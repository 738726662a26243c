import TestSupport
import Testing
import Values

@testable import Service

/// What a scrape shows after known requests.
struct MetricsTests {
    private func scrape(_ service: Service, accept: String? = nil) throws -> (text: String, type: String) {
        let headers = accept.map { [("Accept", $0)] } ?? []
        let response = try #require(try service.client().request("GET", "/metrics", headers: headers))
        #expect(response.status == 200)
        return (response.text, try #require(response.header("Content-Type")))
    }

    /// The number behind a series' name and labels.
    private func value(_ series: String, in text: String) -> Double? {
        for line in text.split(separator: "\n") where line.hasPrefix(series + " ") {
            return Double(line.dropFirst(series.count + 1))
        }
        return nil
    }

    private func review(_ object: String) -> [UInt8] {
        Array(
            (#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","kind":{"kind":"Pod"},"#
                + #""namespace":"default","operation":"CREATE","object":"# + object + "}}").utf8)
    }

    @Test func requestsAreSuccessesFailuresAndSkips() throws {
        let service = try LiveService.start()
        defer { service.stop() }
        let json = [("Content-Type", "application/json")]
        let pod =
            #"{"kind":"Pod","metadata":{"name":"p","annotations":{ANNOTATION}},"spec":{"containers":[{"name":"c","image":"i"}]}}"#
        let bodies: [([UInt8], headers: [(String, String)])] = [
            (review(pod.replacing("ANNOTATION", with: "")), json),
            (review(pod.replacing("ANNOTATION", with: "")), json),
            (review(pod.replacing("ANNOTATION", with: #""sidecar.istio.io/inject":"false""#)), json),
            (review("null"), json), (Array("{".utf8), json), ([], json),
            (Array("x".utf8), [("Content-Type", "text/html")]),
            (Array("kind: Service\n".utf8), [("Content-Type", "application/yaml")]),
        ]
        let client = try service.client()
        for (body, headers) in bodies { _ = client.request("POST", "/inject", headers: headers, body: body) }
        let (text, type) = try scrape(service)
        #expect(type == "text/plain; version=0.0.4; charset=utf-8")
        #expect(value("sidecar_injection_requests_total", in: text) == 7)
        #expect(value("sidecar_injection_success_total", in: text) == 2)
        #expect(value("sidecar_injection_skip_total", in: text) == 1)
        #expect(value("sidecar_injection_failure_total", in: text) == 4)
        #expect(value(#"http_requests_total{handler="/inject",code="200",method="POST"}"#, in: text) == 6)
        #expect(value(#"http_requests_total{handler="/inject",code="415",method="POST"}"#, in: text) == 1)
        #expect(value("sidecar_injection_in_flight", in: text) == 0)
    }

    @Test func rendersByResult() throws {
        let service = try LiveService.start()
        defer { service.stop() }
        let client = try service.client()
        for body in [
            #"{"engine":"mustache","template":"x"}"#, #"{"engine":"mustache","template":"{{#x}}"}"#,
            #"{"engine":"mustache","template":"xx","limits":{"outputBytes":1}}"#,
            #"{"engine":"mustache","template":"[","format":"json"}"#, #"{"engine":"none","template":"x"}"#,
        ] {
            _ = client.request(
                "POST", "/render", headers: [("Content-Type", "application/json")], body: Array(body.utf8))
        }
        let text = try scrape(service).text
        for (result, count) in [("ok", 1.0), ("parse_error", 1), ("limit", 1), ("output_invalid", 1)] {
            let series = "template_render_requests_total{engine=\"mustache\",result=\"\(result)\"}"
            #expect(value(series, in: text) == count, "\(result)")
        }
        #expect(value(#"template_render_limit_exceeded_total{limit="output"}"#, in: text) == 1)
    }

    @Test func openMetricsByAccept() throws {
        let service = try LiveService.shared.get()
        let (text, type) = try scrape(service, accept: "application/openmetrics-text; version=1.0.0")
        #expect(type == "application/openmetrics-text; version=1.0.0; charset=utf-8")
        #expect(text.hasSuffix("# EOF\n"))
    }

    @Test func namesOfIstio() throws {
        let text = try scrape(try LiveService.shared.get()).text
        for name in [
            "sidecar_injection_requests_total", "sidecar_injection_success_total",
            "sidecar_injection_failure_total", "sidecar_injection_skip_total",
        ] {
            #expect(value(name, in: text) != nil, "\(name)")
        }
        for bound in ["0.0001", "0.00025", "0.0005", "0.001", "0.0025", "10"] {
            #expect(value("sidecar_injection_time_seconds_bucket{le=\"\(bound)\"}", in: text) != nil)
        }
        #expect(value(#"sidecar_injection_config_last_reload_successful{file="inject"}"#, in: text) == 1)
        #expect(text.contains("process_resident_memory_bytes"))
    }
}

extension String {
    fileprivate func replacing(_ part: String, with text: String) -> String {
        guard let range = range(of: part) else { return self }
        return String(self[..<range.lowerBound]) + text + self[range.upperBound...]
    }
}
