import Fleet
import Injection
import Service
import Values

let scanVerb = Verb(
    name: "scan", summary: "find pods with a wrong or missing sidecar",
    discussion: """
        Compares every pod with what the configuration would write into it now. A pod is current; stale: something else
        would be written; missed: it has no sidecar and would get one; orphan: it has one and would get none; broken:
        it would be refused.

        Reads the pods of a cluster, or with -f those of a file or stream of any length, as kubectl get pods -A -o json
        or -o yaml prints them. Namespaces before the pods supply their labels. Without --injectConfigFile, reads the
        configuration from Istio's ConfigMaps in the cluster. Only what an injection writes is compared: defaults of the
        API server, volumes of tokens and parts of other webhooks do not count.
        """,
    options: [
        Option(
            name: "filename", short: "f", shape: .list("FILE"),
            help: "pods in JSON or YAML, or - for standard input; default: the cluster's"),
        Option(
            name: "namespace", short: "n", shape: .value("NAME"), help: "only the pods of this namespace"),
    ] + configurationFileOptions + clusterConfigurationOptions + [
        Option(
            name: "webhookConfig", shape: .value("FILE"),
            help: "MutatingWebhookConfigurations: whether the API server calls the injector; default: the "
                + "cluster's whose path is /inject…"),
        Option(
            name: "injectPath", shape: .value("PATH"), fallback: "/inject",
            help: "the path of the webhook, which may name a cluster and a network"),
        Option(
            name: "revision", short: "r", shape: .value("NAME"), fallback: "", help: "the injector's revision"
        ),
        Option(
            name: "output", short: "o", shape: .choice(["table", "json", "restart"]), fallback: "table",
            help:
                "table: one line per owner; json: every pod; restart: a command for each owner of stale pods"),
        Option(name: "all", shape: .flag, help: "also list what is current"),
        Option(
            name: "template-lines", shape: .flag,
            help: "print the template's line for each difference, which takes longer"),
        Option(
            name: "fail-on", shape: .choice(["any", "broken", "never"]), fallback: "any",
            help: "exit with 3 if a pod is not current, only if one is broken, or never"),
        nativeSidecarsOption, templateEnvironmentOption, impureFunctionsOption,
    ] + platformOptions + taintOptions + pluginOptions,
    examples: [
        ("pillion scan", "the pods of the cluster, with the configuration of the cluster"),
        (
            "kubectl get namespaces,pods -A -o json | pillion scan -f - --injectConfigFile inject-config.yaml",
            "a stream, with a configuration that is not installed yet"
        ),
        ("pillion scan -n shop -o restart | sh", "restart what is stale"),
    ],
    statuses: [(3, "some pods are not current, unless --fail-on says otherwise")],
    run: { try ScanWork($0).run() })
