import Injection
import PluginAPI
import TestSupport
import Testing
import Values

/// A template has the same output with and without the output cache, whatever it reads of a pod.
@Suite("Cached outputs")
struct OutputMemoryTests {
    /// Each template reads the pod in another way: by keys, variables, loops, nested blocks, called templates, or the
    /// root as a whole.
    private static let bodies = [
        #"a: "{{ index .ObjectMeta.Labels "app" }}""#,
        #"a: "{{ index .ObjectMeta.Labels "app" | default (index .ObjectMeta.Labels "version") }}""#,
        #"a: "{{ annotation .ObjectMeta "sidecar.istio.io/inject" "none" }}"{{ if isset .ObjectMeta.Annotations "b" }}b{{ end }}"#,
        #"a: "{{ range $k, $v := .ObjectMeta.Labels }}{{ $k }}={{ $v }} {{ else }}none {{ $.ObjectMeta.Name }}{{ end }}""#,
        #"{{ $n := .ObjectMeta.Name }}{{ if .Spec.ServiceAccountName }}{{ $n = .Spec.ServiceAccountName }}{{ end }}a: "{{ $n }}""#,
        #"{{ $c := list }}{{ range .Spec.Containers }}{{ $c = append $c .Name }}{{ end }}a: "{{ join "," $c }}""#,
        #"{{ $c := "" }}{{ range $i, $x := .Spec.Containers }}{{ if eq $x.Name "app1" }}{{ $c = $x.Image }}{{ end }}{{ end }}a: "{{ $c }}""#,
        #"{{ $v := .Values }}{{ $o := .ObjectMeta }}a: "{{ $o.GenerateName }}{{ $v.x }}""#,
        #"{{ $all := . }}a: "{{ $all.ObjectMeta.Name }}{{ len $all.Spec.Containers }}""#,
        #"{{ with .Spec }}{{ $first := index .Containers 0 }}a: "{{ $first.Name }}{{ len .Volumes }}"{{ else }}a: "{{ .ObjectMeta.Name }}"{{ end }}"#,
        #"{{ define "n" }}{{ .ObjectMeta.Name }}{{ index .ObjectMeta.Labels "app" }}{{ end }}a: "{{ template "n" . }}""#,
        #"{{ define "n" }}{{ .Name }}{{ range .Labels }}{{ . }}{{ end }}{{ end }}a: "{{ template "n" .ObjectMeta }}{{ template "n" $.ObjectMeta }}""#,
        #"a: {{ toJson .ObjectMeta.Annotations | quote }}"#,
        #"a: "{{ len (toJson .Spec) }}{{ .DeploymentMeta.Name }}{{ .TypeMeta.Kind }}""#,
        #"a: "{{ printf "%v" .Spec.HostNetwork }}{{ .ProxyConfig.InterceptionMode }}{{ .Revision }}""#,
        #"a: "{{ or (index .ObjectMeta.Annotations "x") (index .ObjectMeta.Labels "app") "z" }}{{ and .Spec.HostNetwork .ObjectMeta.Name }}""#,
        #"{{ if .Spec.HostPID }}{{ $x := 1 }}a: "{{ $x }}"{{ else if .Spec.InitContainers }}a: "{{ len .Spec.InitContainers }}"{{ else }}a: "n"{{ end }}"#,
        #"{{ $d := dict "n" .ObjectMeta.Name }}a: "{{ $d.n }}{{ get $d "n" }}""#,
    ]

    private static func configuration(_ body: String) -> String {
        """
        policy: enabled
        defaultTemplates: [sidecar]
        templates:
          sidecar: |
            metadata:
              annotations:
                fixed: "{{ .Values.fixed }}"
                \(body.replacing("\n", with: "\n            "))
            spec:
              containers:
              - name: istio-proxy
                image: "{{ .Values.image }}"
        """
    }

