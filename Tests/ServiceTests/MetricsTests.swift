import HTTPServer
import System
import TestSupport
import Testing
import Values

@testable import Service

/// Checks a scrape after known requests.
struct MetricsTests {
    private func scrape(_ service: Service, accept: String? = nil) throws -> (text: String, type: String) {
        let headers = accept.map { [("Accept", $0)] } ?? []
        let response = try #require(try service.client().request("GET", "/metrics", headers: headers))
        #expect(response.status == 200)
        return (response.text, try #require(response.header("Content-Type")))
    }

    /// The number after a series' name and labels.
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

    /// Every metric with its type and the labels of its series. Histograms also have `le`.
    private static let table: [(name: String, type: String, labels: [String])] = [
        ("sidecar_injection_requests_total", "counter", []),
        ("sidecar_injection_success_total", "counter", []),
        ("sidecar_injection_failure_total", "counter", []),
        ("sidecar_injection_skip_total", "counter", []),
        ("sidecar_injection_time_seconds", "histogram", []),
        ("sidecar_injection_decisions_total", "counter", ["decision", "reason"]),
        ("sidecar_injection_errors_total", "counter", ["stage"]),
        ("sidecar_injection_tainted_values_total", "counter", ["action"]),
        ("sidecar_injection_patch_bytes", "histogram", []),
        ("sidecar_injection_patch_operations", "histogram", []),
        ("sidecar_injection_in_flight", "gauge", []),
        ("sidecar_injection_config_last_reload_successful", "gauge", ["file"]),
        ("sidecar_injection_config_last_reload_success_timestamp_seconds", "gauge", ["file"]),
        ("sidecar_injection_config_reloads_total", "counter", ["file", "result"]),
        ("sidecar_injection_cert_expiry_timestamp_seconds", "gauge", []),
        ("sidecar_injection_cert_reloads_total", "counter", ["result"]),
        ("sidecar_injection_build_info", "gauge", ["version", "revision", "istio_compat"]),
        ("template_render_requests_total", "counter", ["engine", "result"]),
        ("template_render_duration_seconds", "histogram", ["engine", "result"]),
        ("template_render_output_bytes", "histogram", ["engine", "result"]),
        ("template_render_limit_exceeded_total", "counter", ["limit"]),
        ("http_requests_total", "counter", ["handler", "code", "method"]),
        ("http_request_duration_seconds", "histogram", ["handler"]),
        ("http_request_size_bytes", "histogram", ["handler"]),
        ("http_response_size_bytes", "histogram", ["handler"]),
        ("http_requests_in_flight", "gauge", []),
        ("process_cpu_seconds_total", "counter", []), ("process_resident_memory_bytes", "gauge", []),
        ("process_virtual_memory_bytes", "gauge", []), ("process_open_fds", "gauge", []),
        ("process_max_fds", "gauge", []), ("process_start_time_seconds", "gauge", []),
    ]

    /// Bounds that are fine enough for an answer of a tenth of a millisecond.
    private static let seconds = [
        "0.0001", "0.00025", "0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25",
        "0.5",
        "1", "2.5", "5", "10", "+Inf",
    ]

    @Test func everyMetricHasItsTypeLabelsAndBuckets() throws {
        let certificates = packageRoot + "/Tests/HTTPServerTests/certificates/"
        let service = try LiveService.start { options in
            options.port = 0
            options.address = "127.0.0.1"
            options.tlsCertFile = certificates + "server.pem"
            options.tlsKeyFile = certificates + "server.key"
        }
        defer { service.stop() }
        let client = try #require(
            service.listeners.first { $0.kind == .http }.flatMap {
                HTTPClient(port: $0.server.port)
            })
        // One request, for series that exist only after the first use.
        _ = client.request("GET", "/version")
        _ = client.request(
            "POST", "/inject", headers: [("Content-Type", "application/json")], body: review("null"))
        let text = try #require(client.request("GET", "/metrics")).text
        var types: [String: String] = [:]
        var labels: [String: Set<[String]>] = [:]
        var bounds: [String: [String]] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if line.hasPrefix("# TYPE ") { types[String(words[2])] = String(words[3]) }
            guard !line.hasPrefix("#") else { continue }
            let series = line[..<(line.lastIndex(of: " ") ?? line.endIndex)]
            let name = String(series.prefix { $0 != "{" })
            var pairs: [(String, String)] = []
            for part in series.dropFirst(name.count + 1).dropLast().split(separator: ",") {
                let halves = part.split(separator: "=", maxSplits: 1)
                pairs.append((String(halves[0]), String(halves[1].dropFirst().dropLast())))
            }
            labels[name, default: []].insert(pairs.map(\.0))
            if let bound = pairs.first(where: { $0.0 == "le" })?.1, bounds[name]?.contains(bound) != true {
                bounds[name, default: []].append(bound)
            }
        }
        for (name, type, expected) in Self.table {
            #expect(types[name] == type, "\(name)")
            if type == "histogram" {
                #expect(labels[name + "_bucket"] == [expected + ["le"]], "\(name)")
                #expect(labels[name + "_sum"] == [expected], "\(name)")
                #expect(labels[name + "_count"] == [expected], "\(name)")
                if name.hasSuffix("_seconds") { #expect(bounds[name + "_bucket"] == Self.seconds, "\(name)") }
            } else {
                #expect(labels[name] == [expected], "\(name)")
            }
        }
        let known = Set(Self.table.map(\.name))
        let others = types.keys.filter {
            !known.contains($0) && !$0.contains("cache") && !$0.hasPrefix("webhook_")
        }
        #expect(others.isEmpty, "not in the table: \(others)")
    }

