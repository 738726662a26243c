import PluginAPI
import TestSupport
import Testing
import Values
import YAML

@testable import Injection

/// A pod that is injected again by another configuration becomes what a first injection would have made of it, and a
/// status annotation takes nothing of the pod's own.
@Suite("Injecting again")
struct ReinjectionTests {
    private static let proxy =
        "{name: istio-proxy, image: 'proxy:1', volumeMounts: [{name: envoy, mountPath: /e}]}"

    /// What one configuration after the other renders: with and without an init container (CNI), the proxy as a
    /// container and as an init container (native sidecar), a further container and a volume that come and go, nothing.
    private static let specs = [
        "initContainers: [{name: istio-init, image: 'init:1'}]\ncontainers: [\(proxy)]\nvolumes: [{name: envoy, emptyDir: {}}]",
        "containers: [\(proxy)]\nvolumes: [{name: envoy, emptyDir: {}}]",
        "initContainers: [\(proxy)]\nvolumes: [{name: envoy, emptyDir: {}}]",
        "containers: [\(proxy), {name: agent, image: 'agent:1', volumeMounts: [{name: more, mountPath: /m}]}]\nvolumes: [{name: envoy, emptyDir: {}}, {name: more, emptyDir: {}}]\nimagePullSecrets: [{name: extra}]",
        "containers: [{name: agent, image: 'agent:2'}]",
    ]

    private static let pods = [
        "spec: {containers: [{name: web, image: 'shop:1'}]}",
        """
        metadata:
          labels: {app: web}
          annotations: {prometheus.io/port: "9090", prometheus.io/scrape: "true", note: own}
        spec:
          imagePullSecrets: [{name: mine}]
          volumes: [{name: data, emptyDir: {}}]
          initContainers: [{name: setup, image: i}]
          containers:
          - name: web
            image: shop:1
            ports: [{name: http, containerPort: 80}]
            readinessProbe: {tcpSocket: {port: 80}, periodSeconds: 3}
            livenessProbe: {httpGet: {port: 80, path: /live}}
            volumeMounts: [{name: data, mountPath: /d}]
          - {name: second, image: s}
        """,
        // Its own container says what to change in the injected one.
        "spec: {containers: [{name: web, image: 'shop:1'}, {name: istio-proxy, image: auto, env: [{name: OWN, value: '1'}]}]}",
    ]

    private static func snapshot(_ spec: String, classic: Bool) throws -> Snapshot {
        let indented = spec.split(separator: "\n").map { "      \($0)" }.joined(separator: "\n")
        let text =
            classic
            ? "template: |\n  rewriteAppHTTPProbe: true\n\(indented.replacing("      ", with: "  "))\n"
            : "templates:\n  sidecar: |\n    spec:\n\(indented)\n"
        return try Snapshots.make(
            "policy: enabled\nengine: literal\n\(text)",
            values: "sidecarInjectorWebhook: {rewriteAppHTTPProbe: true}")
    }

    private static func inject(
        _ pod: Value, _ snapshot: Snapshot, check: Bool = true
    ) throws -> (pod: Value, warnings: [String]) {
        var options = ReviewOptions()
        options.selfCheck = check
        let answer = try Answer(toCreating: pod, snapshot: snapshot, options: options)
        #expect(answer.allowed, "\(answer.message)")
        let warnings = answer.review["response"]?["warnings"]?.array ?? []
        return (try JSONPatch.apply(answer.patch, to: pod), warnings.compactMap(\.string))
    }

    private static func pod(_ text: String) throws -> Value {
        var pod = try YAMLReader.value(text)
        pod.modifyObject {
            $0["apiVersion"] = "v1"
            $0["kind"] = "Pod"
            $0.modify("metadata") { $0.modifyObject { $0["name"] = "front" } }
        }
        return pod
    }

