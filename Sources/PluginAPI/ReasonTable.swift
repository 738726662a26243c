import Values

/// The texts about a reason code.
///
/// `sentence` and `remedy` may contain names in braces, such as `{value}`, which a decision replaces with its values.
public struct ReasonDescription: Sendable {
    public var code: ReasonCode
    public var kind: ReasonCode.Kind
    /// The message, in lower case and without a full stop.
    public var sentence: String
    /// The action that changes the outcome; nil if there is no such action.
    public var remedy: String?
    /// A paragraph for docs/policy.md.
    public var documentation: String

    /// The link to the code's section in docs/policy.md.
    public var anchor: String { "docs/policy.md#\(code.rawValue)" }

    /// Returns the sentence with the names in braces replaced. A name without a value is unchanged.
    public func filled(_ values: [(name: String, text: String)]) -> String { Self.fill(sentence, values) }

    /// Returns the remedy with the names in braces replaced.
    public func filledRemedy(_ values: [(name: String, text: String)]) -> String? {
        remedy.map { Self.fill($0, values) }
    }

    private static func fill(_ text: String, _ values: [(name: String, text: String)]) -> String {
        guard !values.isEmpty else { return text }
        var text = text
        return text.withUTF8 { bytes in
            guard bytes.contains(UInt8(ascii: "{")) else { return nil }
            var output = ByteBuffer(capacity: bytes.count + 80)
            var index = 0
            while let open = bytes[index...].firstIndex(of: UInt8(ascii: "{")),
                let close = bytes[open...].firstIndex(of: UInt8(ascii: "}"))
            {
                output.append(UnsafeBufferPointer(rebasing: bytes[index..<open]))
                let name = bytes[(open + 1)..<close]
                if let value = values.first(where: { $0.name.utf8.elementsEqual(name) }) {
                    output.append(value.text)
                } else {
                    output.append(UnsafeBufferPointer(rebasing: bytes[open...close]))
                }
                index = close + 1
            }
            output.append(UnsafeBufferPointer(rebasing: bytes[index...]))
            return output.text
        } ?? text
    }
}

extension ReasonCode {
    public var kind: Kind { entry.kind }
    public var sentence: String { entry.sentence }
    public var remedy: String? { entry.remedy }
    public var documentation: String { entry.documentation }

