import Glibc
import TestSupport
import Testing
import Values
import YAML

let kubectl = ["/usr/bin/kubectl", "/usr/local/bin/kubectl"].first { contents(of: $0) != nil }

/// Names in the objects of overlays and chart must match each other: an API server accepts a Service that selects no
/// pods without a warning.
@Suite struct KustomizeTests {
    @Test(.enabled(if: kubectl != nil, "there is no kubectl"), arguments: Overlay.all)
    func kubectlBuildsWhatIsRecorded(_ overlay: Overlay) throws {
        let result = run(try #require(kubectl), ["kustomize", overlay.folder])
        try #require(result.status == 0, "\(result.errors)")
        if let difference = compareGolden(result.output, with: overlay.recorded) {
            Issue.record("\(difference)")
        }
    }

    @Test(.enabled(if: kubectl != nil, "there is no kubectl"))
    func kubectlBuildsTheBase() throws {
        let result = run(try #require(kubectl), ["kustomize", packageRoot + "/deploy/kustomize/base"])
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("kind: MutatingWebhookConfiguration"))
    }

    @Test(.enabled(if: kubectl != nil, "there is no kubectl"))
    func oldClustersGetOldVersions() throws {
        let folder = TemporaryFolder()
        symlink(packageRoot + "/deploy", folder.path("deploy"))
        folder.write(
            """
            resources: [deploy/kustomize/overlays/auto]
            components: [deploy/kustomize/components/before-1.21]
            """, to: "kustomization.yaml")
        let result = run(try #require(kubectl), ["kustomize", folder.root])
        let objects = try Manifest.all(in: result.output)
        #expect(objects.count == (try Overlay(name: "auto").objects.count), "\(result.errors)")
        #expect(objects.contains { $0.id == "policy/v1beta1/PodDisruptionBudget pillion-system/pillion" })
    }

    @Test(arguments: Overlay.all + Overlay.mixtures)
    func everyKindIsThere(_ overlay: Overlay) throws {
        let kinds = Set(try overlay.objects.map(\.kind))
        let wanted: Set = [
            "Namespace", "Deployment", "Service", "ServiceAccount", "PodDisruptionBudget",
            "HorizontalPodAutoscaler", "NetworkPolicy", "MutatingWebhookConfiguration",
        ]
        #expect(wanted.subtracting(kinds).isEmpty)
    }

    @Test(arguments: Overlay.all + Overlay.mixtures)
    func selectorsFindThePods(_ overlay: Overlay) throws {
        let labels = try #require(
            try overlay.object("Deployment").at("spec", "template", "metadata", "labels"))
        for (kind, path) in [
            ("Service", ["spec", "selector"]), ("Deployment", ["spec", "selector", "matchLabels"]),
            ("PodDisruptionBudget", ["spec", "selector", "matchLabels"]),
            ("NetworkPolicy", ["spec", "podSelector", "matchLabels"]),
        ] {
            let object = try overlay.object(kind)
            let selector = try #require(path.reduce(object as Value?) { $0?[$1] }?.object)
            #expect(!selector.isEmpty)
            for member in selector.members { #expect(labels[member.key] == member.value, "\(kind)") }
        }
        let target = try overlay.object("HorizontalPodAutoscaler").at("spec", "scaleTargetRef")
        #expect(target?["kind"] == "Deployment")
        #expect(try target?["name"] == overlay.object("Deployment").at("metadata", "name"))
    }

    @Test(arguments: Overlay.all + Overlay.mixtures)
    func portsHaveOneNumberEach(_ overlay: Overlay) throws {
        let container = try overlay.container
        var ports: [String: Int64] = [:]
        for port in try #require(container["ports"]?.array) {
            ports[port["name"]?.string ?? ""] = port["containerPort"]?.int
        }
        #expect(try ports["https"].map(String.init) == overlay.argument("port"))
        #expect(try ports["http-monitoring"].map(String.init) == overlay.argument("monitoringPort"))
        for port in try #require(try overlay.object("Service").at("spec", "ports")?.array) {
            #expect(ports[try #require(port["targetPort"]?.string)] != nil)
        }
        for probe in ["readinessProbe", "livenessProbe"] {
            #expect(ports[try #require(container.at(probe, "httpGet", "port")?.string)] != nil)
        }
        for rule in try #require(try overlay.object("NetworkPolicy").at("spec", "ingress")?.array) {
            for port in rule["ports"]?.array ?? [] {
                #expect(ports[try #require(port["port"]?.string)] != nil)
            }
        }
        let annotations = try overlay.object("Deployment").at("spec", "template", "metadata", "annotations")
        #expect(annotations?["prometheus.io/port"]?.string == ports["http-monitoring"].map(String.init))
    }

    @Test(arguments: Overlay.all + Overlay.mixtures)
    func webhookNamesTheService(_ overlay: Overlay) throws {
        let configuration = try overlay.object("MutatingWebhookConfiguration")
        let service = try overlay.object("Service")
        let webhooks = try #require(configuration["webhooks"]?.array)
        for webhook in webhooks {
            let client = try #require(webhook.at("clientConfig", "service"))
            #expect(client["name"] == service.at("metadata", "name"))
            #expect(client["namespace"] == service.at("metadata", "namespace"))
            let ports = try #require(service.at("spec", "ports")?.array)
            #expect(ports.contains { $0["port"] == client["port"] && $0["targetPort"] == "https" })
            #expect(webhook["sideEffects"] == "None")
            #expect(webhook["admissionReviewVersions"] == ["v1", "v1beta1"])
            // The webhook excludes its own namespace, because calls for its own pods would be a deadlock.
            let own = try #require(service.at("metadata", "namespace"))
            let excluded = webhook.at("namespaceSelector", "matchExpressions")?.array?.first {
                $0["key"] == "kubernetes.io/metadata.name" && $0["operator"] == "NotIn"
            }
            #expect(try #require(excluded?["values"]?.array).contains(own))
        }
        if let name = try overlay.argument("webhookConfigName") {
            #expect(name == configuration.at("metadata", "name")?.string)
            #expect(try overlay.argument("webhookName") == webhooks.first?["name"]?.string)
        }
    }

    @Test(arguments: Overlay.all + Overlay.mixtures)
    func whatIsMountedIsThere(_ overlay: Overlay) throws {
        let spec = try #require(try overlay.object("Deployment").at("spec", "template", "spec"))
        let mounts = try overlay.container["volumeMounts"]?.array ?? []
        let volumes = spec["volumes"]?.array ?? []
        #expect(Set(mounts.map { $0["name"]?.string }) == Set(volumes.map { $0["name"]?.string }))
        for volume in volumes {
            if let name = volume.at("configMap", "name") {
                #expect(try overlay.object("ConfigMap").at("metadata", "name") == name)
            }
        }
        // Each file that a flag names is a key of the object mounted there.
        for flag in ["injectConfig", "injectValues", "meshConfig", "tlsCertFile", "tlsKeyFile"] {
            guard let path = try overlay.argument(flag) else { continue }
            let mount = try #require(
                mounts.first { path.hasPrefix(($0["mountPath"]?.string ?? "?") + "/") }, "\(flag)")
            #expect(mount["readOnly"] == true)
            if mount["name"] == "config" {
                let key = try #require(path.split(separator: "/").last.map(String.init))
                #expect(try overlay.object("ConfigMap")["data"]?[key] != nil, "\(path)")
            }
        }
    }

    /// The pod security standard "restricted", and further settings of hardened webhooks.
    @Test(arguments: Overlay.all + Overlay.mixtures)
    func thePodIsRestricted(_ overlay: Overlay) throws {
        let spec = try #require(try overlay.object("Deployment").at("spec", "template", "spec"))
        let pod = try #require(spec["securityContext"])
        #expect(pod["runAsNonRoot"] == true)
        #expect(try #require(pod["runAsUser"]?.int) > 0)
        #expect(pod.at("seccompProfile", "type") == "RuntimeDefault")
        let container = try #require(try overlay.container["securityContext"])
        #expect(container["allowPrivilegeEscalation"] == false)
        #expect(container["readOnlyRootFilesystem"] == true)
        #expect(container["capabilities"] == ["drop": ["ALL"]])
        for member in ["hostNetwork", "hostPID", "hostIPC"] { #expect(spec[member] == nil) }
        let namespace = try overlay.object("Namespace").at("metadata", "labels")
        #expect(namespace?["pod-security.kubernetes.io/enforce"] == "restricted")
    }

    /// Every right is limited to named objects, except reading the labels of namespaces, whose names are not known
    /// before.
    @Test(arguments: Overlay.all + Overlay.mixtures)
    func rightsAreByName(_ overlay: Overlay) throws {
        let objects = try overlay.objects
        let roles = objects.filter { $0.kind == "Role" || $0.kind == "ClusterRole" }
        let usesCluster = try overlay.argument("tlsAuto") != nil || overlay.argument("injectConfigMap") != nil
        #expect(roles.isEmpty == !usesCluster)
        let spec = try #require(try overlay.object("Deployment").at("spec", "template", "spec"))
        #expect(spec["automountServiceAccountToken"] == .bool(usesCluster))
        // Without egress rules, no outgoing traffic is allowed. An empty list would differ at each `kubectl apply`.
        #expect(try overlay.object("NetworkPolicy").at("spec", "egress") == nil || usesCluster)
        for role in roles {
            for rule in role.value["rules"]?.array ?? [] where rule["resources"] != ["namespaces"] {
                let names = rule["resourceNames"]?.array ?? []
                #expect(!names.isEmpty, "\(role.id): \(rule)")
            }
            let binding = role.kind + "Binding"
            let bound = objects.filter {
                $0.kind == binding && $0.value.at("roleRef", "name")?.string == role.name
            }
            #expect(
                bound.contains { $0.namespace == role.namespace }, "\(role.id) is not bound to an account")
            for one in bound {
                let subject = try #require(one.value["subjects"]?.array?.first)
                #expect(subject["name"] == spec["serviceAccountName"])
            }
        }
    }

    /// A rule allows access to every object that a flag names.
    @Test(arguments: Overlay.all + Overlay.mixtures)
    func everyNamedObjectMayBeRead(_ overlay: Overlay) throws {
        for (flag, resource, verbs) in [
            ("tlsAuto", "secrets", ["get", "update"]),
            ("injectConfigMap", "configmaps", ["get", "list", "watch"]),
            ("meshConfigMap", "configmaps", ["get", "list", "watch"]),
        ] {
            guard let named = try overlay.argument(flag) else { continue }
            let parts = named.split(separator: "/").map(String.init)
            let rules = try overlay.objects.filter { $0.kind == "Role" && $0.namespace == parts[0] }
                .flatMap { $0.value["rules"]?.array ?? [] }
            let rule = rules.first {
                $0["resources"] == [.string(resource)]
                    && $0["resourceNames"]?.array?.contains(.string(parts[1])) == true
            }
            for verb in verbs {
                #expect(rule?["verbs"]?.array?.contains(.string(verb)) == true, "\(flag): \(verb) \(named)")
            }
        }
        if let name = try overlay.argument("webhookConfigName") {
            let rules = try #require(try overlay.object("ClusterRole")["rules"]?.array)
            let rule = rules.first { $0["resources"] == ["mutatingwebhookconfigurations"] }
            #expect(rule?["resourceNames"] == [.string(name)])
            #expect(rule?["verbs"]?.array?.contains("patch") == true)
        }
    }

    /// Only the autoscaler sets the number of replicas, so that no apply or upgrade conflicts with it, and no bundle or
    /// certificate is rendered that something else writes.
    @Test(arguments: Overlay.all + Overlay.mixtures)
    func nothingIsOwnedTwice(_ overlay: Overlay) throws {
        #expect(try overlay.object("HorizontalPodAutoscaler").at("spec", "minReplicas") == 2)
        #expect(try overlay.object("Deployment").at("spec", "replicas") == nil)
        for webhook in try overlay.object("MutatingWebhookConfiguration")["webhooks"]?.array ?? [] {
            #expect(webhook.at("clientConfig", "caBundle") == nil)
        }
        for secret in try overlay.objects where secret.kind == "Secret" {
            #expect(secret.value["data"] == nil)
        }
    }

    /// Objects have no nulls and empty lists: an API server drops them, and every `kubectl apply` would report a
    /// change.
    @Test(arguments: Overlay.all + Overlay.mixtures)
    func nothingIsChangedByApplyingItAgain(_ overlay: Overlay) throws {
        func walk(_ value: Value, _ path: String) {
            switch value {
            case .null: Issue.record("\(path) is null")
            case .array(let items):
                #expect(!items.isEmpty, "\(path) is an empty list")
                for (index, item) in items.enumerated() { walk(item, "\(path)/\(index)") }
            case .object(let object):
                for member in object.members { walk(member.value, "\(path)/\(member.key)") }
            default: break
            }
        }
        for object in try overlay.objects { walk(object.value, object.id) }
    }

    /// Certificates have ECDSA keys: an API server keeps 25 connections and resumes no session, and a handshake with an
    /// RSA key costs ten times as much.
    @Test func certificatesAreOfCurves() throws {
        let certificates = try Overlay(name: "cert-manager").objects.filter { $0.kind == "Certificate" }
        #expect(certificates.count == 2)
        for certificate in certificates {
            #expect(certificate.value.at("spec", "privateKey", "algorithm") == "ECDSA", "\(certificate.id)")
        }
    }

    /// `/decide` is reachable through a forwarded port, whose connections come from the pod's own loopback.
    @Test(arguments: Overlay.all + Overlay.mixtures)
    func questionsComeThroughAForwardedPort(_ overlay: Overlay) throws {
        #expect(try overlay.argument("httpPort") == "8080")
        #expect(try overlay.argument("httpAddress") == nil)
        let ports = try overlay.container["ports"]?.array ?? []
        #expect(!ports.contains { $0["containerPort"] == 8080 })
    }

    /// The installed webhook configuration is the output of `pillion export webhook`, and excludes Pillion's own pods.
    @Test func theWebhookIsTheExportedOne() throws {
        let overlay = Overlay(name: "files")
        let folder = try overlay.mountedConfiguration()
        let exported = run(
            pillionBinary,
            [
                "export", "webhook", "--injectConfig", folder.path("config"), "--service",
                "pillion-system/pillion", "--namespace-selector", "istio-injection=enabled",
                "--follow-policy=false",
            ])
        let wanted = try YAMLReader.value(exported.output)
        var webhook = try #require(
            try overlay.object("MutatingWebhookConfiguration")["webhooks"]?[0]?.object)
        let own = webhook["objectSelector"]?["matchExpressions"]?[0]
        #expect(own?["key"] == "app.kubernetes.io/name" && own?["operator"] == "NotIn")
        webhook["objectSelector"] = nil
        #expect([.object(webhook)] == wanted["webhooks"])
    }

    /// cert-manager's certificate is for the name that the API server calls and is stored in the mounted Secret, and
    /// its authority is injected into the webhook.
    @Test func theCertificateIsForTheService() throws {
        let overlay = Overlay(name: "cert-manager")
        let certificates = try overlay.objects.filter { $0.kind == "Certificate" }
        let served = try #require(certificates.first { $0.name == "pillion" })
        let service = try overlay.object("Service")
        let host = "\(service.at("metadata", "name")?.string ?? "").\(served.namespace).svc"
        #expect(served.value.at("spec", "dnsNames")?.array?.contains(.string(host)) == true)
        let volumes = try #require(
            try overlay.object("Deployment").at("spec", "template", "spec", "volumes")?.array)
        #expect(volumes.contains { $0.at("secret", "secretName") == served.value.at("spec", "secretName") })
        let from = try overlay.object("MutatingWebhookConfiguration").at("metadata", "annotations")
        #expect(from?["cert-manager.io/inject-ca-from"]?.string == "\(served.namespace)/\(served.name)")
        // Its issuer uses the Secret of an authority, which is another certificate.
        let issuer = try #require(
            try overlay.objects.first {
                $0.kind == "Issuer"
                    && $0.value.at("metadata", "name") == served.value.at("spec", "issuerRef", "name")
            })
        let authority = certificates.first {
            $0.value.at("spec", "secretName") == issuer.value.at("spec", "ca", "secretName")
        }
        #expect(authority?.value.at("spec", "isCA") == true)
    }
}
