import Glibc
import PluginAPI
import TestSupport
import Testing
import Values
import YAML

@testable import Injection

/// The origin of each injected line: the place in the template, or the step.
@Suite("Blame")
struct BlameTests {
    private static func explained(
        _ manifest: String, _ snapshot: Snapshot, _ change: (inout ManifestOptions) -> Void = { _ in }
    ) throws -> ManifestOutcome {
        var options = ManifestOptions()
        options.explain = true
        change(&options)
        return try Pipeline.inject(manifest: Array(manifest.utf8), snapshot: snapshot, options: options)
    }

    /// Each injected line with its origin.
    private static func margin(_ outcome: ManifestOutcome) -> String {
        String(decoding: LineOrigin.margin(outcome.output, outcome.origins), as: UTF8.self)
    }

    private static let modern = """
        policy: enabled
        defaultTemplates: [first, second]
        templates:
          first: |
            metadata:
              annotations:
                note: "{{ .ObjectMeta.Name }}"
            spec:
              containers:
              - name: istio-proxy
                image: {{ .Values.image }}
                args:
                - proxy
                - --level={{ annotation .ObjectMeta `a/level` `info` }}
          second: |
            spec:
              containers:
              - name: istio-proxy
                env:
                - name: TEXT
                  value: |-
                    one
                    {{ .Values.two }}
        """

    @Test func modernForm() throws {
        let snapshot = try Snapshots.make(Self.modern, values: "{image: proxy:1, two: zwei}")
        let manifest = """
            apiVersion: v1
            kind: Pod
            metadata:
              name: web
            spec:
              containers:
              - name: web
                image: nginx

            """
        let golden = packageRoot + "/Tests/InjectionTests/cases/blame/modern.txt"
        #expect(compareGolden(Self.margin(try Self.explained(manifest, snapshot)), with: golden) == nil)
    }

    @Test func classicForm() throws {
        let snapshot = try Snapshots.make(
            """
            policy: enabled
            template: |
              initContainers:
              - name: istio-init
                image: init
              containers:
              - name: istio-proxy
                image: "{{ .Values.image }}"
              volumes:
              - name: v
                emptyDir: {}
            """, values: "{image: proxy:1, sidecarInjectorWebhook: {rewriteAppHTTPProbe: true}}")
        let manifest = """
            apiVersion: v1
            kind: Service
            metadata: {name: s}
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              name: web
            spec:
              template:
                metadata:
                  labels:
                    app: web
                spec:
                  containers:
                  - name: web
                    image: nginx # mine
                    livenessProbe:
                      httpGet:
                        path: /x
                        port: 80

            """
        let golden = packageRoot + "/Tests/InjectionTests/cases/blame/classic.txt"
        let outcome = try Self.explained(manifest, snapshot) { $0.provenance = true }
        #expect(compareGolden(Self.margin(outcome), with: golden) == nil)
    }

    @Test func listsJSONAndTwins() throws {
        let snapshot = try Snapshots.make(Self.modern, values: "{image: proxy:1, two: zwei}")
        let pod =
            #"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"c","image":"i"},{"name":"c"},{"name":"c#2"}]}}"#
        for manifest in [
            pod, #"{"apiVersion":"v1","kind":"List","items":[\#(pod),\#(pod)]}"#, pod + "\n" + pod,
            pod + "\n---\n"
                + "a: b\n---\nkind: Pod\napiVersion: v1\nspec: {containers: [{name: c, image: i}]}\n",
        ] {
            let outcome = try Self.explained(manifest, snapshot)
            let lines = Set(outcome.origins.flatMap { Array($0.lines) })
            let text = String(decoding: outcome.output, as: UTF8.self).split(
                separator: "\n", omittingEmptySubsequences: false)
            let proxies = text.indices.filter { text[$0].contains("proxy:1") }
            #expect(!proxies.isEmpty && proxies.allSatisfy { lines.contains($0 + 1) }, "\(manifest)")
        }
    }

    /// Line numbers are the same for a manifest in UTF-16.
    @Test func anotherEncoding() throws {
        let snapshot = try Snapshots.make(Self.modern, values: "{image: proxy:1, two: zwei}")
        let manifest =
            "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - {name: w, image: i}\n"
        var options = ManifestOptions()
        options.explain = true
        var bytes: [UInt8] = [0xFF, 0xFE]
        for byte in manifest.utf8 { bytes += [byte, 0] }
        let outcome = try Pipeline.inject(manifest: bytes, snapshot: snapshot, options: options)
        let plain = try Self.explained(manifest, snapshot)
        #expect(outcome.output != plain.output && outcome.text == plain.output)
        #expect(outcome.origins == plain.origins && !plain.origins.isEmpty)
    }