    private static func answers(_ snapshot: Snapshot, _ seed: UInt64) -> [String] {
        var chance = GeneratedPods(seed: seed)
        var pods: [Value] = []
        var answers: [String] = []
        for _ in 0..<120 {
            var pod = chance.chance(50) || pods.isEmpty ? chance.pod() : chance.pick(pods.suffix(8))
            if chance.chance(40) {
                pod.modifyObject { pod in
                    pod.modify("metadata") { metadata in
                        metadata.modifyObject { metadata in
                            metadata["labels"] = [
                                "app": .string(chance.pick(["a", "b", ""])),
                                "version": .string(chance.pick(["1", "2"])),
                            ]
                        }
                    }
                }
            }
            if chance.chance(15) {
                pod.modifyObject { pod in
                    pod.modify("metadata") { metadata in
                        metadata.modifyObject {
                            $0["annotations"] = ["proxy.istio.io/config": "interceptionMode: TPROXY"]
                        }
                    }
                }
            }
            pods.append(pod)
            let review: Value = [
                "apiVersion": "admission.k8s.io/v1",
                "request": ["uid": .string("\(answers.count)"), "namespace": "shop", "object": pod],
            ]
            var output = ByteBuffer()
            _ = Array(JSON.text(review).utf8).withUnsafeBufferPointer {
                Pipeline.review($0, path: "/inject", snapshot: snapshot, into: &output)
            }
            answers.append(output.text)
        }
        return answers
    }

    @Test(arguments: bodies)
    func agrees(_ body: String) throws {
        var options = InjectionOptions()
        options.cacheBytes = 0
        let values = "{fixed: f, image: i, x: 5}"
        let configuration = Self.configuration(body)
        let plain = Self.answers(try Snapshots.make(configuration, values: values, options: options), 3)
        options.cacheBytes = 1 << 20
        let remembering = try Snapshots.make(configuration, values: values, options: options)
        for (number, (one, other)) in zip(plain, Self.answers(remembering, 3)).enumerated() {
            #expect(one == other, "\(number)")
        }
        #expect(plain.contains { $0.contains("\"patch\"") })
    }

    @Test("outputs are cache hits if only a label differs that the template does not read")
    func hits() throws {
        let options = InjectionOptions()
        let snapshot = try Snapshots.make(
            Self.configuration(Self.bodies[0]), values: "{fixed: f, image: i}", options: options)
        for number in 0..<10 {
            let review: Value = [
                "request": [
                    "uid": "1",
                    "object": [
                        "metadata": ["labels": ["app": "a", "pod": .string("\(number)")]],
                        "spec": ["containers": [["name": "a"]]],
                    ],
                ]
            ]
            #expect(try Answer(to: review, snapshot: snapshot).allowed)
        }
        // The first two reviews are misses: the first has nothing to compare with, the second records what is read.
        #expect(options.cacheCounters.outputs.hits >= 8 && options.cacheCounters.answers.hits == 0)
    }

    @Test(
        "recorded reviews, each sent twice", .needs(.istioConfigurations), .needs(.istioClassic),
        .needs(.istioModern),
        arguments: ["1.6", "1.32"])
    func recorded(_ version: String) throws {
        let folder = CaseCollection.istioConfigurations.path("config-\(version)")
        func snapshot(_ bytes: Int) throws -> Snapshot {
            var options = InjectionOptions()
            options.cacheBytes = bytes
            let files = ["inject-config", "values", "mesh"].map {
                NamedText(name: $0, bytes: contents(of: "\(folder)/\($0).yaml") ?? [])
            }
            return try InjectionConfiguration.compile(
                InjectionFiles(configuration: files[0], values: files[1], mesh: files[2]),
                registry: Snapshots.registry, options: options)
        }
        let plain = try snapshot(0)
        let caching = try snapshot(2 << 20)
        for recorded in try RecordedCase.all(in: version == "1.6" ? .istioClassic : .istioModern) {
            for file in entries(of: recorded.folder + "/webhook") where file.hasSuffix(".review.json") {
                let body = Array(text(of: "\(recorded.folder)/webhook/\(file)").utf8)
                func answer(_ snapshot: Snapshot) -> String {
                    var output = ByteBuffer()
                    _ = body.withUnsafeBufferPointer {
                        Pipeline.review($0, path: "/inject", snapshot: snapshot, into: &output)
                    }
                    return output.text
                }
                let expected = answer(plain)
                for round in 0..<2 {
                    #expect(answer(caching) == expected, "\(recorded.name) \(file), round \(round)")
                }
            }
        }
    }
}
