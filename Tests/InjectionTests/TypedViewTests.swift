import GoTemplate
import PluginAPI
import TestSupport
import Testing
import Values
import YAML

@testable import Injection

/// What templates see of Go structs. The head of `cases/typed-view.yaml` describes the format of the cases.
@Suite("Typed view") struct TypedViewTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var form: PolicyConfiguration.Form
        var value: Value
        var testDescription: String { "\(form.rawValue): \(value["name"]?.string ?? "?")" }
    }

    static let cases: [Case] = {
        let path = packageRoot + "/Tests/InjectionTests/cases/typed-view.yaml"
        guard let list = try? YAMLReader.value(contents(of: path) ?? []).array else { return [] }
        return list.flatMap { value in
            (value["forms"]?.array ?? []).compactMap { name in
                name.string.flatMap(PolicyConfiguration.Form.init).map { Case(form: $0, value: value) }
            }
        }
    }()

    @Test func casesAreThere() { #expect(Self.cases.count > 100) }

    @Test(arguments: cases) func view(example: Case) throws {
        let expected = Self.text(example, "output").map { "output: " + $0 }
        let failure = Self.text(example, "error").map { "error: " + $0 }
        let template = try #require(example.value["template"]?.string)
        let found = try Self.render(template, try Self.data(of: example), example.form)
        #expect(found == expected ?? failure)
    }

    /// The expected output; a different one for the classic form is in `classicOutput`.
    private static func text(_ example: Case, _ name: String) -> String? {
        if example.form == .classic, name == "output", let own = example.value["classicOutput"]?.string {
            return own
        }
        return example.value[name]?.string
    }

    private static func data(of example: Case) throws -> TemplateData {
        let mesh = try MeshConfiguration.compile(example.value["mesh"] ?? .null, form: example.form)
        let proxyConfig = try mesh.proxyConfig(overlaying: example.value["proxy"]?.string ?? "")
        func part(_ name: String) -> Value { example.value["data"]?[name] ?? .object(Object()) }
        if example.form == .classic {
            return SidecarTemplateData.classic(
                typeMeta: part("TypeMeta"), deploymentMeta: part("DeploymentMeta"),
                objectMeta: part("ObjectMeta"),
                spec: part("Spec"), proxyConfig: proxyConfig, meshConfig: mesh.value, values: part("Values"))
        }
        return SidecarTemplateData.modern(
            typeMeta: part("TypeMeta"), deploymentMeta: part("DeploymentMeta"),
            objectMeta: part("ObjectMeta"),
            spec: part("Spec"), proxyConfig: proxyConfig, meshConfig: mesh.value, values: part("Values"),
            additions: SidecarTemplateData.Additions(
                revision: "rev", nativeSidecars: true, proxyImage: "image", proxyInitImage: "init",
                inboundTrafficPolicyMode: "passthrough"))
    }

    /// `output: …`, or `error: …` without the template's name and place, which other tests check.
    private static func render(
        _ template: String, _ data: TemplateData, _ form: PolicyConfiguration.Form
    ) throws -> String {
        var options = CompileOptions()
        options.functionSets = form == .classic ? ["injection-classic"] : ["sprig", "injection"]
        options.dataType = data.type
        var output = ByteBuffer()
        do {
            let source = TemplateSources(TemplateSource(name: "t", text: template))
            let compiled = try GoTemplateRenderer().compile(source, options: options)
            try compiled.render(data, limits: .injection, into: &output)
        } catch {
            let head = "executing \"t\" at "
            guard let start = error.detail.firstRange(of: head) else { return "error: " + error.detail }
            return "error: " + error.detail[start.upperBound...]
        }
        return "output: " + output.text
    }
}
