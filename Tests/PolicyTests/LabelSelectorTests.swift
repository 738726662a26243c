import PluginAPI
import Policy
import Testing
import Values

/// Selectors of a configuration, evaluated as in Kubernetes: which labels match, and which selectors are refused.
struct LabelSelectorTests {
    private func matches(_ selector: Value, _ labels: Value) -> Bool {
        engine(.classic, policy: "disabled", always: [selector])
            .decide(subject(labels: labels), trace: false).inject
    }

    private func warning(_ selector: Value) -> String? {
        PolicyPlugin().compile(
            PolicyConfiguration(
                form: .modern, policy: "enabled", neverInjectSelector: [selector], file: "c.yaml",
                lines: ["neverInjectSelector/0": 3])
        ).warnings.first?.message
    }

    static func expression(_ key: Value, _ test: Value, _ values: Value? = nil) -> Value {
        var object = Object([Member("key", key), Member("operator", test)])
        if let values { object["values"] = values }
        return ["matchExpressions": [.object(object)]]
    }

    @Test(
        arguments: [
            (["matchLabels": ["tier": "front"]], true, false, false),
            (expression("tier", "In", ["front", "side"]), true, false, false),
            (expression("tier", "NotIn", ["front"]), false, true, true),
            (expression("tier", "Exists"), true, true, false),
            (expression("tier", "DoesNotExist"), false, false, true),
            (
                [
                    "matchLabels": ["tier": "front"],
                    "matchExpressions": [["key": "app", "operator": "Exists"]],
                ], false, false, false
            ),
        ] as [(Value, Bool, Bool, Bool)])
    func operators(selector: Value, front: Bool, back: Bool, none: Bool) {
        #expect(matches(selector, ["tier": "front"]) == front)
        #expect(matches(selector, ["tier": "back"]) == back)
        #expect(matches(selector, [:]) == none)
    }

    @Test("other scalars become strings, and member names match in any case, as in Go's decoder")
    func decoding() {
        #expect(matches(["matchLabels": ["v": 1]], ["v": "1"]))
        #expect(matches(["matchLabels": ["v": true]], ["v": "true"]))
        #expect(matches(["MatchLabels": ["v": "x"]], ["v": "x"]))
    }

    /// A faulty selector, and its message after `neverInjectSelector[0] is ignored: `.
    @Test(
        arguments: [
            ([:], "it is empty"),
            (.null, "it is empty"),
            (["matchLabels": [:], "matchExpressions": .null], "it is empty"),
            (
                ["matchLabel": ["a": "b"]],
                "it has neither matchLabels nor matchExpressions, only \"matchLabel\""
            ),
            ("app=web", "it is not an object: expected matchLabels, matchExpressions or both"),
            (["matchLabels": ["a"]], "its matchLabels is not an object of labels"),
            (["matchLabels": ["a": ["b"]]], "the value of label \"a\" is not a string"),
            (["matchExpressions": "x"], "its matchExpressions is not a list"),
            (["matchExpressions": ["x"]], "an item of its matchExpressions is not an object"),
            (
                expression("tier", "Gt", ["1"]),
                "\"Gt\" is not an operator: expected one of In, NotIn, Exists, DoesNotExist"
            ),
            (
                expression("tier", "in", ["1"]),
                "\"in\" is not an operator: expected one of In, NotIn, Exists, DoesNotExist"
            ),
            (expression("tier", "In", []), "In for \"tier\" needs at least one value"),
            (expression("tier", "NotIn"), "NotIn for \"tier\" needs at least one value"),
            (expression("tier", "Exists", ["x"]), "Exists for \"tier\" takes no values"),
            (expression("tier", "In", "x"), "the values of the expression for \"tier\" are not a list"),
            (expression("", "Exists"), "the key \"\" has no name"),
            (expression("a/b/c", "Exists"), "the key \"a/b/c\" has more than one slash"),
            (expression("/b", "Exists"), "the key \"/b\" has nothing before its slash"),
            (
                expression("A.b/c", "Exists"),
                "the key \"A.b/c\" needs a DNS subdomain before its slash: lower-case letters, digits, '-' and '.'"
            ),
            (
                expression("-a", "Exists"),
                "the key \"-a\" may only have letters, digits, '-', '_' and '.' in its name, which begins and ends with a "
                    + "letter or digit"
            ),
            (
                ["matchLabels": ["app": "not a value!"]],
                "the value \"not a value!\" may only have letters, digits, '-', '_' and '.', and begins and ends with a "
                    + "letter or digit"
            ),
            (
                ["matchLabels": ["app": .string(String(repeating: "x", count: 64))]],
                "the value \"" + String(repeating: "x", count: 64) + "\" has more than 63 characters"
            ),
        ] as [(Value, String)])
    func refused(selector: Value, reason: String) {
        #expect(warning(selector) == "neverInjectSelector[0] is ignored: \(reason)")
        #expect(!matches(selector, ["app": "web", "tier": "1"]))
    }

    @Test("keys and values at their limits are accepted")
    func accepted() {
        let long = String(repeating: "x", count: 63)
        let prefix = String(repeating: "a.", count: 126) + "a"
        #expect(
            warning(["matchLabels": .object(Object([Member(prefix + "/" + long, .string(long))]))]) == nil)
        #expect(warning(["matchLabels": .object(Object([Member("b" + prefix + "/x", "")]))]) != nil)
        #expect(warning(["matchLabels": ["a": ""]]) == nil)
        #expect(warning(Self.expression("x.y/A_b.c-9", "Exists")) == nil)
    }
}
