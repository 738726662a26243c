import Injection
import PluginAPI
import Values
import YAML

let exportVerb = Verb(
    name: "export", summary: "print the webhook configuration for an injection configuration",
    operands: "webhook",
    discussion: """
        Prints a MutatingWebhookConfiguration, which is the API server's half of a decision. Without
        --namespace-selector its webhooks select like those of Istio, for the same form and revision. It excludes pods
        that the policy skips, with matchConditions, which kubectl and API servers before 1.28 refuse; use
        --follow-policy=false there.
        """,
    options: [
        Option(
            name: "injectConfig", shape: .value("FILE"),
            help: "the injection configuration; default: the built-in one",
            readsEnvironment: true),
        Option(
            name: "revision", short: "r", shape: .value("NAME"), fallback: "",
            help: "the revision to serve",
            readsEnvironment: true),
        Option(
            name: "service", shape: .value("NAMESPACE/NAME[:PORT]"),
            help: "the Service to call; pods of its namespace are excluded"),
        Option(
            name: "url", shape: .value("URL"),
            help: "the URL to call instead of a Service: https, with the path"),
        Option(
            name: "caBundle", shape: .value("FILE"), help: "certificates that the API server trusts, PEM"
        ),
        Option(
            name: "namespace-selector", shape: .list("KEY=VALUE"),
            help: "labels that a namespace must have, instead of Istio's"),
        Option(
            name: "failurePolicy", shape: .choice(WebhookExport.FailurePolicy.allCases.map(\.rawValue)),
            fallback: "Fail",
            help: "what happens to pods while nobody answers"),
        Option(
            name: "timeoutSeconds", shape: .value("N"), fallback: "5",
            help: "how long the API server waits, 1 to 30"),
        Option(
            name: "follow-policy", shape: .flag, fallback: "true",
            help:
                "exclude pods that the policy skips; false: do not depend on the policy"
        ),
        Option(
            name: "webhookConfigName", shape: .value("NAME"), fallback: "pillion", help: "the object's name"),
        Option(
            name: "webhookName", shape: .value("NAME"), fallback: "sidecar.injector.pillion",
            help: "the webhook's name; if there are several, the suffix of their names"),
        Option(
            name: "output", short: "o", shape: .choice(["yaml", "json"]), fallback: "yaml", help: "the format"
        ),
    ],
    examples: [
        (
            "pillion export webhook --injectConfig config --service pillion-system/pillion --caBundle ca.crt",
            "for kubectl apply -f -"
        )
    ],
    run: { arguments in
        _ = try chosenOperand(arguments, ["webhook"], "something to export")
        let export = try webhookExport(arguments)
        let snapshot: Snapshot
        if let path = arguments.string("injectConfig") {
            snapshot = try compile(
                InjectionFiles(configuration: NamedText(name: path, bytes: try read(file: path))), arguments)
        } else {
            snapshot = try compile(BuiltInConfiguration.files, arguments)
        }
        let configuration: Value
        do throws(WebhookConfigurationError) {
            configuration = try snapshot.webhookConfiguration(export)
        } catch {
            throw Failure(error.message)
        }
        if arguments.choice("output") == "json" {
            standardOutput.write(JSON.text(configuration, style: .pretty(2)) + "\n")
        } else {
            standardOutput.write(YAMLWriter.text(configuration, order: .asGiven))
        }
        return .success
    })

private func webhookExport(_ arguments: Arguments) throws -> WebhookExport {
    var export = WebhookExport(target: try target(arguments))
    export.configurationName = arguments.string("webhookConfigName") ?? export.configurationName
    export.webhookName = arguments.string("webhookName") ?? export.webhookName
    guard export.webhookName.split(byte: ".").count >= 3 else {
        throw UsageError(
            "--webhookName is \"\(export.webhookName)\", expected three names or more with dots between")
    }
    if let policy = arguments.choice("failurePolicy") {
        export.failurePolicy = WebhookExport.FailurePolicy(rawValue: policy) ?? .fail
    }
    export.timeoutSeconds = try arguments.int("timeoutSeconds", in: 1...30) ?? export.timeoutSeconds
    export.namespaceLabels = try arguments.pairs("namespace-selector")
    export.followsPolicy = try arguments.flag("follow-policy")
    if let path = arguments.string("caBundle") {
        let bytes = try read(file: path)
        guard String(decoding: bytes, as: UTF8.self).contains("-----BEGIN CERTIFICATE-----") else {
            throw Failure("\(path): holds no certificate: expected PEM, with -----BEGIN CERTIFICATE-----")
        }
        export.caBundle = Base64.encode(bytes)
    }
    return export
}

private func target(_ arguments: Arguments) throws -> WebhookExport.Target {
    switch (arguments.string("service"), arguments.string("url")) {
    case (let text?, nil):
        let sides = text.split(byte: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let names = sides[0].split(byte: "/", omittingEmptySubsequences: false)
        let port = sides.count == 2 ? Int(sides[1]) : 443
        guard names.count == 2, !names[0].isEmpty, !names[1].isEmpty, let port, (1...65_535).contains(port)
        else {
            throw UsageError("--service is \"\(text)\", expected NAMESPACE/NAME or NAMESPACE/NAME:PORT")
        }
        return .service(namespace: String(names[0]), name: String(names[1]), port: port)
    case (nil, let url?):
        guard url.begins(with: "https://"), !url.contains(byte: "?"), !url.contains(byte: "#") else {
            throw UsageError("--url is \"\(url)\", expected https://, without query and fragment")
        }
        return .url(url)
    case (nil, nil):
        throw UsageError("expected what the API server calls: --service NAMESPACE/NAME or --url URL")
    case (_?, _?): throw UsageError("--service and --url are both there, expected one")
    }
}
