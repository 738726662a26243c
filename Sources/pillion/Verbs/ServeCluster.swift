import Kubernetes
import Service

/// What `serve` reads from its cluster, and keeps right in it. Without any of these no API server is asked.
let clusterSettings: [Setting] = [
    reference(
        "injectConfigMap", \.injectConfigMap, excluding: "injectConfig",
        "a ConfigMap with the keys config and values, watched in place of --injectConfig and --injectValues"),
    reference(
        "meshConfigMap", \.meshConfigMap, excluding: "meshConfig",
        "a ConfigMap with the key mesh, watched in place of --meshConfig"),
    reference(
        "tlsAuto", \.tlsAuto, excluding: "tlsCertFile",
        "make a certificate for HTTPS and keep it in this Secret, which replicas share"),
    Setting([
        Option(
            name: "tlsService", shape: .list("NAMESPACE/NAME"),
            help: "with --tlsAuto: a Service that the certificate is for, besides those that the webhook "
                + "configuration calls; else the Service pillion beside the Secret")
    ]) { options, arguments in
        options.cluster.tlsServices = try arguments.list("tlsService").map {
            try object($0, of: "tlsService")
        }
    },
    Setting([
        Option(
            name: "reconcileWebhookConfig", shape: .flag,
            help: "keep the caBundle of the webhook configuration right; with --tlsAuto unless it is false")
    ]) { options, arguments in
        guard arguments.isGiven("reconcileWebhookConfig") else { return }
        options.cluster.reconcilesWebhook = try arguments.flag("reconcileWebhookConfig")
    },
    .text("webhookConfigName", "NAME", \.cluster.webhookConfigName, "the MutatingWebhookConfiguration"),
    .text(
        "webhookName", "NAME", \.cluster.webhookName,
        "its entries of that name, or whose name ends in a dot and it; all of them where it is empty"),
    .file(
        "caCertFile", \.cluster.caCertFile, default: ClusterOptions.defaultAuthorities,
        "the caBundle where certificates are mounted, PEM"),
    Setting([
        Option(
            name: "namespaceLabels", shape: .flag,
            help: "follow the labels of namespaces for /decide; on where a cluster is asked anyway")
    ]) { options, arguments in
        guard arguments.isGiven("namespaceLabels") else { return }
        options.cluster.followsNamespaces = try arguments.flag("namespaceLabels")
    },
    Setting(clusterOptions) { options, arguments in
        options.cluster.kubeconfig = arguments.string("kubeconfig").flatMap { $0.isEmpty ? nil : $0 }
        options.cluster.context = arguments.string("context")
    },
]

private func object(_ text: String, of name: String) throws -> ObjectReference {
    guard let object = ObjectReference(text) else {
        throw UsageError("--\(name) is \"\(text)\", want NAMESPACE/NAME")
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
