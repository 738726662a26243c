import PluginAPI
import TestSupport
import Testing
import Values
import YAML

@testable import Injection

/// Decoding a rendered text by parts gives the same result as decoding the whole, or nil.
@Suite("Decoding by parts")
struct BlockDecodingTests {
    /// A text with what templates write: blank lines, lists at the indentation of their keys and deeper, literal
    /// blocks, flow collections, quotes, and zeros and nulls that depend on the merge.
    private static let text = """
        metadata:
          annotations: {
            prometheus.io/port: "15020",
            istio.io/rev: "default"
          }
          labels:
            security.istio.io/tlsMode: istio
            app: "reviews"

        spec:
          securityContext:
            fsGroup: 1337
          initContainers:
          - name: istio-init
            image: "docker.io/istio/proxyv2:1.32"
            args:
            - istio-iptables
            - -p
            - "15001"
            - -b
            - ""
            resources: {}
            securityContext:
              allowPrivilegeEscalation: false
              capabilities:
                add:
                - NET_ADMIN
                - NET_RAW
              readOnlyRootFilesystem: false
              runAsUser: 0
          containers:
            - name: istio-proxy
              image: docker.io/istio/proxyv2:1.32
              ports:
              - {containerPort: 15090, name: http-envoy-prom, protocol: TCP}
              env:
              - name: PILOT_CERT_PROVIDER
                value: istiod
              - name: EMPTY
                value: ""
          # of the pod
              - name: POD_NAME
                valueFrom:
                  fieldRef:
                    fieldPath: metadata.name
              - name: ISTIO_META_APP_CONTAINERS
                value: reviews,ratings
              - name: SCRIPT
                value: |
                  first # no comment

                    second: line
              - name: JSON
                value: |-
                  {"a": [1, 2],
                  "b": "- c"}

              resources:
                limits:
                  cpu: 2000m
                  memory: 1024Mi
                requests:
                  cpu: 0.1
              readinessProbe:
                httpGet: {path: /healthz/ready, port: 15021}
                initialDelaySeconds: 0
                periodSeconds: 15
              volumeMounts:
              - name: workload-socket
                mountPath: /var/run/secrets/workload-spiffe-uds
                readOnly: false
              - mountPath: /etc/istio/proxy
                name: istio-envoy
          volumes:
          # for the proxy's socket
          - name: istio-envoy
            emptyDir:
              medium: Memory
          - name: istio-data
            emptyDir: {}
          - name: nothing
            emptyDir: null
          imagePullSecrets: []

        """

    private static let modes: [(TypedDecoding.Mode, ObjectType)] = [
        (.patch, TypeTable.modern.pod), (.lenient, TypeTable.classic.sidecarInjectionSpec),
    ]

    /// The difference between both ways; nil if they agree.
    private static func problem(
        _ text: [UInt8], _ mode: TypedDecoding.Mode, _ type: ObjectType, _ cache: BoundedCache<DecodedBlock>
    ) throws -> String? {
        let block = text.withUnsafeBufferPointer { BlockDecoder($0, mode, cache: cache).decode(as: type) }
        guard let result = block?.result else { return nil }
        guard let value = try? YAMLReader.value(text),
            let whole = try? TypedDecoding.decode(value, as: type, mode)
        else { return "the whole is refused" }
        guard result.value == whole.value, JSON.text(result.value) == JSON.text(whole.value) else {
            return "\(JSON.text(result.value))\ninstead of\n\(JSON.text(whole.value))"
        }
        guard result.dropped == whole.dropped, result.unsettled == whole.unsettled else {
            return "\(result.dropped) \(result.unsettled) instead of \(whole.dropped) \(whole.unsettled)"
        }
        guard mode == .patch else { return nil }
        // Merging both results into an empty or a filled target gives the same.
        for target: Value in [
            [:], ["spec": ["containers": [["name": "istio-proxy", "env": [["name": "EMPTY"]]]]]],
        ] {
            var one = target
            var other = target
            let isMerged = (try? StrategicMerge.merge(result, into: &one, as: type)) != nil
            let isWholeMerged = (try? StrategicMerge.merge(whole, into: &other, as: type)) != nil
            guard isMerged == isWholeMerged, !isMerged || one == other else {
                return "merged: \(JSON.text(one))\ninstead of\n\(JSON.text(other))"
            }
        }
        return nil
    }

