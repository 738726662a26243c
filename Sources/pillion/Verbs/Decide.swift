import Injection
import PluginAPI
import Service
import Values
import YAML

let decideVerb = Verb(
    name: "decide", summary: "decide whether pods get a sidecar, and why",
    discussion: """
        Reads pods and objects with a pod template, and evaluates the policy of a configuration for each. Uses the
        built-in configuration by default.
        """,
    options: [
        Option(
            name: "filename", short: "f", shape: .list("FILE"),
            help: "a manifest, a folder of *.yaml, *.yml and *.json, or - for standard input"),
        Option(name: "recursive", short: "R", shape: .flag, help: "also read subfolders"),
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
        podTemplatePathOption,
        Option(
            name: "output", short: "o", shape: .choice(["table", "json", "yaml"]), fallback: "table",
            help: "the format; a list if there are several objects"),
        Option(name: "explain", shape: .flag, help: "print every rule, and what would change the answer"),
        Option(name: "table", shape: .flag, help: "print the truth table of the configuration"),
    ],
    examples: [
        ("pillion decide -f pod.yaml --explain", "why does this pod get no sidecar?"),
        ("pillion decide -f manifests/ -n shop -o json", "for programs"),
        ("pillion decide --injectConfig inject.yaml --table", "what does this configuration answer?"),
    ],
    statuses: [(3, "some are skipped")],
    run: { arguments in
        let snapshot = try snapshot(arguments)
        let format = arguments.choice("output") ?? "table"
        if try arguments.flag("table") {
            let table = snapshot.decisions.truthTable()
            printValue(table.json, format) { table.text }
            return .success
        }
        let answers = try answers(arguments, snapshot)
        let explain = try arguments.flag("explain")
        let json: Value = answers.count == 1 ? answers[0].json : .array(answers.map(\.namedJSON))
        printValue(json, format) { explain ? trees(answers) : table(answers) }
        if answers.contains(where: { $0.decision.reason.kind == .error }) { return .failure }
        return answers.allSatisfy(\.decision.inject) ? .success : .negative
    })

/// Policy needs neither values nor the mesh, so only the configuration is read.
private func snapshot(_ arguments: Arguments) throws -> Snapshot {
    guard let path = arguments.string("injectConfig") else {
        return try compile(BuiltInConfiguration.files, arguments)
    }
    return try compile(
        InjectionFiles(configuration: NamedText(name: path, bytes: try read(file: path))), arguments)
}

private func answers(_ arguments: Arguments, _ snapshot: Snapshot) throws -> [DecisionAnswer] {
    let paths = try manifestPaths(arguments.list("filename"), recursive: arguments.flag("recursive"))
    let pairs = try arguments.pairs("namespace-labels")
    let labels =
        arguments.isGiven("namespace-labels")
        ? Object(pairs.map { Member($0.key, .string($0.value)) }) : nil
    let webhook = try webhooks(arguments, snapshot)
    var answers: [DecisionAnswer] = []
    for path in paths {
        for object in try values(ofFile: path) {
            answers += Pipeline.decide(
                object: object, namespace: arguments.string("namespace"), namespaceLabels: labels,
                webhook: webhook, explain: try arguments.flag("explain"), snapshot: snapshot)
        }
    }
    guard !answers.isEmpty else { throw Failure("\(paths.joined(separator: ", ")): holds no object") }
    return answers
}

private func webhooks(_ arguments: Arguments, _ snapshot: Snapshot) throws -> (any WebhookMatcher)? {
    guard let path = arguments.string("webhookConfig") else { return nil }
    let documents = try values(ofFile: path)
    do throws(WebhookConfigurationError) {
        return try snapshot.webhooks(documents.count == 1 ? documents[0] : .array(documents), file: path)
    } catch {
        throw Failure(error.message)
    }
}

private func printValue(_ value: Value, _ format: String, table: () -> String) {
    switch format {
    case "json": standardOutput.write(JSON.text(value, style: .pretty(2)) + "\n")
    case "yaml": standardOutput.write(YAMLWriter.text(value, order: .asGiven))
    default: standardOutput.write(table())
    }
}

private func table(_ answers: [DecisionAnswer]) -> String {
    DecisionReport.table(
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
