import Injection
import PluginAPI
import Service
import Values
import YAML

let decideVerb = Verb(
    name: "decide", summary: "decide whether pods get a sidecar, and why",
    discussion: """
        Reads pods and objects with a pod template, and evaluates the policy of a configuration for each. Uses the
        built-in configuration by default. Namespaces among the objects supply the labels for the objects in them.
        Objects without pods are counted and do not change the exit status.
        """,
    options: manifestFileOptions + [
        Option(
            name: "injectConfig", shape: .value("FILE"), help: "the injection configuration",
            readsEnvironment: true),
        Option(
            name: "namespace", short: "n", shape: .value("NAME"),
            help: "the namespace of objects "
                + "without one"),
        Option(
            name: "namespace-labels", shape: .list("KEY=VALUE"),
            help: "the namespace's labels, \"\" for no labels; without this flag, rules that need them "
                + "are unknown"),
        Option(
            name: "webhookConfig", shape: .value("FILE"),
            help: "a MutatingWebhookConfiguration: does the API server call the injector?"),
        Option(
            name: "revision", short: "r", shape: .value("NAME"), fallback: "", help: "the injector's revision"
        ),
        podTemplatePathOption, nativeSidecarsOption,
        Option(
            name: "output", short: "o", shape: .choice(["table", "json", "yaml", "sarif", "junit"]),
            fallback: "table",
            help: "the format; a list if there are several objects; sarif, junit: for CI"),
        Option(
            name: "fail-on", shape: .choice(["skip", "error", "never"]), fallback: "skip",
            help: "exit with 3 if a workload is skipped, with 1 if one has no answer, or with neither"),
        Option(
            name: "valuesFile", shape: .value("FILE"), help: "the values, for --forecast",
            readsEnvironment: true),
        Option(
            name: "meshConfigFile", shape: .value("FILE"), help: "the mesh configuration, for --forecast",
            readsEnvironment: true),
        Option(
            name: "forecast", shape: .choice(["warn", "deny", "off"]), fallback: "off",
            help: "inject the pods that get a sidecar: warn of what an API server would refuse; "
                + "deny: exit with 1 as well"),
    ] + forecastLimitOptions + [
        Option(name: "explain", shape: .flag, help: "print every rule, and what would change the answer"),
        Option(name: "table", shape: .flag, help: "print the truth table of the configuration"),
    ] + platformOptions,
    examples: [
        ("pillion decide -f pod.yaml --explain", "why does this pod get no sidecar?"),
        ("pillion decide -f manifests/ -n shop -o json", "for programs"),
        ("pillion decide -f manifests/ -R -o sarif --fail-on error > decide.sarif", "for code scanning"),
        ("pillion decide --injectConfig inject.yaml --table", "what does this configuration answer?"),
    ],
    statuses: [(3, "a workload is skipped, unless --fail-on says otherwise")],
    run: { arguments in
        let snapshot = try snapshot(arguments)
        let format = arguments.choice("output") ?? "table"
        let failOn = arguments.choice("fail-on") ?? "skip"
        if try arguments.flag("table") {
            let table = snapshot.decisions.truthTable()
            printValue(table.json, format) { standardOutput.write(table.text) }
            return .success
        }
        let explain = try arguments.flag("explain")
        let found = try DecideWork(arguments, snapshot, explain: explain).run()
        switch format {
        case "sarif": standardOutput.write(DecisionCI.sarif(found) + "\n")
        case "junit": standardOutput.write(DecisionCI.junit(found, failsOnSkip: failOn == "skip"))
        default:
            let answers = found.answers.map(\.answer)
            let json: Value = answers.count == 1 ? answers[0].json : .array(answers.map(\.namedJSON))
            if !answers.isEmpty || format != "table" {
                printValue(json, format) {
                    if explain {
                        standardOutput.write(trees(found.workloads)) { $0.tree($1) }
                    } else {
                        standardOutput.write(table(found.workloads)) { $0.table($1) }
                    }
                }
            }
        }
        if format == "table" { sayOthers(found) }
        if found.workloads.isEmpty, found.problems.isEmpty, found.answers.isEmpty {
            throw Failure("\(found.paths.joined(separator: ", ")): holds no object")
        }
        let status = found.status(failOn: failOn)
        return arguments.choice("forecast") == "deny" && found.hasForecast ? .failure : status
    })

/// Compiles the configuration. The policy needs neither values nor the mesh configuration: these are read for the
/// forecast and the platform.
private func snapshot(_ arguments: Arguments) throws -> Snapshot {
    guard let path = arguments.string("injectConfig") else {
        complain("no --injectConfig: the built-in configuration is asked")
        return try compile(BuiltInConfiguration.files, arguments)
    }
    return try compile(
        InjectionFiles(
            configuration: NamedText(name: path, bytes: try read(file: path)),
            values: named(arguments.string("valuesFile")), mesh: named(arguments.string("meshConfigFile"))),
        arguments)
}

private func printValue(_ value: Value, _ format: String, table: () -> Void) {
    switch format {
    case "json": standardOutput.write(JSON.text(value, style: .pretty(2)) + "\n")
    case "yaml": standardOutput.write(YAMLWriter.text(value, order: .asGiven))
    default: table()
    }
}

private func table(_ answers: [DecisionAnswer]) -> String {
    guard !answers.isEmpty else { return "" }
    return DecisionReport.table(
        answers.map {
            DecisionReport.Row(kind: $0.kind, name: $0.name, namespace: $0.namespace, decision: $0.decision)
        })
}

private func trees(_ answers: [DecisionAnswer]) -> String {
    answers.map { answer in
        let name = answer.namespace.isEmpty ? answer.name : "\(answer.namespace)/\(answer.name)"
        return DecisionReport.tree(
            answer.decision, counterfactuals: answer.counterfactuals, title: "\(answer.kind) \(name)")
    }.joined(separator: "\n")
}

/// Reports the number of objects that are not workloads, and names those that have pods nevertheless.
private func sayOthers(_ found: DecidedObjects) {
    let others = found.answers.map(\.answer).filter { !$0.isWorkload }
    guard !others.isEmpty else { return }
    for other in others where !other.decision.message.begins(with: ReasonCode.unsupportedResource.sentence) {
        complain("\(other.kind) \(other.namespace)/\(other.name): \(other.decision.message)")
    }
    complain("\(others.count) object\(others.count == 1 ? " is" : "s are") not a workload")
}