    @Test("any configuration after any other: as a first injection", arguments: [true, false])
    func anyAfterAny(classic: Bool) throws {
        let snapshots = try Self.specs.map { try Self.snapshot($0, classic: classic) }
        // A probe's port that has a name comes back as a number, so that the plain pod is compared to the letter.
        for text in Self.pods.prefix(1) {
            let pod = try Self.pod(text)
            for first in snapshots.indices {
                let once = try Self.inject(pod, snapshots[first]).pod
                for second in snapshots.indices {
                    let twice = try Self.inject(once, snapshots[second]).pod
                    let fresh = try Self.inject(pod, snapshots[second]).pod
                    #expect(
                        twice["spec"] == fresh["spec"],
                        "\(first), then \(second):\n\(JSON.text(twice))\n\(JSON.text(fresh))")
                    let annotations = fresh["metadata"]?["annotations"]?.object?.members ?? []
                    for annotation in annotations {
                        #expect(
                            twice["metadata"]?["annotations"]?[annotation.key] == annotation.value,
                            "\(first), then \(second): \(annotation.key)")
                    }
                }
            }
        }
    }

    /// Some containers change their places after the merge, and the merge looks at the places of the pod's own.
    @Test(
        "a template of several containers, some of them the pod's own: the order stays",
        arguments: [
            ("containers", "istio-proxy", false), ("containers", "istio-proxy", true),
            ("containers", "istio-init", false), ("initContainers", "istio-init", false),
            ("initContainers", "istio-validation", false), ("initContainers", "istio-proxy", false),
        ])
    func orderOfOwn(list: String, moved: String, holdsApplication: Bool) throws {
        let pods = Self.orders(of: [moved, "second", "web"])
        for template in Self.orders(of: [moved, "second", "added"]) {
            let containers = template.map { "{name: \($0), env: [{name: T, value: '1'}]}" }
            let snapshot = try Snapshots.make(
                "policy: enabled\nengine: literal\ntemplates:\n  sidecar: |\n    spec:\n"
                    + "      \(list): [\(containers.joined(separator: ", "))]\n",
                mesh: "defaultConfig: {holdApplicationUntilProxyStarts: \(holdsApplication)}")
            for names in pods {
                let own = names.map { "{name: \($0), image: i}" }
                let other = list == "containers" ? "" : ", containers: [{name: main, image: i}]"
                let pod = try Self.pod("spec: {\(list): [\(own.joined(separator: ", "))]\(other)}")
                let once = try Self.inject(pod, snapshot, check: false).pod
                let again = try Self.inject(once, snapshot, check: false).pod
                #expect(once == again, "\(names) by \(template):\n\(JSON.text(once))\n\(JSON.text(again))")
            }
        }
    }

    private static func orders(of names: [String]) -> [[String]] {
        guard names.count > 1 else { return [names] }
        return names.flatMap { name in
            orders(of: names.filter { $0 != name }).map { [name] + $0 }
        }
    }

    /// The API server refuses two volumes of one name; what is injected must still be the same each time.
    @Test("two volumes of one name, given by a template") func twinVolumes() throws {
        let volumes = "volumes: [{name: v, emptyDir: {}}, {name: v, emptyDir: {}}]"
        let twins = try Self.snapshot("containers: [{name: agent, image: a}]\n\(volumes)", classic: true)
        let plain = try Self.snapshot(Self.specs[4], classic: true)
        let pod = try Self.pod(Self.pods[0])
        let once = try Self.inject(Self.inject(pod, plain).pod, twins, check: false).pod
        #expect(once["spec"] == (try Self.inject(pod, twins, check: false).pod)["spec"])
        #expect(once == (try Self.inject(once, twins, check: false).pod))
    }

    /// What injections put in before there was a status goes by its name, once: not again from a pod that has a status.
    @Test("a container of the pod with an injected one's name, twice") func legacyNamesGoOnce() throws {
        let snapshot = try Self.snapshot("volumes: []", classic: true)
        let pod = try Self.pod(
            "spec: {containers: [{name: istio-proxy, image: a}, {name: istio-proxy, image: b}, {name: web, image: w}]}"
        )
        let once = try Self.inject(pod, snapshot, check: false).pod
        #expect(once == (try Self.inject(once, snapshot, check: false).pod))
    }

    @Test("a container of the pod with the name of one in both lists of a template") func inBothLists() throws
    {
        let snapshot = try Self.snapshot(
            "containers: [{name: web, image: t}]\ninitContainers: [{name: web, image: t}]", classic: false)
        let once = try Self.inject(Self.pod("spec: {containers: [{name: web, image: w}]}"), snapshot).pod
        #expect(try Self.inject(once, snapshot).pod == once)
    }

    /// The API server refuses two containers of one name; each must still get its own image.
    @Test(
        "two containers of one name, which the template has twice too",
        arguments: ["containers", "initContainers"])
    func twinContainers(list: String) throws {
        let snapshot = try Self.snapshot(
            "\(list): [{name: agent, image: t}, {name: agent, image: u}]", classic: false)
        let own = "{name: agent, image: a}, {name: agent, image: auto, env: [{name: E, value: '1'}]}"
        let pod = try Self.pod(
            "spec: {containers: [{name: web, image: w}], initContainers: []}".replacing(
                list == "containers" ? "image: w}" : "[]",
                with: list == "containers" ? "image: w}, \(own)" : "[\(own)]"))
        let once = try Self.inject(pod, snapshot, check: false).pod
        let agents = try #require(once["spec"]?[list]?.array).filter { $0.name == "agent" }
        #expect(agents.map { $0["image"]?.string } == ["a", "u"])
        #expect(agents.map { $0["env"] == nil } == [true, false])
        #expect(once == (try Self.inject(once, snapshot, check: false).pod))
    }

    @Test("a container of the pod that the template has twice", arguments: ["containers", "initContainers"])
    func oneOfTwins(list: String) throws {
        let snapshot = try Self.snapshot(
            "\(list): [{name: web, image: t}, {name: web, image: null}]", classic: false)
        let pod = try Self.pod("spec: {\(list): [{name: web, image: w}], volumes: []}")
        let once = try Self.inject(pod, snapshot, check: false).pod
        #expect(once == (try Self.inject(once, snapshot, check: false).pod))
        #expect(once["spec"]?[list]?.array?.first?["image"] == "w")
    }

    /// The status names the container, so the earlier injection's part of it may go, but not the user's.
    @Test("the user's part of an injected container survives the next configuration too")
    func userPartsSurvive() throws {
        let first = try Self.snapshot("initContainers: [\(Self.proxy)]", classic: false)
        let second = try Self.snapshot(
            "initContainers: [{name: other, image: o}, {$patch: replace}]", classic: false)
        let pod = try Self.pod(
            "spec: {containers: [{name: web, image: w}], initContainers: [{name: istio-proxy, image: own}]}")
        let once = try Self.inject(pod, first, check: false).pod
        let review: Value = [
            "request": ["uid": "u", "namespace": "shop", "operation": "CREATE", "object": once]
        ]
        let answer = try Answer(to: review, snapshot: second, options: ReviewOptions())
        #expect(
            !answer.allowed && answer.message.contains("/spec/initContainers/istio-proxy"),
            "\(answer.message)")
    }

    /// An item of nothing but nulls adds nothing, so the status does not name it.
    @Test("a template's container without content") func emptyItems() throws {
        let snapshot = try Self.snapshot("containers: [{name: agent, image: null}]", classic: false)
        let pod = "spec: {containers: [{name: web, image: w}], initContainers: [{name: agent, image: own}]}"
        let once = try Self.inject(Self.pod(pod), snapshot, check: false).pod
        let status = try #require(once["metadata"]?["annotations"]?["sidecar.istio.io/status"]?.string)
        #expect(!status.contains("agent"), "\(status)")
    }

    /// An injection that is tried beside another one starts from all that is known.
    @Test("a copy of a subject has every member") func copiesAreWhole() throws {
        let pod = Pod(metadata: Object(), spec: Object())
        let subject = InjectionSubject(pod: pod, form: .modern, namespace: "shop", isReview: true)
        let source = text(of: packageRoot + "/Sources/Injection/Pod/InjectionSubject.swift")
        let members = Mirror(reflecting: subject).children.compactMap(\.label)
        #expect(members.count > 20)
        for member in members { #expect(source.contains(" \(member) = other.\(member)\n"), "\(member)") }
    }

    @Test("three configurations in a row, and out again after each", arguments: [true, false])
    func threeInARow(classic: Bool) throws {
        let snapshots = try Self.specs.map { try Self.snapshot($0, classic: classic) }
        for text in Self.pods.dropLast() {
            let pod = try Self.pod(text)
            var current = pod
            for number in [0, 2, 3, 1, 4] {
                current = try Self.inject(current, snapshots[number]).pod
                let back = try Pipeline.uninject(manifest: Array(JSON.text(current).utf8))
                let restored = try JSON.read(back.output)
                #expect(restored["spec"] == pod["spec"], "after \(number): \(JSON.text(restored))")
            }
        }
    }

    @Test("templates that render to nothing take an earlier injection out", arguments: [false])
    func nothingAfterSomething(classic: Bool) throws {
        let pod = try Self.pod(Self.pods[1])
        let once = try Self.inject(pod, Self.snapshot(Self.specs[0], classic: classic)).pod
        let nothing = try Snapshots.make(
            "policy: enabled\nengine: literal\n"
                + (classic ? "template: '# x'\n" : "templates: {sidecar: '# x'}\n"))
        let back = try Self.inject(once, nothing).pod
        #expect(back["spec"] == pod["spec"], "\(JSON.text(back))")
    }

    @Test(
        "a status that the pod's author wrote takes nothing of the pod's, and is warned of",
        arguments: [true, false],
        [
            #"{"containers":["web"]}"#, #"{"containers": ["web", "second"], "volumes": ["data"]}"#,
            #"{"version":"x","initContainers":["setup"],"containers":["web"],"volumes":["data"],"imagePullSecrets":["mine"]}"#,
            #"{"initContainers":null,"containers":["istio-proxy","web"],"volumes":["data"],"imagePullSecrets":null,"revision":"default"}"#,
            #"{"initContainers":null,"containers":["web","second"],"volumes":null,"imagePullSecrets":null,"revision":"default"}"#,
            // To the byte as an injector writes it.
            #"{"initContainers":["setup"],"containers":["web"],"volumes":["data"],"imagePullSecrets":["mine"],"revision":"default"}"#,
            #"{"version":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","initContainers":["setup"],"containers":["web"],"volumes":["data"],"imagePullSecrets":["mine"]}"#,
            #"{"version":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","initContainers":null,"containers":["second"],"volumes":null,"imagePullSecrets":null}"#,
        ])
    func statusOfTheAuthor(classic: Bool, status: String) throws {
        var pod = try Self.pod(Self.pods[1])
        pod.modifyObject {
            $0.modify("metadata") {
                $0.modifyObject {
                    $0.modify("annotations") { $0.modifyObject { $0[MetadataKey.status] = .string(status) } }
                }
            }
        }
        let (after, warnings) = try Self.inject(pod, Self.snapshot(Self.specs[1], classic: classic))
        for list in StatusAnnotation.lists {
            let names = (after["spec"]?[list]?.array ?? []).map(\.name)
            for item in pod["spec"]?[list]?.array ?? [] {
                #expect(names.contains(item.name), "\(list) without \(item.name)")
            }
        }
        #expect(
            warnings.contains { $0.contains("which no injection made") && $0.utf8.count <= 120 },
            "\(warnings)")
    }

    @Test("a name that is added to the status of an injected pod takes nothing (template:)")
    func nameAddedToTheStatus() throws {
        let snapshot = try Self.snapshot(Self.specs[1], classic: true)
        var once = try Self.inject(Self.pod(Self.pods[1]), snapshot).pod
        once.modifyObject {
            $0.modify("metadata") {
                $0.modifyObject {
                    $0.modify("annotations") {
                        $0.modifyObject {
                            let text = $0[MetadataKey.status]?.string ?? ""
                            $0[MetadataKey.status] = .string(
                                text.replacing(#"["istio-proxy"]"#, with: #"["web","istio-proxy"]"#))
                        }
                    }
                }
            }
        }
        let (after, warnings) = try Self.inject(once, snapshot)
        #expect(
            (after["spec"]?["containers"]?.array ?? []).map(\.name) == ["web", "second", "istio-proxy"])
        #expect(
            warnings.contains { $0.contains("/spec/containers/web, which no injection made") }, "\(warnings)")
    }

    @Test("a proxy of the user's own, where templates give none, gets its settings once")
    func ownProxy() throws {
        let pod = try Self.pod(
            """
            metadata: {annotations: {prometheus.io/port: "9090"}}
            spec:
              containers:
              - {name: web, image: i, livenessProbe: {httpGet: {port: 80}}}
              - {name: istio-proxy, image: mine}
            """)
        let snapshot = try Self.snapshot("volumes: [{name: envoy, emptyDir: {}}]", classic: false)
        let once = try Self.inject(pod, snapshot).pod
        let proxy = once["spec"]?["containers"]?.array?.first { $0.name == "istio-proxy" }
        #expect(
            proxy?["env"]?.array?.map(\.name) == [ProxyVariable.prometheus, ProxyVariable.probes])
        #expect(try Self.inject(once, snapshot).pod == once)
        let back = try Pipeline.uninject(manifest: Array(JSON.text(once).utf8))
        #expect(try JSON.read(back.output)["spec"] == pod["spec"])
    }

    @Test("volumes and pull secrets that the pod had itself stay, whatever a later configuration gives")
    func ownVolumesStay() throws {
        let pod = try Self.pod(
            """
            spec:
              imagePullSecrets: [{name: extra}]
              volumes: [{name: more, emptyDir: {medium: Memory}}]
              containers: [{name: web, image: i}]
            """)
        let once = try Self.inject(pod, Self.snapshot(Self.specs[3], classic: false)).pod
        #expect(
            once["metadata"]?["annotations"]?[MetadataKey.status]?.string?.hasSuffix(
                #""revision":"default","own":{"volumes":["more"],"imagePullSecrets":["extra"]}}"#) == true)
        let twice = try Self.inject(once, Self.snapshot(Self.specs[1], classic: false)).pod
        #expect((twice["spec"]?["volumes"]?.array ?? []).map(\.name) == ["envoy", "more"])
        #expect((twice["spec"]?["imagePullSecrets"]?.array ?? []).map(\.name) == ["extra"])
        let back = try Pipeline.uninject(manifest: Array(JSON.text(once).utf8))
        #expect(try JSON.read(back.output)["spec"] == pod["spec"])
    }

    @Test("a volume that a remaining container mounts stays", arguments: [true, false])
    func mountedVolume(classic: Bool) throws {
        let pod = try Self.pod(
            "spec: {containers: [{name: web, image: i, volumeMounts: [{name: more, mountPath: /m}]}]}")
        let once = try Self.inject(pod, Self.snapshot(Self.specs[3], classic: classic)).pod
        let twice = try Self.inject(once, Self.snapshot(Self.specs[1], classic: classic)).pod
        let names = (twice["spec"]?["volumes"]?.array ?? []).map(\.name)
        #expect(names.contains("more"))
        #expect(twice == (try Self.inject(twice, Self.snapshot(Self.specs[1], classic: classic)).pod))
        let volumes = "[{name: envoy, emptyDir: {}}, {$patch: replace}]"
        let replacing = "containers: [\(Self.proxy)]\nvolumes: \(volumes)"
        if !classic { _ = try Self.inject(twice, Self.snapshot(replacing, classic: false)) }
        let again = try Self.inject(twice, Self.snapshot(Self.specs[3], classic: classic)).pod
        #expect((again["spec"]?["volumes"]?.array ?? []).filter { $0.name == "more" }.count == 1)
    }
}