    /// Every step has a unique name that docs/reference.md lists.
    @Test func stepsHaveNames() {
        let names = ConcernOrder.wayBack.map(\.step)
        #expect(Set(names).count == names.count)
        for name in ["fs_group", "tls_mode_label", "probe_rewriting", "dns_config", "open_shift_proxy_user"] {
            #expect(names.contains(name), "\(names)")
        }
        let document = text(of: packageRoot + "/docs/reference.md")
        for name in names + ["provenance"] where name != "injected_parts" {
            #expect(document.contains("`\(name)`"), "docs/reference.md does not have the step \(name)")
        }
    }

    // MARK: Mutation

    /// The number of places to change in each configuration. PILLION_BLAME=all changes all of them.
    private static let sample = 24
    private static let isWhole = getenv("PILLION_BLAME").map { String(cString: $0) } == "all"

    /// A line's origin is right if a change at that place of the template changes the line. Lines with brackets only
    /// are not counted, because a changed item has the same brackets.
    @Test(.needs(.istioConfigurations), arguments: ["1.6", "1.32"])
    func aChangedTemplateLineChangesItsLines(_ version: String) throws {
        let folder = CaseCollection.istioConfigurations.path("config-\(version)")
        let configuration = try YAMLReader.value(try #require(contents(of: folder + "/inject-config.yaml")))
        func snapshot(_ configuration: Value) throws -> Snapshot {
            var options = InjectionOptions()
            options.revision = "default"
            return try Snapshots.make(
                JSON.text(configuration), values: text(of: folder + "/values.yaml"),
                mesh: text(of: folder + "/mesh.yaml"), options: options)
        }
        let original = try snapshot(configuration)
        var uses: [Place: [Use]] = [:]
        var order: [Place] = []
        var lines = 0
        var steps = 0
        for (number, manifest) in Self.manifests(version).enumerated() {
            guard let outcome = try? Self.explained(manifest, original) else { continue }
            let text = SourceText(outcome.output)
            for origin in outcome.origins {
                let counted = origin.lines.filter { line in
                    text.range(ofLine: line).map { range in
                        text.bytes[range].contains { !" \r{}[],".utf8.contains($0) }
                    } ?? false
                }
                lines += counted.count
                if counted.isEmpty { continue }
                guard case .template(let place) = origin.by else {
                    steps += counted.count
                    continue
                }
                let key = Place(template: place.template, line: place.line, column: place.column ?? 1)
                var known = uses[key] ?? []
                if known.isEmpty { order.append(key) }
                if let last = known.indices.last, known[last].manifest == number {
                    known[last].lines += counted
                } else {
                    known.append(
                        Use(manifest: number, text: manifest, output: outcome.output, lines: counted))
                }
                uses[key] = known
            }
        }
        #expect(order.count > 100)
        let stride = Self.isWhole ? 1 : max(order.count / Self.sample, 1)
        var (right, all) = (0, 0)
        var wrong: [String] = []
        let document = text(of: packageRoot + "/docs/reference.md")
        for index in Swift.stride(from: 0, to: order.count, by: stride) {
            let place = order[index]
            let of = uses[place] ?? []
            let tried = Self.isWhole ? Array(of.prefix(6)) : Array(of.prefix(1))
            let (changed, found) = try Self.changed(tried, by: place, in: configuration, snapshot)
            all += found
            right += changed
            if changed < found {
                let name = "\(place.template):\(place.line):\(place.column)"
                wrong.append("\(name) \(changed) of \(found)")
                #expect(document.contains("`\(name)`"), "docs/reference.md does not list \(name)")
            }
        }
        print(
            "blame \(version): \(right) of \(all) lines at \(order.count / stride) places change with their place; \(lines) lines in all, \(steps) by steps",
            wrong.joined(separator: "\n"), separator: "\n")
        #expect(
            all > 0 && Double(right) >= 0.98 * Double(all),
            "\(right) of \(all):\n\(wrong.joined(separator: "\n"))")
    }

    private struct Place: Hashable {
        var template: String
        var line: Int
        var column: Int
    }

    private struct Use {
        var manifest: Int
        var text: String
        var output: [UInt8]
        var lines: [Int]
    }

