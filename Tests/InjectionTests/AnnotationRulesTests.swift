import PluginAPI
import TestSupport
import Testing
import Values

@testable import Injection

@Suite struct AnnotationRulesTests {
    private static func check(
        _ annotations: [(String, String)], _ form: PolicyConfiguration.Form
    ) -> AnnotationRules.Outcome {
        let members = annotations.map { Member($0.0, .string($0.1)) }
        return AnnotationRules.check(Object(members), form: form, mesh: MeshConfiguration.defaults(form))
    }

    /// An annotation, values that are valid in both forms, and values that are valid in neither.
    private static let bothForms: [(annotation: String, valid: [String], invalid: [String])] = [
        ("sidecar.istio.io/interceptionMode", ["REDIRECT", "TPROXY", "NONE"], ["FOO", "", "redirect"]),
        (
            "status.sidecar.istio.io/port", ["0", "15020", "65535", "080"],
            ["", "65536", "-1", "+1", "x", "1.5"]
        ),
        (
            "readiness.status.sidecar.istio.io/periodSeconds", ["0", "4294967295"],
            ["4294967296", "-1", "", "1s"]
        ),
        ("readiness.status.sidecar.istio.io/initialDelaySeconds", ["1"], ["x"]),
        ("readiness.status.sidecar.istio.io/failureThreshold", ["30"], ["1.5"]),
        (
            "traffic.sidecar.istio.io/includeOutboundIPRanges",
            [
                "*", "", "10.0.0.0/8", "10.0.0.0/8,1.2.3.4/32", "fd00::/8", "::/0", "::1/128", "1::/16",
                "::ffff:1.2.3.4/96",
                "1:2:3:4:5:6:7:8/64", "0.0.0.0/0",
            ],
            [
                "10.0.0.0/33", "10.0.0.0", "10.0.0/8", "*,10.0.0.0/8", "10.0.0.0/8,,1.2.3.4/32",
                "1.2.3.256/8", "::1::/8", "::\u{301}/8", "10.0.0.0/\u{301}8",
                ":::/8", "fd00::/129", "12345::/8", "10.0.0.0/-1", "10.0.0.0/8/8", "1:2:3:4:5:6:7/8",
                "10.0.0.0/8 ",
            ]
        ),
        ("traffic.sidecar.istio.io/excludeOutboundIPRanges", ["", "10.0.0.0/8"], ["*", "bad"]),
        (
            "traffic.sidecar.istio.io/includeInboundPorts", ["*", "", "80", "80, 81", " 80"],
            ["1,x", "80,,81", "70000"]
        ),
        ("traffic.sidecar.istio.io/excludeInboundPorts", ["", "80,81"], ["*", ","]),
        ("traffic.sidecar.istio.io/excludeOutboundPorts", ["", "80"], ["80,", "*"]),
        (
            "prometheus.istio.io/merge-metrics", ["1", "t", "True", "FALSE", "f"],
            ["maybe", "", "yes", "tRUE"]
        ),
        (
            "proxy.istio.io/config",
            [
                "", "{}", "concurrency: 0", "concurrency: 4", "unknownField: 1", "drainDuration: 45s",
                "{statusPort: 1}",
                "discoveryAddress: a.b:15012",
            ],
            [
                "concurrency: many", "nope: [1", "[]", "drainDuration: 45", "drainDuration: 0s",
                "statusPort: 70000",
                "a: \(String(repeating: "[", count: 500))", "a: [\(String(repeating: "1,", count: 20_000))]",
                "interceptionMode: SIDEWAYS", "concurrency: -1", "discoveryAddress: nowhere",
                "drainDuration: 1.5s",
            ]
        ),
    ]

    @Test(arguments: bothForms)
    func valuesOfBothForms(annotation: String, valid: [String], invalid: [String]) {
        for form in [PolicyConfiguration.Form.classic, .modern] {
            for value in valid {
                #expect(Self.check([(annotation, value)], form).problems == [], "\(form) \(value)")
            }
            for value in invalid {
                let problems = Self.check([(annotation, value)], form).problems
                #expect(problems.map(\.value) == [value], "\(form) \(value)")
                #expect(problems.allSatisfy { !$0.why.isEmpty })
            }
        }
    }

    /// An annotation, a value, and the number of problems in the classic and in the modern form.
    private static let oneForm: [(annotation: String, value: String, classic: Int, modern: Int)] = [
        ("sidecar.istio.io/enableCoreDump", "sure", 1, 0), ("sidecar.istio.io/proxyCPU", "lots", 0, 1),
        ("sidecar.istio.io/proxyCPU", "2000m", 0, 0), ("sidecar.istio.io/proxyCPULimit", "-", 0, 1),
        ("sidecar.istio.io/proxyMemory", "1 GB", 0, 1), ("sidecar.istio.io/proxyMemoryLimit", "1Gi\n", 0, 1),
        ("traffic.sidecar.istio.io/kubevirtInterfaces", "averyveryverylongname0", 0, 1),
        ("traffic.sidecar.istio.io/kubevirtInterfaces", "net1, net2", 0, 0),
        ("traffic.sidecar.istio.io/excludeInterfaces", "1net", 0, 1),
        ("istio.io/reroute-virtual-interfaces", "net0ps2,net1_a.b-c", 0, 0),
        ("istio.io/reroute-virtual-interfaces", "net0;id", 0, 1),
        ("sidecar.istio.io/userVolume", "anything", 0, 0),
    ]

    @Test(arguments: oneForm)
    func valuesOfOneForm(annotation: String, value: String, classic: Int, modern: Int) {
        #expect(Self.check([(annotation, value)], .classic).problems.count == classic)
        #expect(Self.check([(annotation, value)], .modern).problems.count == modern)
    }

    /// Fails for a rule without values in one of the two tables.
    @Test func everyCheckedAnnotationHasValues() {
        let rules = AnnotationRules.classic.merging(AnnotationRules.modern) { first, _ in first }
        let tested = Set(Self.bothForms.map(\.annotation)).union(Self.oneForm.map(\.annotation))
        for (annotation, rule) in rules where rule != .anything {
            #expect(tested.contains(annotation), "\(annotation) is checked, but no test has a value of it")
        }
    }

    @Test func messageListsProblemsInOrder() {
        let problems = Self.check(
            [
                ("status.sidecar.istio.io/port", "x"), ("sidecar.istio.io/interceptionMode", "FOO"),
                ("mine", "y"),
            ],
            .classic
        ).problems
        #expect(
            AnnotationRules.message(problems) == """
                2 errors occurred:
                \t* invalid value 'FOO' for annotation 'sidecar.istio.io/interceptionMode': expected REDIRECT, TPROXY or NONE
                \t* invalid value 'x' for annotation 'status.sidecar.istio.io/port': found 'x', expected a port, 0 to 65535


                """)
        #expect(
            AnnotationRules.message(Array(problems.prefix(1))).hasPrefix(
                "1 error occurred:\n\t* invalid value 'FOO'"))
    }

    @Test func unknownNamesAreNoted() {
        let classic = Self.check(
            [
                ("sidecar.istio.io/injct", "secret"), ("sidecar.istio.io/inject", "true"), ("my.istio/x", ""),
                ("a", "b"),
            ],
            .classic)
        #expect(
            classic.notes == [
                "annotation 'my.istio/x' is not known, it may be misspelled",
                "annotation 'sidecar.istio.io/injct' is not known, it may be misspelled; did you mean "
                    + "'sidecar.istio.io/inject'?",
            ])
        let modern = Self.check(
            [("my.istio/x", ""), ("proxy.istio.io/confg", ""), ("inject.istio.io/templates", "")], .modern)
        #expect(
            modern.notes == [
                "annotation 'proxy.istio.io/confg' is not known, it may be misspelled; did you mean 'proxy.istio.io/config'?"
            ])
        #expect(AnnotationRules.isKnown("traffic.sidecar.istio.io/includeInboundPorts", form: .classic))
        #expect(!AnnotationRules.isKnown("sidecar.istio.io/unheard", form: .classic))
    }

    /// Suggests known names for at most `searchLimit` unknown ones, so that 80,000 of them do not delay a review.
    @Test(arguments: [63: 1, 64: 0]) func fewNamesAreLookedFor(others: Int, notes: Int) {
        let unknown = (0..<others).map { ("far.from.all/istio-\($0)", "") }
        let outcome = Self.check(unknown + [("proxy.istio.io/confg", "")], .modern)
        #expect(outcome.notes.count == notes)
    }

    /// Compares with Istio's recorded verdicts on annotations, for those that its registry validates.
    @Test(
        .needs(.istioClassic), .needs(.istioModern),
        arguments: [(CaseCollection.istioClassic, PolicyConfiguration.Form.classic), (.istioModern, .modern)])
    func recordedRefusals(collection: CaseCollection, form: PolicyConfiguration.Form) throws {
        var checked = 0
        for line in text(of: collection.path("refusals.jsonl")).split(separator: "\n") {
            let case_ = try JSON.read(String(line))
            let annotation = try #require(case_["annotation"]?.string)
            let value = try #require(case_["value"]?.string)
            guard case_["message"]?.string?.contains("for annotation") ?? true else { continue }
            if annotation == "inject.istio.io/templates" { continue }
            let problems = Self.check([(annotation, value)], form).problems
            #expect(problems.isEmpty == (case_["allowed"] == true), "\(annotation) \(value)")
            checked += 1
        }
        #expect(checked > 15)
    }
}
