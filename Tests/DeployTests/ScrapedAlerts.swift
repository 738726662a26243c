import Glibc
import TestSupport
import Testing
import Values
import YAML

/// The alerts of deploy/monitoring, over an installation that stays for three hours as one scrape found it.
enum ScrapedAlerts {
    static let promtool: String? = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first {
        access($0, X_OK) == 0
    }

    /// Has promtool evaluate the rules; records an issue for each alert that fires.
    static func expectNone(_ scrape: String) throws {
        // Without promtool, which Debian's prometheus has, this is not tested.
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

    /// Each series of the scrape, as a target of Prometheus has it.
    private static func series(_ scrape: String) -> [Value] {
        let now = Double(time(nil))
        return scrape.split(separator: "\n").compactMap { line in
            guard !line.hasPrefix("#"), let blank = line.lastIndex(of: " "),
                var value = Double(line[line.index(after: blank)...]), value.isFinite
            else { return nil }
            let head = line[..<blank]
            let name = head.prefix { $0 != "{" }
            // The clock of the rules' tests begins at zero.
            if name.hasSuffix("_timestamp_seconds") { value -= now }
            let own = head.dropFirst(name.count).dropFirst().dropLast()
            let labels = #"job="pillion",namespace="pillion-system",pod="a""# + (own.isEmpty ? "" : "," + own)
            return ["series": .string("\(name){\(labels)}"), "values": .string("\(value)x180")]
        }
    }
}

struct ScrapedAlertsTests {
    /// What `expectNone` finds, where there is something.
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
