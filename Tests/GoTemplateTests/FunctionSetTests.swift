import GoTemplate
import PluginAPI
import TestSupport
import Testing
import Values

/// Renders a template with function sets; returns its output, and the error if it failed.
func rendered(
    _ template: String, sets: [String], data: Value = .null, impure: Bool = false,
    environment: [String: String] = [:], limits: RenderLimits = .server, bytes: [UInt8]? = nil
) -> (output: [UInt8], error: RenderError?) {
    var options = CompileOptions()
    options.functionSets = sets
    options.allowsImpureFunctions = impure
    options.environment = environment
    options.limits = limits
    var output = ByteBuffer()
    do throws(RenderError) {
        let source = TemplateSource(name: "main", bytes: bytes ?? Array(template.utf8))
        let compiled = try GoTemplateRenderer().compile(TemplateSources(source), options: options)
        try compiled.render(TemplateData(data), limits: limits, into: &output)
    } catch {
        return (output.bytes, error)
    }
    return (output.bytes, nil)
}

@Suite struct FunctionSetTests {
    /// Every function's example prints the catalogue's output. sprig is added to each set for `dict` and `list`.
    @Test(arguments: StandardFunctions.all.map(\.name))
    func examples(set: String) throws {
        let functions = GoTemplateRenderer().functions.filter { $0.set == set }
        #expect(!functions.isEmpty)
        for function in functions {
            #expect(!function.summary.isEmpty, "\(function.name) has no summary")
            guard let example = function.example else {
                #expect(!function.isPure, "\(function.name) has no example")
                continue
            }
            let (output, error) = rendered(example.template, sets: ["sprig", set], impure: !function.isPure)
            #expect(error == nil, "\(set) \(function.name): \(error?.detail ?? "")")
            #expect(String(decoding: output, as: UTF8.self) == example.output, "\(set) \(function.name)")
            #expect(
                example.template.contains(function.name),
                "\(set) \(function.name): the example does not call it")
        }
    }

    @Test func namesStandOnce() {
        for set in StandardFunctions.all {
            let names = set.functions.map(\.name)
            #expect(Set(names).count == names.count, "\(set.name)")
        }
    }

    @Test(.needs(.sprig))
    func recordedAnswersOfSprig() throws {
        let lines = text(of: CaseCollection.sprig.path).split(separator: "\n")
        #expect(lines.count > 500)
        for line in lines {
            let answer = try JSON.read(String(line))
            let template = answer["template"]?.string ?? ""
            let (output, error) = rendered(template, sets: ["sprig"], data: answer["data"] ?? .null)
            let name = answer["name"]?.string ?? template
            if let message = answer["expect_error_contains"]?.string {
                #expect(error?.detail == message, "\(name)")
                #expect(
                    String(decoding: output, as: UTF8.self) == answer["expect_partial_output"]?.string ?? "")
                continue
            }
            #expect(error == nil, "\(name): \(error?.detail ?? "")")
            var expected = Array((answer["expect_output"]?.string ?? "").utf8)
            if let encoded = answer["expect_output_b64"]?.string { expected = Base64.decode(encoded) ?? [] }
            #expect(
                output == expected, "\(name): \(String(decoding: output, as: UTF8.self).debugDescription)")
        }
    }

    @Test(arguments: [
        "now", "uuidv4", "randAlpha 5", "bcrypt \"a\"", "getHostByName \"localhost\"",
        "encryptAES \"k\" \"v\"", "genPrivateKey \"ed25519\"", "genCA \"a\" 1",
    ])
    func impureFunctionsAreNotThere(call: String) {
        let name = String(call.split(separator: " ")[0])
        let (_, error) = rendered("{{ \(call) }}", sets: ["sprig"])
        #expect(error?.kind == .parse)
        #expect(error?.detail == "template: main:1: function \"\(name)\" not defined")
        let (output, none) = rendered("{{ \(call) }}", sets: ["sprig"], impure: true)
        #expect(none == nil, "\(none?.detail ?? "")")
        #expect(!output.isEmpty)
    }
}
