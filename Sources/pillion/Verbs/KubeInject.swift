import Injection
import PluginAPI
import Service
import Values
import YAML

let kubeInjectVerb = Verb(
    name: "kube-inject", summary: "inject the sidecar into manifests",
    discussion: """
        Injects every workload of the manifests; documents of other kinds do not change. Prints the result to standard
        output, and a report of each decision to standard error. Without --injectConfigFile, reads the configuration
        from Istio's ConfigMaps in the cluster.
        """,
    options: manifestOptions + configurationFileOptions + clusterConfigurationOptions + [
        Option(
            name: "namespace", short: "n", shape: .value("NAME"),
            help: "the namespace of objects "
                + "without one"),
        Option(
            name: "revision", short: "r", shape: .value("NAME"), fallback: "",
            help: "the label istio.io/rev, and the suffix of the ConfigMaps' names: istio-REVISION"),
        nativeSidecarsOption, podTemplatePathOption, templateEnvironmentOption, impureFunctionsOption,
    ] + platformOptions + forecastOptions + taintOptions + [
        Option(
            name: "respect-policy", shape: .flag,
            help: "decide by policy and annotations, as the webhook does, also with a template: "
                + "configuration"),
        Option(
            name: "reinject", shape: .flag,
            help: "inject again what was injected before, also with a template: configuration"),
        Option(
            name: "istioctl-compat", shape: .flag,
            help: "use the template sidecar and no aliases, as istioctl does, whatever defaultTemplates says"),
        Option(
            name: "provenance", shape: .flag,
            help: "record the original in an annotation, so that kube-uninject restores it exactly"),
        Option(
            name: "blame", shape: .flag,
            help:
                "print each injected line with what wrote it: the template with line and column, or the step of the "
                + "injection"),
        Option(
            name: "strict", shape: .flag,
            help: "report strings written as numbers or booleans (version: 1.0) as errors"),
        Option(
            name: "quote-scalars", shape: .flag,
            help: "put such strings in quotes; nothing else of the file changes"),
        Option(
            name: "emitTemplate", shape: .flag,
            help: "print the template of the configuration and "
                + "exit"),
    ] + pluginOptions,
    examples: [
        (
            "pillion kube-inject --injectConfigFile inject-config.yaml --meshConfigFile mesh-config.yaml "
                + "--valuesFile inject-values.yaml --filename sleep.yaml | kubectl apply -f -",
            "inject and deploy"
        )
    ],
    statuses: [(3, "with --check: something would change")],
    run: { arguments in
        let cluster = ClusterConfiguration(arguments)
        let files = try cluster.files()
        if try arguments.flag("emitTemplate") { return try emitTemplate(of: files.configuration) }
        let snapshots = try ThreadSnapshots(files, arguments, nativeSidecars: cluster.nativeSidecars())
        var options = ManifestOptions()
        options.namespace = arguments.string("namespace")
        options.respectPolicy = try arguments.flag("respect-policy")
        options.reinject = try arguments.flag("reinject")
        options.istioctlCompat = try arguments.flag("istioctl-compat")
        options.provenance = try arguments.flag("provenance")
        options.explain = try arguments.flag("blame")
        options.isStrict = try arguments.flag("strict")
        options.quotesScalars = try arguments.flag("quote-scalars")
        let work = try ManifestWork(arguments, options, verb: "injected") {
            manifest, options, thread in
            try Pipeline.inject(manifest: manifest, snapshot: snapshots[thread], options: options)
        }
        return try work.run()
    })

/// Prints the templates of a configuration, unchanged.
private func emitTemplate(of configuration: NamedText) throws -> ExitStatus {
    let value: Value
    do throws(YAMLError) {
        value = try YAMLReader.value(configuration.bytes)
    } catch {
        throw Failure("\(configuration.name): \(error)")
    }
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