    /// The code's row of the table. The switch is exhaustive: a code without a row does not build.
    public var entry: ReasonDescription {
        func row(
            _ kind: Kind, _ sentence: String, remedy: String? = nil, _ documentation: String
        ) -> ReasonDescription {
            ReasonDescription(
                code: self, kind: kind, sentence: sentence, remedy: remedy, documentation: documentation)
        }
        switch self {
        case .annotationTrue:
            return row(
                .inject, "the pod's annotation sidecar.istio.io/inject is {value}, which requests a sidecar",
                remedy: "set the annotation sidecar.istio.io/inject to \"false\" to leave the sidecar out",
                "The pod requests a sidecar itself, and that overrides selectors and the default policy. The classic "
                    + "form takes y, yes, true and on in any case for a yes, the modern form only \"true\", and "
                    + "there the label of the same name is read first.")
        case .labelTrue:
            return row(
                .inject, "the pod's label sidecar.istio.io/inject is {value}, which requests a sidecar",
                remedy: "set the label sidecar.istio.io/inject to \"false\" to leave the sidecar out",
                "The pod requests a sidecar with a label, which only the modern form reads. The label beats the "
                    + "annotation of the same name, selectors and the default policy.")
        case .alwaysInjectSelector:
            return row(
                .inject, "alwaysInjectSelector[{index}] ({selector}) matches the pod's labels",
                remedy:
                    "set the {mark} sidecar.istio.io/inject to \"false\" on the pod to leave the sidecar out",
                "A selector of the configuration requests a sidecar for every pod with such labels, whatever the "
                    + "default policy is. Label, annotation and neverInjectSelector come first.")
        case .policyEnabled:
            return row(
                .inject, "the default policy is enabled and no rule before it speaks for or against",
                remedy:
                    "set the {mark} sidecar.istio.io/inject to \"false\" on the pod to leave the sidecar out",
                "Nothing else decided, so `policy: enabled` of the injection configuration does.")
        case .forcedByCLI:
            return row(
                .inject, "the command line injects whatever the policy says",
                "`kube-inject` adds the sidecar to what it is given: the person that runs it has decided already."
            )
        case .hostNetworkEnabled:
            return row(
                .skip, "the pod uses the host's network",
                remedy:
                    "only a pod with a network of its own can have a sidecar: hostNetwork must go from its spec",
                "A sidecar redirects the traffic of the network it lives in. On the host's network that would be "
                    + "the traffic of the whole node, so such a pod never gets one, whatever it requests.")
        case .ignoredNamespace:
            return row(
                .skip, "the namespace {namespace} is never injected",
                remedy: "only pods of other namespaces can have a sidecar: the pod must move",
                "Namespaces of the cluster itself are left alone: kube-system and kube-public in both forms, "
                    + "kube-node-lease and local-path-storage in the modern one. Nothing overrides that.")
        case .annotationFalse:
            return row(
                .skip, "the pod's annotation sidecar.istio.io/inject is {value}, which declines a sidecar",
                remedy: "set the annotation sidecar.istio.io/inject to \"true\" to get a sidecar",
                "The pod declines a sidecar itself, and that beats selectors and the default policy.")
        case .annotationUnrecognised:
            return row(
                .skip, "the pod's annotation sidecar.istio.io/inject is {value}, which is neither yes nor no",
                remedy: "write the annotation sidecar.istio.io/inject as \"true\" or \"false\"",
                "The classic form takes every value that is not a yes for a no. The modern form does not count "
                    + "such a value: it warns, and the selectors and the default policy decide, so there the code "
                    + "only stands in the trace.")
        case .labelFalse:
            return row(
                .skip, "the pod's label sidecar.istio.io/inject is {value}, which declines a sidecar",
                remedy: "set the label sidecar.istio.io/inject to \"true\" to get a sidecar",
                "The pod declines a sidecar with a label, which only the modern form reads. The label beats the "
                    + "annotation of the same name, selectors and the default policy.")
        case .neverInjectSelector:
            return row(
                .skip, "neverInjectSelector[{index}] ({selector}) matches the pod's labels",
                remedy:
                    "set the {mark} sidecar.istio.io/inject to \"true\" on the pod, which beats selectors",
                "A selector of the configuration keeps sidecars off every pod with such labels, for pods whose "
                    + "author cannot set annotations. It comes after label and annotation and before "
                    + "alwaysInjectSelector.")
        case .policyDisabled:
            return row(
                .skip, "the default policy is disabled and no rule before it speaks for or against",
                remedy:
                    "set the {mark} sidecar.istio.io/inject to \"true\" on the pod to get a sidecar",
                "Nothing else decided, so `policy: disabled` of the injection configuration does.")
        case .policyIllegal:
            return row(
                .skip, "the configuration's policy is {value}, and only enabled or disabled would do",
                remedy: "set policy in the injection configuration to enabled or disabled",
                "A policy that is neither enabled nor disabled, or none at all, switches injection off: not even "
                    + "a pod that requests a sidecar by label, annotation or selector gets one.")
        case .sidecarAlreadyExists:
            return row(
                .skip, "the pod has a sidecar already",
                remedy: "remove the sidecar first (kube-uninject) to get a new one",
                "The manifest holds the proxy container among others, so it was injected before. On the command "
                    + "line it stays as it is. A review says the same of a pod that needs no change, because an "
                    + "API server asks again after another webhook has changed it.")
        case .unsupportedResource:
            return row(
                .skip, "there is no pod here that could get a sidecar",
                remedy: "give a Pod or a workload with a pod template, to a webhook whose rules name pods",
                "Only pods and what holds a pod template get sidecars: Deployment, StatefulSet, DaemonSet, "
                    + "ReplicaSet, ReplicationController, Job, CronJob, DeploymentConfig and the like. The same code "
                    + "says that no rule of a webhook names the resource.")
        case .podTemplateUnknownKind:
            return row(
                .skip, "the object holds pod templates, but its kind is not known",
                remedy: "give --podTemplatePath as the message has it, or leave the pods to the webhook",
                "Where a kind keeps its pod templates is built in for Kubernetes' own kinds and some others. An "
                    + "object of another kind is left alone on the command line; its pods are still injected when "
                    + "they are created, where a webhook asks about them.")
        case .mirrorPod:
            return row(
                .skip, "the pod is the mirror of a static pod, which the kubelet runs from a file",
                remedy: "put the sidecar into the static pod's own file",
                "The API server's copy of a static pod only shows what the kubelet runs; changing it changes "
                    + "nothing.")
        case .operationNotCreate:
            return row(
                .skip, "only the creation of a pod is answered with a sidecar: {detail}",
                remedy: "recreate the pod: containers cannot be added to one that exists",
                "A pod gets its sidecar when it is created. The rules of the webhook configuration do not name "
                    + "this operation.")
        case .subresource:
            return row(
                .skip, "only whole pods get a sidecar, not parts of one: {detail}",
                "A request for a part of a pod (status, eviction, ephemeralcontainers) does not create a pod."
            )
        case .namespaceLabelDisabled:
            return row(
                .skip, "the namespace's labels keep the API server from asking for a sidecar: {detail}",
                remedy:
                    "label the namespace as the webhook expects it, by default istio-injection=enabled, or "
                    + "istio.io/rev with the revision's name",
                "Whether a pod is sent to the injector at all is decided by the API server, from the labels of "
                    + "the pod's namespace and the namespaceSelector of the webhook. Here no webhook selects the "
                    + "namespace, so neither policy nor annotation is looked at.")
        case .objectSelectorMismatch:
            return row(
                .skip, "the pod's labels keep the API server from asking for a sidecar: {detail}",
                remedy: "change the pod's labels so that the webhook's objectSelector matches",
                "The API server compares the pod's labels with the objectSelector of the webhook before it sends "
                    + "the pod to the injector. Here the namespace is selected and the pod is not.")
        case .osWindows:
            return row(
                .skip, "the pod is for Windows nodes",
                remedy:
                    "only a pod for Linux nodes can have a sidecar: neither os.name nor the nodeSelector may say "
                    + "windows",
                "The sidecar and what redirects the traffic to it are Linux programs. A pod whose spec names Windows "
                    + "as its operating system, or selects Windows nodes by the label kubernetes.io/os, is left "
                    + "alone, whatever it requests. A template that handles Windows pods names Windows somewhere: "
                    + "pods whose templates contain the word are injected.")
        case .nothingRendered:
            return row(
                .skip, "the templates rendered to nothing for this pod",
                remedy: "look at the conditions in the templates: none of their parts is for this pod",
                "The pod was to be injected, but its templates rendered an empty text, a comment or null. The pod "
                    + "stays as it is, without a status annotation. A template whose parts all depend on a label "
                    + "does so on purpose for the pods that do not have it.")
        case .decodeError:
            return row(
                .error, "the request or the pod cannot be read",
                remedy: "mend the document at the place that the message names",
                "The bytes are not JSON or YAML, or do not have the types that Kubernetes has for a pod.")
        case .annotationInvalid:
            return row(
                .error, "an annotation of the pod has a value that is not allowed",
                remedy: "correct the annotations that the message names",
                "The annotations that steer the sidecar are checked before anything is rendered. A value of the "
                    + "wrong form refuses the pod, with every bad one named.")
        case .templateMissing:
            return row(
                .error, "the configuration has no template of the name that is asked for",
                remedy: "correct the annotation inject.istio.io/templates, or add the template",
                "The pod or the configuration names a template or an alias that does not exist; the message "
                    + "lists those that do.")
        case .templateParseError:
            return row(
                .error, "the template cannot be parsed",
                remedy: "correct the template at the line that the message names",
                "The text of the template breaks the template language's rules, or calls a function that does "
                    + "not exist.")
        case .templateExecError:
            return row(
                .error, "the template failed while it was rendered for this pod",
                remedy:
                    "correct the template, or the value it trips over, at the line that the message names",
                "The template was understood, but running it over this pod failed: a function refused its "
                    + "arguments, or a field does not exist.")
        case .limitExceeded:
            return row(
                .error, "a limit on time, memory or size was reached",
                remedy: "make the template or the pod smaller, or raise the limit that the message names",
                "Every input is worked on within limits, so that none can stop the service. The message names "
                    + "the limit and its value.")
        case .renderedYAMLInvalid:
            return row(
                .error, "the rendered text is not YAML",
                remedy: "correct the template at the line that the message names",
                "The template ran, but what it wrote cannot be parsed; the message leads back to the template's "
                    + "own line.")
        case .renderedSchemaInvalid:
            return row(
                .error, "the rendered text does not have the form of a pod",
                remedy: "correct the template at the field that the message names",
                "The rendered YAML has a value of the wrong type where Kubernetes expects another.")
        case .podPartLost:
            return row(
                .error, "the injection would take a part of the pod away",
                remedy:
                    "correct the template at the line that the message names; to remove one item of a list, "
                    + "write $patch: delete beside its name",
                "Everything that a pod has is there after its injection: containers, volumes, variables, mounts, "
                    + "ports, labels, annotations, owners and every other member. A template that takes more than "
                    + "one named item away, or changes the pod's name, namespace or owners, is refused for that "
                    + "pod.")
        case .forecastRefused:
            return row(
                .error, "an API server would refuse the injected pod",
                remedy: "correct the template or the pod as the message says, or serve with --forecast warn",
                "The injected pod breaks a rule of Kubernetes, of the Pod Security level of its namespace, or of a "
                    + "limit of the namespace, and the pod did not bring that itself. With `--forecast deny` it is "
                    + "refused with all findings at once; with `warn` they are warnings.")
        case .patchSelfCheckFailed:
            return row(
                .error, "the patch, applied to the pod, does not give the pod that was meant",
                "The patch is checked before it is sent, and a wrong one is not sent. This is a fault of the "
                    + "program and worth a report.")
        case .taintedValue:
            return row(
                .error, "a value of the pod would change the structure of the rendered YAML",
                remedy: "quote the value in the template, or correct it in the pod",
                "The annotation or field contains line breaks or YAML syntax that would write more than one value. "
                    + "`--template-taint enforce` refuses that.")
        case .deadlineExceeded:
            return row(
                .error, "the answer was not ready within the time that the caller allows",
                remedy: "raise the webhook's timeout, or give the service more CPU",
                "The API server waits a limited time. The answer is given before it gives up, with the verdict "
                    + "of the failure mode.")
        case .overloaded:
            return row(
                .error, "more requests are in work than the service takes at once",
                remedy: "run more replicas, or raise the limit on requests in work",
                "Rather than queueing requests until they time out, the service answers at once, with the "
                    + "verdict of the failure mode.")
        case .internalError:
            return row(
                .error, "something went wrong inside the program",
                "A state that should not be possible was met and reported. This is worth a report.")
        case .ruleNotMet:
            return row(
                .pass, "the rule does not speak about this pod",
                "In a trace: what the rule looks for is not there, and the rules after it decide.")
        case .labelUnrecognised:
            return row(
                .pass,
                "the pod's label sidecar.istio.io/inject is {value}, which is neither \"true\" nor \"false\"",
                remedy: "write the label sidecar.istio.io/inject as \"true\" or \"false\"",
                "In a trace of the modern form: the label is there, so the annotation is not read, but its value "
                    + "says nothing, so the selectors and the default policy decide.")
        case .selectorIgnored:
            return row(
                .pass, "{list}[{index}] is ignored: {detail}",
                remedy: "correct the selector in the injection configuration, or remove it",
                "In a trace: an empty selector, or one that Kubernetes would not accept, counts for nothing. It "
                    + "does not stop the configuration from being used.")
        case .webhookCalls:
            return row(
                .pass, "the API server sends the pod to the injector: {detail}",
                "In a trace: a webhook selects the namespace and the pod, so the rules of the injector decide."
            )
        case .namespaceLabelsUnknown:
            return row(
                .pass, "whether the API server requests a sidecar is unknown: {detail}",
                remedy: "give the namespace's labels",
                "In a trace: an AdmissionReview does not carry the labels of the namespace. Without them, the "
                    + "answer is the injector's alone, and holds if the API server sends the pod to it.")
        case .matchConditionsNotEvaluated:
            return row(
                .pass,
                "whether the API server requests a sidecar depends on conditions that are not evaluated here: "
                    + "{detail}",
                remedy: "look at the matchConditions of the webhook",
                "In a trace: matchConditions are expressions in CEL, which only the API server evaluates.")
        }
    }
}
