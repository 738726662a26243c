import Injection
import PluginAPI
import Service
import Values

let kubeInjectVerb = Verb(
    name: "kube-inject", summary: "inject the sidecar into manifests",
    discussion: """
        Every workload of the manifests gets the sidecar; documents of other kinds pass through byte for byte. The
        result goes to standard output; what was decided for each workload, and why, to standard error.
        """,
    options: manifestOptions + [
        Option(
            name: "injectConfigFile", shape: .value("FILE"),
            help: "the injection configuration: the key config of the ConfigMap istio-sidecar-injector",
            readsEnvironment: true),
        Option(
            name: "valuesFile", shape: .value("FILE"), help: "the values: its key values",
            readsEnvironment: true),
        Option(
            name: "meshConfigFile", shape: .value("FILE"),
            help: "the mesh configuration: the key mesh of the ConfigMap istio", readsEnvironment: true),
        Option(name: "namespace", short: "n", shape: .value("NAME"), help: "of objects that name none"),
        Option(
            name: "revision", short: "r", shape: .value("NAME"), fallback: "", help: "the label istio.io/rev"),
        nativeSidecarsOption, podTemplatePathOption, templateEnvironmentOption,
        Option(
            name: "respect-policy", shape: .flag,
            help: "with a template: configuration too, policy and annotations decide, as in the webhook"),
        Option(
            name: "reinject", shape: .flag,
            help: "with a template: configuration too, inject anew what was injected before"),
        Option(
            name: "provenance", shape: .flag,
            help: "keep the way back in an annotation, so that kube-uninject restores exactly what was there"),
        Option(name: "emitTemplate", shape: .flag, help: "print the template of the configuration and end"),
    ] + pluginOptions,
    examples: [
        (
            "pillion kube-inject --injectConfigFile inject-config.yaml --meshConfigFile mesh-config.yaml "
                + "--valuesFile inject-values.yaml --filename sleep.yaml | kubectl apply -f -",
            "injects and deploys"
        )
    ],
    statuses: [(3, "with --check: something would change")],
    run: { arguments in
        let configuration = try required("injectConfigFile", arguments)
        let files = InjectionFiles(
            configuration: NamedText(name: configuration, bytes: try read(file: configuration)),
            values: try named(arguments.string("valuesFile")),
            mesh: try named(arguments.string("meshConfigFile")))
        if try arguments.flag("emitTemplate") { return try emitTemplate(of: files.configuration) }
        let snapshot = try compile(files, arguments)
        var options = ManifestOptions()
        options.namespace = arguments.string("namespace")
        options.respectPolicy = try arguments.flag("respect-policy")
        options.reinject = try arguments.flag("reinject")
        options.provenance = try arguments.flag("provenance")
        let work = try ManifestWork(arguments, options, verb: "injected") { manifest, options in
            try Pipeline.inject(manifest: manifest, snapshot: snapshot, options: options)
        }
        return try work.run()
    })

private func required(_ name: String, _ arguments: Arguments) throws -> String {
    guard let value = arguments.string(name) else {
        throw UsageError("want an injection configuration: --\(name) FILE")
    }
    return value
}

/// The template texts of a configuration, as they stand in it.
private func emitTemplate(of configuration: NamedText) throws -> ExitStatus {
    let value = try value(ofFile: configuration.name)
    if let template = value["template"]?.string {
        standardOutput.write(template)
        return .success
    }
    guard let templates = value["templates"]?.object else {
        throw Failure("\(configuration.name): has neither template nor templates")
    }
    for member in templates.members {
        let text = member.value.string ?? member.value["template"]?.string ?? ""
        standardOutput.write("# \(member.key)\n\(text)\n")
    }
    return .success
}
