import Glibc
import HTTPServer
import TestSupport
import Testing
import Values
import YAML

@testable import Service

/// The dashboard and the rules of deploy/monitoring use only series of a scrape.
struct MonitoringTests {
    private static let folder = packageRoot + "/deploy/monitoring"
    /// Labels that are not in a scrape: Prometheus adds them from the target, and `le` is the bound of a histogram.
    private static let targetLabels: Set<String> = ["job", "instance", "namespace", "pod", "le"]

    /// Series that only a server with a cluster has; `ClusterServiceTests` checks them.
    private static let onlyInACluster: [String: Set<String>] = [
        "sidecar_injection_watch_connected": ["watch"],
        "sidecar_injection_watch_last_event_timestamp_seconds": ["watch"],
    ]

    private static func rules() throws -> [Value] {
        let file = try YAMLReader.value(text(of: folder + "/rules.yaml"))
        return (file["groups"]?.array ?? []).flatMap { $0["rules"]?.array ?? [] }
    }

    /// Every string under a key at any depth.
    private static func texts(_ key: String, in value: Value) -> [String] {
        switch value {
        case .array(let items): items.flatMap { texts(key, in: $0) }
        case .object(let object):
            object.members.flatMap { member in
                if member.key == key, let text = member.value.string { return [text] }
                return texts(key, in: member.value)
            }
        default: []
        }
    }

    private static func dashboardExpressions() throws -> [String] {
        let dashboard = try JSON.read(Array(text(of: folder + "/dashboard.json").utf8))
        let variables = texts("query", in: dashboard["templating"] ?? .null).compactMap { text -> String? in
            // label_values(metric{…}, label)
            guard text.hasPrefix("label_values("), let comma = text.lastIndex(of: ",") else { return nil }
            return String(text[..<comma].dropFirst("label_values(".count))
        }
        return texts("expr", in: dashboard) + variables
    }

    /// The names of the series in a scrape, each with all its labels.
    private func scraped() throws -> [String: Set<String>] {
        let certificates = packageRoot + "/Tests/HTTPServerTests/certificates/"
        let service = try LiveService.start { options in
            options.port = 0
            options.tlsCertFile = certificates + "server.pem"
            options.tlsKeyFile = certificates + "server.key"
        }
        defer { service.stop() }
        let server = try #require(service.listeners.first { $0.kind == .http }).server
        let client = try #require(HTTPClient(port: server.port))
        let review = #"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u"}}"#
        let json = [("Content-Type", "application/json")]
        _ = client.request("POST", "/inject", headers: json, body: Array(review.utf8))
        _ = client.request("POST", "/render", headers: json, body: Array(#"{"template":"x"}"#.utf8))
        let text = try #require(client.request("GET", "/metrics")).text
        var series: [String: Set<String>] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let name = line.prefix { $0 != "{" && $0 != " " }
            let labels = PromQL(String(line)).metrics.first?.labels ?? []
            series[String(name), default: []].formUnion(labels)
        }
        return series
    }

    @Test func namesAreFound() {
        let expression = PromQL(
            #"sum by (a) (rate(x_total{b="c{", d=~"e"}[5m])) / on (f) (y > bool 0.5) unless max(z offset 1h)"#
        )
        #expect(expression.metrics.map(\.name) == ["x_total", "y", "z"])
        #expect(expression.metrics.first?.labels == ["b", "d"])
        #expect(expression.grouping == ["a", "f"])
    }

    @Test func everyMetricAndLabelIsScraped() throws {
        let recorded = Set(try Self.rules().compactMap { $0["record"]?.string })
        let expressions = try Self.rules().compactMap { $0["expr"]?.string } + Self.dashboardExpressions()
        #expect(expressions.count > 60)
        let series = try scraped()
        for expression in expressions {
            let found = PromQL(expression)
            #expect(!found.metrics.isEmpty, "\(expression)")
            var known = Self.targetLabels
            for (name, labels) in found.metrics where !recorded.contains(name) {
                let own = series[name] ?? Self.onlyInACluster[name]
                #expect(own != nil, "\(name) is in no scrape: \(expression)")
                known.formUnion(own ?? [])
                #expect(labels.subtracting(own ?? []).isSubset(of: Self.targetLabels), "\(expression)")
            }
            if found.metrics.contains(where: { recorded.contains($0.name) }) { continue }
            #expect(found.grouping.isSubset(of: known), "\(expression)")
        }
    }

    /// The dashboard shows every metric.
    @Test func everyMetricIsShown() throws {
        let shown = Set(try Self.dashboardExpressions().flatMap { PromQL($0).metrics.map(\.name) })
        func isShown(_ name: String) -> Bool {
            let base = ["_bucket", "_sum", "_count"].first(where: name.hasSuffix).map {
                String(name.dropLast($0.count))
            }
            return shown.contains(name)
                || base.map { base in shown.contains { $0.hasPrefix(base + "_") } } ?? false
        }
        let unseen = try scraped().keys.filter { !isShown($0) }.sorted()
        // Mapped memory says little about used memory.
        #expect(unseen == ["process_virtual_memory_bytes"])
    }

    @Test func alertsAreDescribed() throws {
        let document = text(of: packageRoot + "/docs/run.md")
        let tested = text(of: Self.folder + "/rules-test.yaml")
        for rule in try Self.rules() {
            guard let alert = rule["alert"]?.string else { continue }
            let severity = rule["labels"]?["severity"]?.string ?? ""
            #expect(["critical", "warning", "info"].contains(severity), "\(alert)")
            #expect(rule["annotations"]?["summary"]?.string?.isEmpty == false, "\(alert)")
            #expect(rule["annotations"]?["description"]?.string?.isEmpty == false, "\(alert)")
            let runbook = try #require(rule["annotations"]?["runbook_url"]?.string)
            let halves = runbook.split(separator: "#")
            #expect(halves.first == "docs/run.md")
            let heading = document.split(separator: "\n").contains {
                $0.hasPrefix("### ") && $0.dropFirst(4).lowercased() == halves.last ?? ""
            }
            #expect(heading, "\(runbook) is not a section")
            #expect(tested.contains(alert), "\(alert) has no test")
        }
    }

    private static let promtool: String? = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first { path in
        access(path, X_OK) == 0
    }

    @Test(.enabled(if: promtool != nil, "needs promtool, of Debian's prometheus"))
    func promtoolFindsNothing() throws {
        let promtool = try #require(Self.promtool)
        let commands: [[String]] = [
            ["check", "rules", "rules.yaml"], ["test", "rules", "rules-test.yaml"],
        ]
        for arguments in commands {
            let result = run(promtool, arguments, in: Self.folder)
            #expect(result.status == 0, "\(result.output)\(result.errors)")
        }
        let text = try #require(try LiveService.shared.get().client().request("GET", "/metrics")).text
        let result = run(promtool, ["check", "metrics"], input: text)
        #expect(result.status == 0 && result.output.isEmpty, "\(result.output)\(result.errors)")
    }
}
