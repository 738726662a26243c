import Fleet
import Injection
import PluginAPI
import Service
import Values

let testVerb = Verb(
    name: "test", summary: "test an injection configuration against cases, or against another configuration",
    operands: "[FOLDER]",
    discussion: """
        Injects the pod of every case below the folder, and compares the result with what the case expects. A case is a
        folder with pod.yaml and want.yaml or error.txt; values.yaml and mesh.yaml are laid over those of the
        configuration, namespace.yaml names the namespace and its labels. A Pod is injected as the webhook does it, any
        other object as kube-inject does. Each difference has the line of the template that wrote it.

        With --against, compares the configuration with an older one instead: over the pods of the cases, and those of
        --filename. What changes is grouped by the edit of the template that changes it.
        """,
    options: configurationFileOptions + clusterConfigurationOptions + [
        Option(name: "update", shape: .flag, help: "write want.yaml or error.txt where a case does not pass"),
        Option(
            name: "init", shape: .flag,
            help: "make cases of the manifests of --filename, with what the configuration gives now"),
        Option(
            name: "filename", short: "f", shape: .list("FILE"),
            help: "with --init and --against: manifests, a folder of them, or - for standard input"),
        Option(name: "recursive", short: "R", shape: .flag, help: "also read subfolders of --filename"),
        Option(name: "hidden", shape: .flag, help: "also read hidden files and folders (.name)"),
        Option(
            name: "against", shape: .value("FILE"),
            help: "an older injection configuration to compare with"),
        Option(
            name: "againstValuesFile", shape: .value("FILE"),
            help: "its values; default: those of --valuesFile"),
        Option(
            name: "againstMeshConfigFile", shape: .value("FILE"),
            help: "its mesh configuration; default: that of --meshConfigFile"),
        Option(
            name: "kube-inject", shape: .flag, help: "inject Pods too as kube-inject does, not as the webhook"
        ),
        Option(
            name: "namespace", short: "n", shape: .value("NAME"), help: "the namespace of objects without one"
        ),
        Option(
            name: "output", short: "o", shape: .choice(["text", "json", "junit"]), fallback: "text",
            help: "the format of the report; junit: for CI, not with --against"),
        Option(
            name: "revision", short: "r", shape: .value("NAME"), fallback: "", help: "the injector's revision"
        ),
        nativeSidecarsOption, templateEnvironmentOption, impureFunctionsOption,
    ] + platformOptions + forecastOptions + taintOptions + pluginOptions,
    examples: [
        (
            "pillion test cases/ --injectConfigFile inject-config.yaml --valuesFile values.yaml",
            "do all cases pass?"
        ),
        (
            "pillion test cases/ --init -f manifests/ --injectConfigFile inject-config.yaml",
            "make the first cases"
        ),
        (
            "pillion test cases/ --injectConfigFile new.yaml --against old.yaml",
            "which edit changes which pods?"
        ),
    ],
    statuses: [(3, "with --against: some pods change")],
    run: { arguments in
        if arguments.isGiven("against") { return try ComparisonWork(arguments).run() }
        return try TestWork(arguments).run()
    })
