import PluginAPI
import TestSupport
import Testing
import Values

struct ReportTests {
    @Test("the answer of /decide")
    func json() throws {
        let pod = subject(annotation: "false")
        let engine = engine(.classic, policy: "enabled", lines: ["policy": 2])
        let answer = engine.decide(pod, trace: true).json(counterfactuals: engine.counterfactuals(pod))
        #expect(
            answer.object?.members.map(\.key) == [
                "inject", "reason", "message", "remedy", "trace", "counterfactuals",
            ])
        #expect(answer["reason"] == "annotation_false")
        let steps = try #require(answer["trace"]?.array)
        #expect(steps.count == 8)
        for step in steps {
            #expect(
                step["rule"]?.string != nil && step["code"]?.string != nil && step["message"]?.string != nil)
            #expect(["inject", "skip", "pass", "error", "unknown"].contains(step["verdict"]?.string))
        }
        #expect(
            steps.filter { $0["decisive"] == true }.map { $0["source"] } == [
                "/metadata/annotations/sidecar.istio.io~1inject"
            ])
        #expect(steps.last?["source"] == "inject.yaml:2" || steps.last?["source"] == "config.yaml:2")
        #expect(
            answer["counterfactuals"]?[0] == [
                "change": "set annotation sidecar.istio.io/inject to \"true\" on the pod", "inject": true,
                "reason": "annotation_true",
            ])
        #expect(engine.decide(pod, trace: true).json()["counterfactuals"] == nil)
    }

    @Test("audit annotations are strings without line breaks")
    func audit() {
        let engine = engine(.classic, policy: "enabled")
        let decision = engine.decide(subject(annotation: "no\nway\u{1b}[31m"), trace: true)
        let audit = decision.auditAnnotations
        #expect(audit.map(\.key) == ["decision", "message", "trace"])
        #expect(audit[0].value == "skip")
        for member in audit { #expect(member.value.unicodeScalars.allSatisfy { $0.value >= 0x20 }) }
        let short = engine.decide(subject(annotation: "no\nway\u{1b}[31m"), trace: false).auditAnnotations
        #expect(short.map(\.value) == audit.map(\.value))
    }

    @Test("a warning for the pod's author has at most 120 bytes, even if it quotes a long value")
    func warnings() throws {
        let long = String(repeating: "ä", count: 500)
        let decision = engine(.modern, policy: "enabled").decide(subject(label: long), trace: false)
        let warning = try #require(decision.admissionWarnings.first)
        #expect(warning.utf8.count <= 120)
        #expect(decision.admissionWarnings.count == 1)
    }

    @Test("a pod's author is not warned of an illegal policy, which only the configuration can change")
    func operatorsWarning() {
        let decision = engine(.modern, policy: "bogus").decide(subject(label: "true"), trace: false)
        #expect(decision.warnings.count == 1)
        #expect(decision.admissionWarnings.isEmpty)
    }

    @Test("the table for people")
    func table() {
        let engine = engine(.modern, policy: "enabled")
        let rows = [subject(), subject(label: "false"), subject(annotation: "on")].enumerated().map {
            index, pod in
            DecisionReport.Row(
                kind: "Pod", name: "p\(index)", namespace: "team-a", decision: engine.decide(pod, trace: true)
            )
        }
        let difference = compareGolden(DecisionReport.table(rows), with: CaseTests.folder + "table.txt")
        #expect(difference == nil)
    }

    @Test("the truth table of a configuration", arguments: [PolicyConfiguration.Form.classic, .modern])
    func truthTable(_ form: PolicyConfiguration.Form) {
        let table = engine(
            form, policy: "disabled", never: [["matchLabels": ["app": "build"]], [:]],
            always: [
                ["matchExpressions": [["key": "tier", "operator": "In", "values": ["front", "back"]]]],
                [
                    "matchExpressions": [
                        ["key": "a", "operator": "Exists"], ["key": "a", "operator": "DoesNotExist"],
                    ]
                ],
            ]
        ).truthTable()
        #expect(table.rows.allSatisfy { $0.conditions.count == table.columns.count })
        #expect(table.json.array?.count == table.rows.count)
        let difference = compareGolden(
            table.text, with: CaseTests.folder + "truth-table-\(form.rawValue).txt")
        #expect(difference == nil)
    }
}
