import PluginAPI
import TestSupport
import Testing
import Values
import YAML

@testable import Injection

/// Checks what an API server would refuse in an injected pod: each rule with a pod that breaks it and one that does
/// not.
@Suite struct PodCheckTests {
    private func codes(_ metadata: Object, _ spec: Object, before: Pod? = nil) -> [String] {
        let empty = Pod(metadata: Object(), spec: Object([Member("containers", [])]))
        return PodCheck.findings(Pod(metadata: metadata, spec: spec), before: before ?? empty).map(\.code)
    }

    /// With a valid pod to compare with, a pod has the same findings as alone, whatever both have in common.
    @Test func aGoodPodHidesNothing() throws {
        let spec = """
            volumes: [{name: v, emptyDir: {}}]
            initContainers: [{name: i, image: i, restartPolicy: Always, startupProbe: {exec: {}}}]
            containers:
            - name: c
              image: i
              env: [{name: A, value: b}, {name: B, valueFrom: {fieldRef: {}}}]
              ports: [{containerPort: 1, name: http}]
              resources: {limits: {cpu: 1}, requests: {cpu: 1}}
              securityContext: {runAsUser: 1}
              volumeMounts: [{name: v, mountPath: /v}]
              livenessProbe: {httpGet: {port: 1}}
              lifecycle: {preStop: {exec: {}}}
            """
        let changes: [(String, String, String)] = [
            ("emptyDir: {}", "emptyDir: {}, hostPath: {}", "source_duplicate"),
            ("name: v, empty", "name: w, empty", "volume_missing"),
            ("restartPolicy: Always, ", "", "probe_forbidden"), ("name: A", "name: A=", "name_invalid"),
            ("fieldRef: {}", "", "source_duplicate"),
            ("containerPort: 1", "containerPort: 0", "port_invalid"),
            ("limits: {cpu: 1}", "limits: {cpu: 100m}", "request_exceeds_limit"),
            ("requests: {cpu: 1}", "requests: {cpu: one}", "quantity_invalid"),
            ("runAsUser: 1", "runAsUser: -1", "number_invalid"),
            ("mountPath: /v", "mountPath: ''", "required_missing"),
            ("httpGet: {port: 1}", "httpGet: {}", "required_missing"),
            ("preStop: {exec: {}}", "preStop: {}", "required_missing"),
            ("name: c\n", "name: i\n", "name_duplicate"),
            ("image: i\n", "image: ''\n", "required_missing"), ("app: a", "app: -a", "label_invalid"),
            ("x/y: z", "/y: z", "name_invalid"),
        ]
        func pod(_ spec: String, _ metadata: String) throws -> Pod {
            Pod(
                metadata: try #require(YAMLReader.value(metadata).object),
                spec: try #require(YAMLReader.value(spec).object))
        }
        let metadata = "{labels: {app: a}, annotations: {x/y: z}}"
        let empty = Pod(metadata: Object(), spec: Object([Member("containers", [])]))
        let good = try pod(spec, metadata)
        #expect(PodCheck.findings(good, before: empty).isEmpty)
        for (old, new, code) in changes {
            var changed = try pod(spec.replacing(old, with: new), metadata.replacing(old, with: new))
            #expect(PodCheck.findings(changed, before: empty, like: good).map(\.code) == [code], "\(old)")
            // Unchanged values share memory, as in a review.
            for list in ["containers", "initContainers"] {
                let items = changed.spec[list]?.array ?? []
                changed.spec[list] = .array(items.enumerated().map { shared($1, good.spec[list]?[$0]) })
            }
            changed.spec = shared(.object(changed.spec), .object(good.spec)).object ?? changed.spec
            #expect(
                PodCheck.findings(changed, before: empty, like: good).map(\.code) == [code], "\(old), shared")
            // A pod of another workload has its good containers at other indexes.
            changed.modifyList("containers") { $0.insert(["name": "first", "image": "i"], at: 0) }
            #expect(
                PodCheck.findings(changed, before: empty, like: good).map(\.code) == [code], "\(old), moved")
        }
    }

    /// The value, with equal members sharing the memory of the other's.
    private func shared(_ value: Value, _ other: Value?) -> Value {
        guard case .object(let object) = value else { return value == other ? other ?? value : value }
        return .object(
            Object(
                object.members.map { member in
                    let its = other?[member.key]
                    if let its, its == member.value { return Member(member.key, its) }
                    guard case .array(let items) = member.value, case .array(let known)? = its else {
                        return member
                    }
                    return Member(
                        member.key,
                        .array(
                            items.enumerated().map { $0 < known.count && $1 == known[$0] ? known[$0] : $1 }))
                }))
    }

    private func container(_ name: String, _ more: Object = Object()) -> Value {
        var object = Object([Member("name", .string(name)), Member("image", "i")])
        object.members += more.members
        return .object(object)
    }

    @Test(arguments: [(62, true), (63, true), (64, false)])
    func lengthOfNames(length: Int, isGood: Bool) {
        let name = String(repeating: "a", count: length)
        let found = codes(Object(), Object([Member("containers", .array([container(name)]))]))
        #expect(found == (isGood ? [] : ["name_invalid"]))
    }

    @Test(arguments: [(14, true), (15, true), (16, false)])
    func lengthOfPortNames(length: Int, isGood: Bool) {
        let port: Value = [
            "name": .string(String(repeating: "a", count: length)), "containerPort": 1,
        ]
        let more = Object([Member("ports", .array([port]))])
        let found = codes(Object(), Object([Member("containers", .array([container("c", more)]))]))
        #expect(found == (isGood ? [] : ["name_invalid"]))
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func bytesOfAnnotations(past: Int, isGood: Bool) {
        let text = String(repeating: "a", count: PodCheck.annotationBytes - 1 + past)
        let metadata = Object([Member("annotations", ["k": .string(text)])])
        let spec = Object([Member("containers", .array([container("c")]))])
        #expect(codes(metadata, spec) == (isGood ? [] : ["too_long"]))
    }

    @Test(arguments: [(62, true), (63, true), (64, false)])
    func lengthOfLabelValues(length: Int, isGood: Bool) {
        let metadata = Object([Member("labels", ["k": .string(String(repeating: "a", count: length))])])
        let spec = Object([Member("containers", .array([container("c")]))])
        #expect(codes(metadata, spec) == (isGood ? [] : ["too_long"]))
    }

    @Test(arguments: ["-a", "a-", "A", "a.b", "a_b", "ä"])
    func namesThatAreNone(name: String) {
        let spec = Object([
            Member("containers", .array([container("c")])), Member("volumes", [["name": .string(name)]]),
        ])
        #expect(codes(Object(), spec) == ["name_invalid"])
    }

    /// A code, a spec with that finding, and a similar spec without findings.
    @Test(arguments: [
        ("required_missing", "{containers: [{name: a}]}", "{containers: [{name: a, image: i}]}"),
        (
            "name_duplicate", "{containers: [{name: a, image: i}], initContainers: [{name: a, image: i}]}",
            "{containers: [{name: a, image: i}], initContainers: [{name: b, image: i}]}"
        ),
        (
            "volume_missing", "{containers: [{name: a, image: i, volumeMounts: [{name: v, mountPath: /v}]}]}",
            "{containers: [{name: a, image: i, volumeMounts: [{name: v, mountPath: /v}]}], volumes: [{name: v}]}"
        ),
        (
            "source_duplicate",
            "{containers: [{name: a, image: i}], volumes: [{name: v, emptyDir: {}, secret: {}}]}",
            "{containers: [{name: a, image: i}], volumes: [{name: v, emptyDir: {}, secret: null}]}"
        ),
        (
            "value_duplicate",
            "{containers: [{name: a, image: i, env: [{name: E, value: x, valueFrom: {fieldRef: {}}}]}]}",
            "{containers: [{name: a, image: i, env: [{name: E, value: '', valueFrom: {fieldRef: {}}}]}]}"
        ),
        (
            "source_duplicate",
            "{containers: [{name: a, image: i, env: [{name: E, valueFrom: {fieldRef: {}, secretKeyRef: {}}}]}]}",
            "{containers: [{name: a, image: i, env: [{name: E, valueFrom: {secretKeyRef: {}}}]}]}"
        ),
        (
            "handler_duplicate",
            "{containers: [{name: a, image: i, readinessProbe: {exec: {}, httpGet: {port: 1}}}]}",
            "{containers: [{name: a, image: i, readinessProbe: {httpGet: {port: 1}}}]}"
        ),
        (
            "handler_duplicate",
            "{containers: [{name: a, image: i, lifecycle: {preStop: {exec: {}, tcpSocket: {port: 1}}}}]}",
            "{containers: [{name: a, image: i, lifecycle: {preStop: {exec: {}}}}]}"
        ),
        (
            "probe_forbidden",
            "{containers: [{name: a, image: i}], initContainers: [{name: b, image: i, readinessProbe: {exec: {}}}]}",
            "{containers: [{name: a, image: i}], initContainers: [{name: b, image: i, restartPolicy: Always, readinessProbe: {exec: {}}}]}"
        ),
        (
            "request_exceeds_limit",
            "{containers: [{name: a, image: i, resources: {limits: {cpu: 500m}, requests: {cpu: '0.6'}}}]}",
            "{containers: [{name: a, image: i, resources: {limits: {cpu: 500m, memory: 1Gi}, requests: {cpu: '0.5', memory: 1024Mi}}}]}"
        ),
        (
            "quantity_invalid", "{containers: [{name: a, image: i, resources: {requests: {cpu: 1.5x}}}]}",
            "{containers: [{name: a, image: i, resources: {requests: {cpu: '1.5', memory: '1e3'}}}]}"
        ),
        (
            "quantity_invalid", "{containers: [{name: a, image: i, resources: {limits: {cpu: -1}}}]}",
            "{containers: [{name: a, image: i, resources: {limits: {cpu: '0'}}}]}"
        ),
        (
            "request_exceeds_limit",
            "{containers: [{name: a, image: i, resources: {limits: {memory: 1Gi}, requests: {memory: 1025Mi}}}]}",
            "{containers: [{name: a, image: i, resources: {limits: {memory: 1Gi}, requests: {memory: 1024Mi}}}]}"
        ),
        (
            "name_invalid", "{containers: [{name: a, image: i, env: [{name: 'A=B', value: x}]}]}",
            "{containers: [{name: a, image: i, env: [{name: 'A.B', value: x}]}]}"
        ),
        (
            "port_duplicate",
            "{containers: [{name: a, image: i, ports: [{containerPort: 1, hostPort: 80}]}, {name: b, image: i, ports: [{containerPort: 2, hostPort: 80}]}]}",
            "{containers: [{name: a, image: i, ports: [{containerPort: 1, hostPort: 80}]}, {name: b, image: i, ports: [{containerPort: 2, hostPort: 80, protocol: UDP}]}]}"
        ),
        (
            "security_conflict",
            "{containers: [{name: a, image: i, securityContext: {privileged: true, allowPrivilegeEscalation: false}}]}",
            "{containers: [{name: a, image: i, securityContext: {privileged: true}}]}"
        ),
        (
            "os_windows",
            "{os: {name: windows}, containers: [{name: a, image: i, securityContext: {runAsUser: 1}}]}",
            "{os: {name: linux}, containers: [{name: a, image: i, securityContext: {runAsUser: 1}}]}"
        ),
        (
            "number_invalid", "{containers: [{name: a, image: i, securityContext: {runAsUser: -1}}]}",
            "{containers: [{name: a, image: i, securityContext: {runAsUser: 0}}]}"
        ),
        (
            "name_duplicate",
            "{containers: [{name: a, image: i}], topologySpreadConstraints: [{topologyKey: z, whenUnsatisfiable: x}, {topologyKey: z, whenUnsatisfiable: x}]}",
            "{containers: [{name: a, image: i}], topologySpreadConstraints: [{topologyKey: z, whenUnsatisfiable: x}, {topologyKey: z, whenUnsatisfiable: y}]}"
        ),
    ])
    func rules(code: String, bad: String, good: String) throws {
        #expect(codes(Object(), try #require(YAMLReader.value(bad).object)) == [code])
        #expect(codes(Object(), try #require(YAMLReader.value(good).object)) == [])
    }

    /// Does not report a problem that the pod had before the injection, even if its index in the list changed.
    @Test func whatTheUserDidIsNotReported() {
        let own: [Value] = [container("A"), container("A")]
        let before = Pod(metadata: Object(), spec: Object([Member("containers", .array(own))]))
        let after = Object([Member("containers", .array([container("new")] + own))])
        #expect(codes(Object(), after, before: before) == [])
    }

    @Test(arguments: [
        ("1", "2", true), ("2", "1", false), ("1", "1", false), ("500m", "1", true), ("1Gi", "1G", false),
        ("1G", "1Gi", true), ("0", "1m", true), ("-1", "0", true), ("100Mi", "0.1Gi", true),
        ("1e3", "999", false),
    ])
    func amounts(left: String, right: String, isLess: Bool) throws {
        let (low, high) = (try #require(Quantity(left)), try #require(Quantity(right)))
        #expect((low < high) == isLess)
    }

    @Test("amounts in thousandths compare like exact ones")
    func quickAmounts() throws {
        let texts = [
            "0", "1", "100m", "1000m", "999999", "1k", "1Ki", "1M", "1Mi", "64Mi", "1G", "1Gi", "2Gi",
            "999999Gi",
        ]
        for left in texts {
            let quick = try #require(Quantity.thousandths(.string(left)))
            for right in texts {
                let other = try #require(Quantity.thousandths(.string(right)))
                let (low, high) = (try #require(Quantity(left)), try #require(Quantity(right)))
                #expect((quick < other) == (low < high), "\(left), \(right)")
            }
        }
        for text in ["", "m", "1.5", "1e3", "1000000", "-1", "1KI", "1 ", "1Ti"] {
            #expect(Quantity.thousandths(.string(text)) == nil, "\(text)")
        }
    }

    @Test func everyCombinationOfTheMatrixIsThere() {
        #expect(PreflightFixtures.all(.classic).count == 6 * 2 * 2 + 2)
        #expect(PreflightFixtures.all(.modern).count == 6 * 2 * 2 * 2 + 2)
        #expect(Set(PreflightFixtures.all(.modern).map(\.name)).count == 50)
    }
}
