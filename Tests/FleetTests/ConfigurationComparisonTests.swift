import Fleet
import Injection
import PluginAPI
import Service
import TestSupport
import Testing
import Values
import YAML

/// Compares two configurations over the recorded pods (`ConfigurationComparison`): it reports each edited line and no
/// other.
@Suite("Comparing configurations", .needs(.istioConfigurations), .needs(.istioClassic), .needs(.istioModern))
struct ConfigurationComparisonTests {
    static func corpus(_ suite: CaseCollection) throws -> [ConfigurationComparison.Subject] {
        let root = suite.path + "/cases"
        return try entries(of: root).flatMap { name in
            try entries(of: "\(root)/\(name)/webhook").filter { $0.hasSuffix(".review.json") }.map { file in
                let request = try JSON.read(text(of: "\(root)/\(name)/webhook/\(file)"))["request"] ?? .null
                var question = LiveQuestion()
                question.namespace = request["namespace"]?.string ?? "default"
                return ConfigurationComparison.Subject(
                    name: "\(name)/\(file)", object: request["object"] ?? .null, question: question)
            }
        }
    }

    static func side(_ version: String, edit: (inout [String]) -> Void = { _ in })
        -> InjectionFiles
    {
        let folder = CaseCollection.istioConfigurations.path("config-\(version)")
        let texts = ["inject-config", "values", "mesh"].map { text(of: "\(folder)/\($0).yaml") }
        var lines = texts[0].split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        edit(&lines)
        return InjectionFiles(
            configuration: NamedText(name: "config", text: lines.joined(separator: "\n")),
            values: NamedText(name: "values", text: texts[1]), mesh: NamedText(name: "mesh", text: texts[2]))
    }

    static func compile(_ files: InjectionFiles) throws -> Snapshot {
        var options = InjectionOptions()
        options.revision = "default"
        return try InjectionConfiguration.compile(
            files, registry: StandardPlugins.registry(), options: options)
    }

    /// Replaces a text in the first line that contains it, from the marker on.
    ///
    /// - Returns: the line's number, from 1.
    static func replace(
        _ old: String, with new: String, in lines: inout [String], after marker: String
    ) -> Int {
        let start = lines.firstIndex { $0.contains(marker) } ?? 0
        guard let index = lines[start...].firstIndex(where: { $0.contains(old) }) else {
            Issue.record("there is no \(old) after \(marker)")
            return 0
        }
        lines[index] = lines[index].replacing(old, with: new)
        return index + 1
    }

    static let edits: [String: [(old: String, new: String)]] = [
        "1.6": [
            ("name: POD_NAME", "name: POD_TITLE"),
            ("name: HOST_IP", "name: NODE_IP"),
            ("containerPort: 15090", "containerPort: 15091"),
        ],
        "1.32": [
            ("name: POD_NAME", "name: POD_TITLE"),
            ("name: INSTANCE_IP", "name: POD_IP"),
            ("name: HOST_IP", "name: NODE_IP"),
            ("name: ISTIO_CPU_LIMIT", "name: ISTIO_CPU_MOST"),
            ("containerPort: 15090", "containerPort: 15091"),
            ("- --domain", "- --dns"),
            ("{{- with (valueOrDefault .MeshConfig.TrustDomain", "{{- with (eq \"\" .MeshConfig.TrustDomain"),
            ("mountPath: /var/lib/istio/data", "mountPath: /var/lib/istio/files"),
            ("path: \"labels\"", "path: \"tags\""),
            ("expirationSeconds: 43200", "expirationSeconds: 7200"),
        ],
    ]

    @Test(arguments: ["1.6", "1.32"])
    func everyEditIsNamed(version: String) throws {
        let suite: CaseCollection = version == "1.6" ? .istioClassic : .istioModern
        var expected: Set<Int> = []
        let old = Self.side(version)
        let new = Self.side(version) { lines in
            for edit in Self.edits[version] ?? [] {
                expected.insert(
                    Self.replace(
                        edit.old, with: edit.new, in: &lines,
                        after: version == "1.6" ? "template:" : "  sidecar: |"))
            }
        }
        var comparison = try #require(ConfigurationComparison(old, new, compile: Self.compile))
        let corpus = try Self.corpus(suite)
        let result = try comparison.run(corpus)
        #expect(result.pods == corpus.count && result.changed > 30)
        #expect(Set(result.causes.compactMap(\.fileLine)) == expected)
        #expect(result.causes.count == expected.count)
        #expect(result.withoutEffect.isEmpty)
    }

    @Test func equalConfigurationsChangeNothing() throws {
        let side = Self.side("1.32")
        var comparison = try #require(ConfigurationComparison(side, side, compile: Self.compile))
        let result = try comparison.run(Self.corpus(.istioModern))
        #expect(result.changed == 0 && result.causes.isEmpty && result.withoutEffect.isEmpty)
    }

    @Test func editsThatNeedEachOther() throws {
        let make = { (template: String) in
            InjectionFiles(
                configuration: NamedText(
                    name: "config", text: JSON.text(["policy": "enabled", "template": .string(template)])))
        }
        let old = make(
            "containers:\n- name: helper\n  image: one\n{{- if false }}\n  tty: true\n{{- end }}\n")
        let new = make(
            "{{- $name := \"two\" }}\ncontainers:\n- name: helper\n  image: {{ $name }}\n{{- if false }}\n"
                + "  tty: false\n{{- end }}\n")
        var comparison = try #require(ConfigurationComparison(old, new, compile: Self.compile))
        let pod: Value = [
            "kind": "Pod", "metadata": ["name": "a"], "spec": ["containers": [["name": "app"]]],
        ]
        let result = try comparison.run([ConfigurationComparison.Subject(name: "a", object: pod)])
        #expect(result.causes.map(\.line).sorted() == [1, 4])
        #expect(result.withoutEffect.map(\.line) == [6])
        #expect(result.causes.allSatisfy { $0.pods == ["a"] })
    }

    @Test func linesBecomeEdits() {
        let edits = TemplateEdit.between(
            "a: 1\nb: 2\nc: 3\nd: 4\n", "a: 1\nb: 3\nc: 4\nx\nd: 4\n", template: "t")
        #expect(edits.map(\.line) == [2, 3, 4])
        #expect(TemplateEdit.applied(edits, to: "a: 1\nb: 2\nc: 3\nd: 4\n") == "a: 1\nb: 3\nc: 4\nx\nd: 4\n")
        let removed = TemplateEdit.between("a\nb\nc\n", "a\nc\n", template: "t")
        #expect(removed.count == 1 && removed[0].isRemoval && removed[0].line == 2)
        #expect(TemplateEdit.applied(removed, to: "a\nb\nc\n") == "a\nc\n")
    }
}
