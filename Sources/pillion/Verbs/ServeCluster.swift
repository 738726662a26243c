import Kubernetes
import Service

/// The settings of what `serve` reads from its cluster, and keeps up to date in it. Without any of these, no API server
/// is contacted.
let clusterSettings: [Setting] = [
    reference(
        "injectConfigMap", \.injectConfigMap, excluding: "injectConfig",
        "watch a ConfigMap with the keys config and values instead of --injectConfig and --injectValues"),
    reference(
        "meshConfigMap", \.meshConfigMap, excluding: "meshConfig",
        "watch a ConfigMap with the key mesh instead of --meshConfig"),
    reference(
        "tlsAuto", \.tlsAuto, excluding: "tlsCertFile",
        "create a certificate for HTTPS and store it in this Secret, which replicas share"),
    Setting([
        Option(
            name: "tlsService", shape: .list("NAMESPACE/NAME"),
            help: "with --tlsAuto: another Service for the certificate, besides those that the webhook "
                + "configuration calls; default: the Service pillion in the Secret's namespace")
    ]) { options, arguments in
        options.cluster.tlsServices = try arguments.list("tlsService").map {
            try object($0, of: "tlsService")
        }
    },
    Setting([
        Option(
            name: "reconcileWebhookConfig", shape: .flag,
            help: "update the caBundle of the webhook configuration; default: true with --tlsAuto")
    ]) { options, arguments in
        guard arguments.isGiven("reconcileWebhookConfig") else { return }
        options.cluster.reconcilesWebhook = try arguments.flag("reconcileWebhookConfig")
    },
    .text("webhookConfigName", "NAME", \.cluster.webhookConfigName, "the MutatingWebhookConfiguration"),
    .text(
        "webhookName", "NAME", \.cluster.webhookName,
        "its entries with this name, or whose name ends in a dot and this name; empty: all entries"),
    .file(
        "caCertFile", \.cluster.caCertFile, default: ClusterOptions.defaultAuthorities,
        "the caBundle, if certificates are mounted, PEM"),
    Setting([
        Option(
            name: "namespaceLabels", shape: .flag,
            help: "watch the labels of namespaces for /decide and the forecast; default: true with the flags "
                + "above")
    ]) { options, arguments in
        guard arguments.isGiven("namespaceLabels") else { return }
        options.cluster.followsNamespaces = try arguments.flag("namespaceLabels")
    },
    Setting([
        Option(
            name: "namespaceLimits", shape: .flag,
            help: "watch the LimitRanges and ResourceQuotas of namespaces for the forecast")
    ]) { options, arguments in
        options.cluster.followsLimits = try arguments.flag("namespaceLimits")
    },
    Setting(clusterOptions) { options, arguments in
        options.cluster.kubeconfig = arguments.string("kubeconfig").flatMap { $0.isEmpty ? nil : $0 }
        options.cluster.context = arguments.string("context")
    },
]

private func object(_ text: String, of name: String) throws -> ObjectReference {
    guard let object = ObjectReference(text) else {
        throw UsageError("--\(name) is \"\(text)\", expected NAMESPACE/NAME")
    }
    return object
}

private func reference(
    _ name: String, _ path: any WritableKeyPath<ClusterOptions, ObjectReference?> & Sendable,
    excluding other: String,
    _ help: String
) -> Setting {
    Setting([Option(name: name, shape: .value("NAMESPACE/NAME"), help: help)]) { options, arguments in
        guard let text = arguments.string(name), !text.isEmpty else { return }
        guard !arguments.isGiven(other) else {
            throw UsageError("--\(name) and --\(other) exclude each other")
        }
        options.cluster[keyPath: path] = try object(text, of: name)
    }
}