    /// The sum is right at every scrape, even under traffic.
    @Test func theSumHoldsUnderTraffic() throws {
        let service = try LiveService.start()
        defer { service.stop() }
        let pod =
            #"{"kind":"Pod","metadata":{"name":"p","annotations":{ANNOTATION}},"spec":{"containers":[{"name":"c","image":"i"}]}}"#
        let bodies = [
            review(pod.replacing("ANNOTATION", with: "")),
            review(pod.replacing("ANNOTATION", with: #""sidecar.istio.io/inject":"false""#)),
            review("null"), Array("{".utf8),
        ]
        let port = service.http.server.port
        let traffic = (0..<3).compactMap { thread in
            Thread(stackBytes: 512 << 10) {
                guard let client = HTTPClient(port: port) else { return }
                for turn in 0..<400 {
                    _ = client.request(
                        "POST", "/inject", headers: [("Content-Type", "application/json")],
                        body: bodies[(turn + thread) % bodies.count])
                }
            }
        }
        var last = 0.0
        for _ in 0..<100 {
            let text = try scrape(service).text
            let sums = ["success", "failure", "skip"].compactMap {
                value("sidecar_injection_\($0)_total", in: text)
            }
            let requests = try #require(value("sidecar_injection_requests_total", in: text))
            #expect(requests == sums.reduce(0, +))
            #expect(requests >= last)
            last = requests
        }
        for thread in traffic { thread.join() }
        let text = try scrape(service).text
        #expect(value("sidecar_injection_requests_total", in: text) == 1_200)
        #expect(value("sidecar_injection_success_total", in: text) == 300)
        #expect(value("sidecar_injection_skip_total", in: text) == 300)
        #expect(value("sidecar_injection_failure_total", in: text) == 600)
        let decisions = text.split(separator: "\n")
            .filter { $0.hasPrefix("sidecar_injection_decisions_total{") }
            .compactMap { Double($0.split(separator: " ").last ?? "") }
        #expect(decisions.reduce(0, +) == 1_200)
        #expect(value("sidecar_injection_time_seconds_count", in: text) == 1_200)
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
