import Injection
import Kubernetes
import PluginAPI
import Service
import System
import Values
import Why

let whyVerb = Verb(
    name: "why", summary: "find out why a pod has a sidecar, or has none",
    operands: "POD|KIND/NAME",
    discussion: """
        Reads the object and its owner, the namespace, the webhook configurations, the injector's Service, endpoints,
        pods, ConfigMaps and certificate from the cluster (at most 12 requests), and answers in order: would an API
        server have asked, what would have been decided, does the injection work on this pod, is the sidecar the one
        that it would get, could the webhook be reached. The first sentence is the answer. What may not be read is
        listed with the right that is missing. With --from, reads what kubectl get ... -o yaml saved instead.
        """,
    options: [
        Option(
            name: "namespace", short: "n", shape: .value("NAME"),
            help: "the object's namespace; default: that of the kubeconfig's context"),
        Option(
            name: "from", short: "f", shape: .list("FILE"),
            help: "objects as kubectl get ... -o yaml prints them, instead of a cluster"),
        Option(
            name: "webhookConfigName", shape: .value("NAME"),
            help: "the MutatingWebhookConfiguration of the injector; default: those that call one"),
        Option(
            name: "injectConfig", shape: .value("FILE"),
            help: "the injection configuration, instead of the injector's ConfigMap"),
        Option(name: "injectValues", shape: .value("FILE"), help: "its values"),
        Option(name: "meshConfig", shape: .value("FILE"), help: "its mesh configuration"),
        Option(
            name: "injectConfigMap", shape: .value("NAMESPACE/NAME"),
            help: "the ConfigMap with the keys config and values; default: as the injector was started"),
        Option(
            name: "meshConfigMap", shape: .value("NAMESPACE/NAME"), help: "the ConfigMap with the key mesh"),
        Option(
            name: "revision", short: "r", shape: .value("NAME"), fallback: "", help: "the injector's revision"
        ),
        Option(
            name: "output", short: "o", shape: .choice(["text", "json"]), fallback: "text",
            help: "the format of the answer"),
    ] + clusterOptions + pluginOptions,
    examples: [
        ("pillion why web-5d4f8c6b7-x2x9k -n shop", "a pod of kubectl's current cluster"),
        ("pillion why deploy/web -n shop -o json", "a workload, for programs"),
        (
            "kubectl get ns,deploy,rs,pods,mutatingwebhookconfigurations,cm,svc,ep -A -o yaml | pillion why deploy/web -n shop -f -",
            "from saved objects"
        ),
    ],
    statuses: [(3, "the object has no sidecar, or not the one that it would get")],
    run: { arguments in
        guard let operand = arguments.operands.first, arguments.operands.count == 1 else {
            throw UsageError("expected one object: POD, or KIND/NAME such as deploy/web")
        }
        let diagnosis: Diagnosis
        do {
            diagnosis = try diagnose(operand, arguments)
        } catch let error as WhyError {
            throw Failure(error.message)
        }
        if arguments.choice("output") == "json" {
            standardOutput.write(JSON.text(diagnosis.json, style: .pretty(2)) + "\n")
        } else {
            let colour = Colour(isOn: standardOutput.isTerminal)
            let rest = diagnosis.text.dropFirst(diagnosis.sentence.count)
            standardOutput.write(styled: "\(colour.bold(diagnosis.sentence))\(rest.description)")
        }
        return diagnosis.isGood ? .success : .negative
    })

private func diagnose(_ operand: String, _ arguments: Arguments) throws -> Diagnosis {
    var options = Why.Options()
    options.webhookConfiguration = arguments.string("webhookConfigName")
    options.injectConfigMap = try reference("injectConfigMap", arguments)
    options.meshConfigMap = try reference("meshConfigMap", arguments)
    options.injection = try injectionOptions(arguments)
    options.injection.limits = .commandLine
    if let path = arguments.string("injectConfig") {
        var files = InjectionFiles(configuration: NamedText(name: path, bytes: try read(file: path)))
        files.values = try named(arguments.string("injectValues"))
        files.mesh = try named(arguments.string("meshConfig"))
        options.files = files
    }
    let registry = try registry(for: arguments)
    let paths = arguments.list("from")
    guard paths.isEmpty else {
        let evidence = SavedEvidence(try paths.flatMap { try values(ofFile: $0) })
        guard !evidence.isEmpty else { throw Failure("\(paths.joined(separator: ", ")): holds no object") }
        var target = try WhyTarget(operand, namespace: arguments.string("namespace") ?? "default")
        if !arguments.isGiven("namespace"), let only = evidence.namespace(of: target) {
            target.namespace = only
        }
        return try Why.diagnose(target, from: evidence, registry: registry, options: options)
    }
    let access: ClusterAccess
    do throws(APIError) {
        access = try ClusterAccess.find(
            kubeconfig: arguments.string("kubeconfig"), context: arguments.string("context"))
    } catch {
        throw Failure(error.message)
    }
    let namespace = arguments.string("namespace") ?? access.namespace ?? "default"
    var limits = APILimits.commandLine
    // A failed request is a result too: what could not be read is listed.
    limits.attempts = 1
    let evidence = ClusterEvidence(APIClient(access, limits: limits))
    return try Why.diagnose(
        WhyTarget(operand, namespace: namespace), from: evidence, registry: registry, options: options)
}

private func reference(_ option: String, _ arguments: Arguments) throws -> String? {
    guard let text = arguments.string(option) else { return nil }
    guard ObjectReference(text) != nil else {
        throw UsageError("--\(option) is \"\(text)\", expected NAMESPACE/NAME")
    }
    return text
}