    @Test("the text itself", arguments: [0, 1])
    func plain(_ index: Int) throws {
        let (mode, type) = Self.modes[index]
        let counter = CacheCounter()
        let cache = BoundedCache<DecodedBlock>(bytes: 1 << 20, counter)
        var text = Array(Self.text.utf8)
        if mode == .lenient {
            // A classic specification is the content of `spec:` without unknown members.
            text = Array(
                Self.text.split(separator: "\n", omittingEmptySubsequences: false)
                    .drop { $0 != "  initContainers:" }.map { $0.dropFirst(2) }.joined(separator: "\n").utf8)
        }
        func decode(_ text: [UInt8]) -> DecodedBlock? {
            text.withUnsafeBufferPointer { BlockDecoder($0, mode, cache: cache).decode(as: type) }
        }
        #expect(decode(text) != nil)
        let misses = counter.misses
        // Now all parts are in the cache, so the whole is cached too.
        #expect(decode(text) != nil && counter.misses == misses + 1)
        #expect(decode(text) != nil && counter.misses == misses + 1)
        #expect(try Self.problem(text, mode, type, cache) == nil)
        // A text that differs in one variable shares all parts except those around it.
        let other = Array(
            String(decoding: text, as: UTF8.self).replacing("reviews,ratings", with: "reviews,details").utf8)
        let hits = counter.hits
        #expect(decode(other) != nil && counter.hits > hits + 8 && counter.misses < misses + 10)
        #expect(try Self.problem(other, mode, type, cache) == nil)
    }

    @Test("texts with random changes", arguments: [1, 2, 3, 4])
    func mutated(_ seed: UInt64) throws {
        var chance = GeneratedPods(seed: seed)
        let caches = Self.modes.map { _ in BoundedCache<DecodedBlock>(bytes: 1 << 20) }
        let pieces = [
            "# comment", "  # comment", "- a", "---", "...", "&a 1", "*a", "!!str 5", "\"", "'", "{", "}",
            "[", "]",
            "key: value", "name: twice", "yes: 1", "1: 2", "<<: {a: b}", "? x", "|", ">", "\t", "é",
            "$patch: replace",
            "$patch: delete", "unknown: 1", "Name: x", "value: ~", "value: 0", "x: \"a", "  b\"", "- - a",
            "-", ":",
            "nested:", "  deeper: 1", "env:", "spec:", "containers: null",
        ]
        var byParts = 0
        for number in 0..<300 {
            var lines = Self.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            for _ in 0...chance.below(2) {
                let place = chance.below(lines.count)
                let indent = String(repeating: " ", count: lines[place].prefix { $0 == " " }.count)
                switch chance.below(8) {
                case 0: lines.remove(at: place)
                case 1: lines.insert(lines[place], at: place)
                case 2: lines.insert(indent + chance.pick(pieces), at: place)
                case 3: lines[place] += " " + chance.pick(pieces)
                case 4: lines[place] = " " + lines[place]
                case 5: lines[place] = String(lines[place].dropFirst())
                case 6: lines.swapAt(place, chance.below(lines.count))
                default:
                    let cut = chance.below(lines[place].count + 1)
                    lines[place] =
                        lines[place].prefix(cut) + chance.pick(pieces) + lines[place].dropFirst(cut)
                }
            }
            let text = Array(lines.joined(separator: "\n").utf8)
            for (index, (mode, type)) in Self.modes.enumerated() {
                let block = text.withUnsafeBufferPointer {
                    BlockDecoder($0, mode, cache: caches[index]).decode(as: type)
                }
                if block != nil { byParts += 1 }
                for round in 0..<2 {
                    let problem = try Self.problem(text, mode, type, caches[index])
                    #expect(
                        problem == nil,
                        """
                        \(number), round \(round), mode \(mode): \(problem ?? "")
                        \(String(decoding: text, as: UTF8.self))
                        """)
                }
            }
        }
        #expect(byParts > 100)
    }
}