    /// The collection's manifests, and generated pods.
    private static func manifests(_ version: String) -> [String] {
        let collection: CaseCollection = version == "1.6" ? .istioClassic : .istioModern
        var manifests: [String] = []
        for name in entries(of: collection.path("cases")) {
            let input = text(of: collection.path("cases/\(name)/input.yaml"))
            if !input.isEmpty { manifests.append(input) }
        }
        if !isWhole { manifests = manifests.enumerated().filter { $0.offset % 8 == 0 }.map(\.element) }
        var generated = GeneratedPods(seed: 23)
        for number in 0..<(isWhole ? 40 : 6) {
            let pod = generated.pod()
            manifests.append(
                number % 4 == 0 ? JSON.text(pod, style: .pretty(2)) + "\n" : YAMLWriter.text(pod))
        }
        return manifests
    }

    /// Changes the template at a place. Returns the number of lines that change, and the number of all lines from
    /// there.
    private static func changed(
        _ uses: [Use], by place: Place, in configuration: Value, _ compile: (Value) throws -> Snapshot
    ) throws -> (Int, Int) {
        let isClassic = configuration["template"] != nil
        let source =
            isClassic
            ? configuration["template"]?.string : configuration["templates"]?[place.template]?.string
        guard let bytes = source.map({ Array($0.utf8) }),
            let offset = SourceText(bytes).offset(of: SourcePosition(line: place.line, column: place.column))
        else { return (0, uses.reduce(0) { $0 + $1.lines.count }) }
        let snapshots = mutations(of: bytes, at: offset).compactMap { mutated in
            var configuration = configuration
            let text = Value.string(String(decoding: mutated, as: UTF8.self))
            configuration.modifyObject { object in
                if isClassic {
                    object["template"] = text
                } else {
                    object.modify("templates") { $0.modifyObject { $0[place.template] = text } }
                }
            }
            return try? compile(configuration)
        }
        var (changed, all) = (0, 0)
        for use in uses {
            all += use.lines.count
            // Mutations that still render to a pod may change different lines.
            var left = Set(use.lines)
            for snapshot in snapshots where !left.isEmpty {
                guard let output = try? explained(use.text, snapshot).output else { continue }
                left.subtract(removedLines(from: use.output, to: output))
            }
            changed += use.lines.count { !left.contains($0) }
        }
        return (changed, all)
    }

    /// Mutations of the text at a place: another condition, number or word.
    private static func mutations(of bytes: [UInt8], at place: Int) -> [[UInt8]] {
        func replaced(_ range: Range<Int>, by text: String) -> [UInt8] {
            Array(bytes[..<range.lowerBound]) + Array(text.utf8) + Array(bytes[range.upperBound...])
        }
        // The place of an action is inside its braces.
        let line = bytes[..<place].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        let braces = UInt8(ascii: "{")
        let open = (line..<max(place, line)).last { bytes[$0] == braces && bytes[$0 + 1] == braces }
        let close = bytes[place...].indices.first { bytes[$0...].starts(with: "}}".utf8) }
        if let open, let close, !bytes[open..<place].contains(UInt8(ascii: "}")) {
            return ["zz", "1"].map { replaced(open..<open, by: $0) }
                + ["true", "false", "7", "[z]", ""].map { replaced(open..<close + 2, by: $0) }
        }
        for (old, new) in [("true", "false"), ("false", "true")] where bytes[place...].starts(with: old.utf8)
        {
            return [replaced(place..<place + old.utf8.count, by: new)]
        }
        return ["zz", "1", "-"].map { replaced(place..<place, by: $0) }
    }

    /// The lines that the diff from the old to the new text removes.
    private static func removedLines(from old: [UInt8], to new: [UInt8]) -> Set<Int> {
        var removed: Set<Int> = []
        var line = 0
        let text = String(decoding: UnifiedDiff.text(from: old, to: new, name: "x"), as: UTF8.self)
        for row in text.split(separator: "\n", omittingEmptySubsequences: false).dropFirst(2) {
            if row.hasPrefix("@@") {
                line =
                    row.split(separator: " ")[1].dropFirst().split(separator: ",").first.flatMap { Int($0) }
                    ?? 0
            } else if row.hasPrefix("-") {
                removed.insert(line)
                line += 1
            } else if !row.hasPrefix("+"), !row.hasPrefix("\\") {
                line += 1
            }
        }
        return removed
    }
}
