import Glibc
import TestSupport
import Testing
import Values
import YAML

/// Evaluates the alerts of deploy/monitoring for an installation whose metrics stay as in one scrape for three hours.
enum ScrapedAlerts {
    static let promtool: String? = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first {
        access($0, X_OK) == 0
    }

    /// Evaluates the rules with promtool; records an issue for each alert that fires.
    static func expectNone(_ scrape: String) throws {
        // Skipped without promtool, which is in Debian's package prometheus.
        guard let promtool else { return }
        let rules = packageRoot + "/deploy/monitoring/rules.yaml"
        let groups = try YAMLReader.value(text(of: rules))["groups"]?.array ?? []
        let alerts = groups.flatMap { $0["rules"]?.array ?? [] }.compactMap { $0["alert"]?.string }
        #expect(alerts.count > 10)
        let test: Value = [
            "rule_files": [.string(rules)], "evaluation_interval": "1m",
            "tests": [
                [
                    "interval": "1m", "input_series": .array(series(scrape)),
                    "alert_rule_test": .array(
                        alerts.map {
                            ["eval_time": "180m", "alertname": .string($0), "exp_alerts": []]
                        }),
                ]
            ],
        ]
        let folder = TemporaryFolder()
        folder.write(JSON.text(test), to: "test.yaml")
        let result = run(promtool, ["test", "rules", folder.path("test.yaml")])
        #expect(result.status == 0, "\(result.output)\(result.errors)")
    }

    /// Each series of the scrape, with the labels that Prometheus adds for a target.
    private static func series(_ scrape: String) -> [Value] {
        let now = Double(time(nil))
        return scrape.split(separator: "\n").compactMap { line in
            guard !line.hasPrefix("#"), let blank = line.lastIndex(of: " "),
                var value = Double(line[line.index(after: blank)...]), value.isFinite
            else { return nil }
            let head = line[..<blank]
            let name = head.prefix { $0 != "{" }
            // The clock of promtool's rule tests begins at zero.
            if name.hasSuffix("_timestamp_seconds") { value -= now }
            let own = head.dropFirst(name.count).dropFirst().dropLast()
            let labels = #"job="pillion",namespace="pillion-system",pod="a""# + (own.isEmpty ? "" : "," + own)
            return ["series": .string("\(name){\(labels)}"), "values": .string("\(value)x180")]
        }
    }
}

struct ScrapedAlertsTests {
    /// `expectNone` finds an alert that fires.
    @Test(.enabled(if: ScrapedAlerts.promtool != nil, "needs promtool, of Debian's prometheus"))
    func alertsAreFound() throws {
        try withKnownIssue {
            try ScrapedAlerts.expectNone(
                "sidecar_injection_build_info 1\nsidecar_injection_config_last_reload_successful{file=\"templates\"} 0\n"
            )
        } matching: {
            "\($0)".contains("PillionConfigurationRefused")
        }
        try ScrapedAlerts.expectNone(
            "sidecar_injection_build_info 1\nsidecar_injection_config_last_reload_successful{file=\"inject\"} 1\n"
        )
    }
}
