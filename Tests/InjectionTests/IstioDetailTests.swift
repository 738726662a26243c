import PluginAPI
import TestSupport
import Testing
import Values
import YAML

@testable import Injection

/// Details of Istio's behaviour that a template or a second injection depends on, found by observing Istio with fields
/// that are missing, empty or odd.
@Suite("Istio's details")
struct IstioDetailTests {
    private static let modern = """
        policy: enabled
        templates:
          sidecar: |
            metadata:
              annotations:
                seen: "OUTPUT"
            spec:
              containers:
              - name: istio-proxy
                image: "{{ .ProxyImage }}"
                env:
                - {name: FIRST, value: "1"}
                securityContext: {runAsUser: {{ .ProxyUID }}, runAsGroup: {{ .ProxyGID }}}
        """

    private static let classic = """
        policy: enabled
        template: |
          rewriteAppHTTPProbe: true
          containers:
          - name: istio-proxy
            image: proxy:1
            args: ["OUTPUT"]
        """

    private static func review(_ pod: String) throws -> Value {
        [
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": [
                "uid": "u", "namespace": "shop", "operation": "CREATE", "object": try YAMLReader.value(pod),
            ],
        ]
    }

    private static func injected(
        _ pod: String, _ configuration: String = modern, values: String = "{}", mesh: String = "{}",
        path: String = "/inject", options: InjectionOptions = InjectionOptions()
    ) throws -> Value {
        let snapshot = try Snapshots.make(configuration, values: values, mesh: mesh, options: options)
        let review = try review(pod)
        let answer = try Answer(to: review, path: path, snapshot: snapshot)
        #expect(answer.allowed, "\(answer.message)")
        return try JSONPatch.apply(answer.patch, to: review["request"]?["object"] ?? .null)
    }

    private static func proxy(_ pod: Value) -> Value? {
        let spec = pod["spec"]
        let all = (spec?["containers"]?.array ?? []) + (spec?["initContainers"]?.array ?? [])
        return all.first { $0.name == ContainerName.proxy }
    }

    private static func environment(_ pod: Value) -> [String] {
        (proxy(pod)?["env"]?.array ?? []).map { "\($0.name)=\($0["value"]?.string ?? "")" }
    }

    private static let plain = "spec: {containers: [{name: a, image: i}]}"

    @Test(
        "numbers of the values are fractions to a template, as in Go's any",
        arguments: [
            ("{{ .Values.num }}", "1.00065e+09"), ("{{ .Values.small }}", "15020"),
            ("{{ printf `%T` .Values.small }}", "float64"), ("{{ .Values.list }}", "[1 2.5]"),
            ("{{ .Values.nothing }}", "<no value>"), ("{{ toJson .Values.num }}", "1000650000"),
            ("{{ add .Values.small 1 }}", "15021"), ("{{ eq .Values.small 15020.0 }}", "true"),
            ("{{ toYaml .Values.map | trim }}", "a: 1000650000"),
        ])
    func numbers(_ template: String, _ want: String) throws {
        let configuration = Self.modern.replacing("OUTPUT", with: template)
        let pod = try Self.injected(
            Self.plain, configuration,
            values: "{num: 1000650000, small: 15020, list: [1, 2.5], nothing: null, map: {a: 1000650000}}")
        #expect(pod["metadata"]?["annotations"]?["seen"]?.string == want)
    }

    @Test(
        "the image's variant",
        arguments: [
            ("{hub: h, tag: t, variant: debug}", "{}", "", "h/proxyv2:t-debug"),
            ("{hub: h, tag: t-debug, variant: distroless}", "{}", "", "h/proxyv2:t-distroless"),
            (
                "{hub: h, tag: t, variant: debug}", "{defaultConfig: {image: {imageType: distroless}}}", "",
                "h/proxyv2:t-distroless"
            ),
            ("{hub: h, tag: t, variant: debug}", "{defaultConfig: {image: {}}}", "", "h/proxyv2:t"),
            ("{hub: h, tag: t-debug, variant: debug}", "{}", "default", "h/proxyv2:t"),
            ("{hub: h, tag: 1.20}", "{}", "", "h/proxyv2:1.2"),
            ("{hub: h, tag: 20260801}", "{}", "", "h/proxyv2:2.0260801e+07"),
        ])
    func image(_ global: String, _ mesh: String, _ annotation: String, _ want: String) throws {
        let metadata =
            annotation.isEmpty
            ? "" : "metadata: {annotations: {sidecar.istio.io/proxyImageType: \(annotation)}}\n"
        let pod = try Self.injected(metadata + Self.plain, values: "global: \(global)", mesh: mesh)
        #expect(Self.proxy(pod)?["image"]?.string == want)
    }

    @Test(
        "cluster and network: values, then the path, then the pod's label",
        arguments: [
            ("/inject", "", "ISTIO_META_CLUSTER_ID=c ISTIO_META_NETWORK=home", "home"),
            ("/inject/cluster/x/net/y", "", "ISTIO_META_CLUSTER_ID=x ISTIO_META_NETWORK=y", "y"),
            ("/inject/net//own/", "", "ISTIO_META_CLUSTER_ID=c ISTIO_META_NETWORK=home", "home"),
            (
                "/inject/a/1/first/2", "", "A=1 FIRST=2 ISTIO_META_CLUSTER_ID=c ISTIO_META_NETWORK=home",
                "home"
            ),
            ("/inject/net/y", "z", "ISTIO_META_CLUSTER_ID=c ISTIO_META_NETWORK=z", "z"),
            ("/inject", "''", "ISTIO_META_CLUSTER_ID=c", ""),
        ])
    func network(_ path: String, _ label: String, _ want: String, _ wantLabel: String) throws {
        let metadata = label.isEmpty ? "" : "metadata: {labels: {topology.istio.io/network: \(label)}}\n"
        let pod = try Self.injected(
            metadata + Self.plain, values: "global: {network: home, multiCluster: {clusterName: c}}",
            path: path)
        let found = Self.environment(pod).filter { $0 != "FIRST=1" }
        #expect(found.joined(separator: " ") == want)
        #expect(pod["metadata"]?["labels"]?["topology.istio.io/network"]?.string == wantLabel)
    }

    @Test("a second injection finds the environment as the first one left it", arguments: [false, true])
    func order(_ native: Bool) throws {
        let template =
            native
            ? Self.modern.replacing("  containers:", with: "  initContainers:") : Self.modern
        let pod = """
            metadata: {annotations: {prometheus.io/port: "9"}}
            spec:
              containers:
              - {name: a, image: i, readinessProbe: {httpGet: {port: 1}}}
            """
        let values = """
            global: {network: home, multiCluster: {clusterName: c}}
            sidecarInjectorWebhook: {rewriteAppHTTPProbe: true}
            """
        let once = try Self.injected(pod, template, values: values)
        let names = Self.environment(once).map { String($0.prefix { $0 != "=" }) }
        let order = ["FIRST", "ISTIO_META_CLUSTER_ID", "ISTIO_META_NETWORK"]
        #expect(names == order + [ProxyVariable.prometheus, ProxyVariable.probes])
        let twice = try Self.injected(JSON.text(once), template, values: values)
        #expect(once == twice)
    }

    @Test("probes that the proxy already knows keep their record and place")
    func recordedProbes() throws {
        let pod = """
            metadata: {annotations: {sidecar.istio.io/status: '{"containers":["istio-proxy"]}'}}
            spec:
              containers:
              - name: a
                image: i
                readinessProbe: {httpGet: {port: 1}}
                livenessProbe: {httpGet: {port: 2}}
              - name: istio-proxy
                image: p
                env:
                - name: ISTIO_KUBE_APP_PROBERS
                  value: '{"/app-health/a/readyz":{"httpGet":{"port":7}}}'
                - {name: LAST, value: "1"}
            """
        let got = try Self.injected(pod, values: "sidecarInjectorWebhook: {rewriteAppHTTPProbe: true}")
        let record =
            #"{"/app-health/a/livez":{"httpGet":{"port":2}},"/app-health/a/readyz":{"httpGet":{"port":7}}}"#
        #expect(Self.environment(got) == ["FIRST=1", "ISTIO_KUBE_APP_PROBERS=" + record, "LAST=1"])
    }

    @Test(
        "the annotation for a native sidecar counts only if it is exactly true or false",
        arguments: [("true", false, true), ("false", true, false), ("1", false, false), ("no", true, true)])
    func native(_ annotation: String, _ option: Bool, _ moves: Bool) throws {
        var options = InjectionOptions()
        options.nativeSidecars = option
        let pod = """
            metadata: {annotations: {sidecar.istio.io/nativeSidecar: "\(annotation)"}}
            spec: {containers: [{name: a, image: i}, {name: istio-proxy, image: auto, tty: true}]}
            """
        let template = Self.modern.replacing("  containers:", with: "  initContainers:")
        let got = try Self.injected(pod, template, options: options)
        #expect((got["spec"]?["containers"]?.array?.count == 1) == moves)
    }

    @Test("unreadable overrides are refused; with an unreadable status, every container is the user's")
    func overrides() throws {
        let pod = """
            metadata: {annotations: {proxy.istio.io/overrides: '{"containers": 7}'}}
            spec: {containers: [{name: a, image: i}]}
            """
        let answer = try Answer(to: try Self.review(pod), snapshot: try Snapshots.make(Self.modern))
        #expect(!answer.allowed && answer.message.contains("annotation 'proxy.istio.io/overrides'"))
        let odd = """
            metadata: {annotations: {sidecar.istio.io/status: 'odd'}}
            spec: {containers: [{name: a, image: i}, {name: istio-proxy, image: mine}]}
            """
        let got = try Self.injected(odd)
        #expect(Self.proxy(got)?["image"] == "mine")
        #expect(
            got["metadata"]?["annotations"]?["proxy.istio.io/overrides"]
                == #"{"containers":[{"name":"istio-proxy","image":"mine"}]}"#)
    }

    @Test(
        "OpenShift: the ids are the namespace's, and the user that admission has set is removed",
        arguments: [
            ("openshift", "{}", "{name: istio-proxy, image: auto, securityContext: {runAsUser: 5}}", 1999),
            ("OpenShift", "{}", "{name: b, image: i}", 1999),
            ("", "global: {platform: openshift}", "{name: b, image: i}", 1999),
            ("other", "global: {platform: openshift}", "{name: b, image: i}", 1337),
            ("", "{}", "{name: istio-proxy, image: auto, securityContext: {runAsUser: 5}}", 5),
            ("openshift", "{}", "{name: istio-proxy, image: auto, securityContext: {runAsUser: 6}}", 6),
        ])
    func openShift(_ platform: String, _ values: String, _ second: String, _ user: Int64) throws {
        var options = InjectionOptions()
        options.environment["PLATFORM"] = platform
        try options.readNamespaces(
            NamedText(
                name: "namespaces.yaml",
                text: """
                    kind: NamespaceList
                    items:
                    - metadata: {name: shop, annotations: {openshift.io/sa.scc.uid-range: 1000/1000}}
                    - metadata: {name: other}
                    """))
        let pod = "spec: {containers: [{name: a, image: i, securityContext: {runAsUser: 5}}, \(second)]}"
        let got = try Self.injected(pod, values: values, options: options)
        #expect(Self.proxy(got)?["securityContext"]?["runAsUser"] == .int(user))
    }

    @Test(
        "the error of a file of namespaces names the problem",
        arguments: [("kind: Pod", "holds no Namespace"), ("a: [", "is not YAML"), ("", "holds no Namespace")])
    func namespaces(_ text: String, _ want: String) {
        let error = #expect(throws: ConfigurationError.self) {
            var options = InjectionOptions()
            try options.readNamespaces(NamedText(name: "n.yaml", text: text))
        }
        #expect(error?.description.contains(want) == true)
    }

    @Test("classic: templates of the first releases have brackets as delimiters")
    func brackets() throws {
        let old = Self.classic.replacing("OUTPUT", with: "[[ .MeshConfig.ProxyListenPort ]]")
        #expect(Self.proxy(try Self.injected(Self.plain, old))?["args"]?[0] == "15001")
        let both = Self.classic.replacing("OUTPUT", with: "[[ {{ 1 }} ]]")
        #expect(Self.proxy(try Self.injected(Self.plain, both))?["args"]?[0] == "[[ 1 ]]")
    }

    @Test("classic: the template of a review sees the fsGroup that the pod will have")
    func group() throws {
        let template = Self.classic.replacing("OUTPUT", with: "{{ .Spec.SecurityContext.FSGroup }}")
        let pod = "spec: {securityContext: {fsGroup: 7, runAsUser: 3}, containers: [{name: a, image: i}]}"
        let got = try Self.injected(pod, template)
        #expect(got["spec"]?["securityContext"] == ["fsGroup": 1337, "runAsUser": 3])
    }

    @Test(
        "classic: an empty status is ignored, and containers with the old names are removed",
        arguments: ["{}", "odd", #"{"containers":[]}"#])
    func emptyStatus(_ status: String) throws {
        let pod = """
            metadata: {annotations: {sidecar.istio.io/status: '\(status)'}}
            spec:
              initContainers: [{name: istio-init, image: old}, {name: own, image: i}]
              containers: [{name: a, image: i}, {name: istio-proxy, image: old}]
              volumes: [{name: istio-certs}, {name: own}]
            """
        let got = try Self.injected(pod, Self.classic)
        #expect(got["spec"]?["containers"]?.array?.map(\.name) == ["a", "istio-proxy"])
        #expect(got["spec"]?["initContainers"]?.array?.map(\.name) == ["own"])
        #expect(got["spec"]?["volumes"]?.array?.map(\.name) == ["own"])
        #expect(Self.proxy(got)?["image"] == "proxy:1")
    }

    @Test("classic: kube-inject leaves an empty label alone, the webhook fills it")
    func emptyLabel() throws {
        let pod = """
            apiVersion: v1
            kind: Pod
            metadata: {name: p, labels: {security.istio.io/tlsMode: ""}}
            spec: {containers: [{name: a, image: i}]}
            """
        let outcome = try Pipeline.inject(
            manifest: Array(pod.utf8), snapshot: try Snapshots.make(Self.classic))
        let manifest = try YAMLReader.value(outcome.output)
        #expect(manifest["metadata"]?["labels"]?["security.istio.io/tlsMode"] == "")
        let review = try Self.injected(pod, Self.classic)
        #expect(review["metadata"]?["labels"]?["security.istio.io/tlsMode"] == "istio")
    }
}
