import Charts
import GoTemplate
import PluginAPI
import TestSupport
import Testing
import Values
import YAML

/// Compares charts of `cases/NAME.chart` with the output of Helm 4.3.1 (`NAME.golden`, from `scripts/charts --record`).
///
/// Standard output must be equal byte for byte; a chart that Helm refuses must be refused.
@Suite struct ChartCaseTests {
    static let folder = packageRoot + "/Tests/ChartTests/cases"
    static let names = entries(of: folder).filter { $0.hasSuffix(".chart") }.map { String($0.dropLast(6)) }

    @Test(arguments: names)
    func rendersAsHelmDoes(_ name: String) throws {
        let file = try ChartCase(text(of: "\(Self.folder)/\(name).chart"))
        let goldens = try text(of: "\(Self.folder)/\(name).golden").split(separator: "\n").map {
            try JSON.read(String($0))
        }
        #expect(goldens.count == file.runs.count)
        for golden in goldens {
            let run = golden["run"]?.string ?? ""
            let found = file.rendered(run)
            if let expected = golden["output"]?.string {
                #expect(found.output == expected, "\(name): \(run): \(found.error ?? "")")
            } else {
                #expect(
                    found.output == nil, "\(name): \(run): expected \(golden["error"]?.string ?? "an error")")
            }
        }
    }

    /// Checks the text of error messages.
    @Test(arguments: [
        ("errors", "demo --set bad=fail", "execution error at (errors/templates/a.yaml:1:34): told to"),
        (
            "errors", "demo --set bad=required",
            "execution error at (errors/templates/a.yaml:2:38): a is needed"
        ),
        ("errors", "demo --set bad=yaml", "YAML parse error on errors/templates/a.yaml"),
        ("missing-dependency", "demo", "found in Chart.yaml, but missing in charts/ directory: gone"),
        ("library-root", "demo", "library charts are not installable"),
        ("kube-version", "demo --kube-version 1.20", "chart requires kubeVersion: >=1.25.0-0 <1.29.0"),
        ("schema", "demo --set a=0", "at '/a': minimum: got 0, want 1"),
        ("schema", "demo --set a=x", "at '/a': got string, want integer"),
    ])
    func saysWhatIsWrong(_ name: String, _ run: String, _ words: String) throws {
        let file = try ChartCase(text(of: "\(Self.folder)/\(name).chart"))
        let found = file.rendered(run)
        #expect(found.error?.contains(words) ?? false, "\(found.error ?? found.output ?? "")")
    }

    /// An error in the rendered YAML points to the place in the chart's template that wrote it.
    @Test func placesOutputInTemplates() throws {
        let files = [
            ChartFile(name: "Chart.yaml", bytes: Array("apiVersion: v2\nname: c\nversion: 1.0.0\n".utf8)),
            ChartFile(name: "templates/a.yaml", bytes: Array("# one\nk:\n  v: {{ .Values.x }}\n".utf8)),
        ]
        let chart = KeptChart(try Chart(files, limits: ChartLimits()), renderer: GoTemplateRenderer())
        var usage = RenderUsage()
        do {
            _ = try chart.render(["x": "a: b"], as: ChartRelease(), limits: .server, usage: &usage)
            Issue.record("expected an error")
        } catch let ChartFailure.chart(error) {
            #expect(error.writtenBy == .init(template: "c/templates/a.yaml", line: 3, column: 9))
        }
    }

    /// A kept chart renders different values each time, and a rendering does not see changes made by another one.
    @Test func keepsNothingOfARendering() throws {
        let file = try ChartCase(text(of: "\(Self.folder)/shared-state.chart"))
        let chart = KeptChart(try Chart(file.files, limits: ChartLimits()), renderer: GoTemplateRenderer())
        var outputs: [[UInt8]] = []
        for _ in 0..<3 {
            var usage = RenderUsage()
            outputs.append(
                try chart.render(["a": ["b": 1]], as: ChartRelease(), limits: .server, usage: &usage).text)
            #expect(usage.steps > 0)
        }
        #expect(outputs[0] == outputs[1] && outputs[1] == outputs[2])
    }
}

/// A chart in one file, and the arguments to render it with.
struct ChartCase {
    var files: [ChartFile] = []
    var runs: [String] = []

    init(_ text: String) throws {
        var name: String?
        var lines: [String] = []
        func finish(_ files: inout [ChartFile], _ runs: inout [String]) {
            guard let name else { return }
            if name == "runs" {
                runs = lines.filter { !$0.isEmpty }
            } else {
                files.append(ChartFile(name: name, bytes: Array(lines.map { $0 + "\n" }.joined().utf8)))
            }
        }
        // Split by bytes, because CR LF is one Character.
        let all = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
        for line in all.map({ String(Substring($0)) }) {
            if line.hasPrefix("-- "), line.hasSuffix(" --"), !line.dropFirst(3).dropLast(3).contains(" ") {
                finish(&files, &runs)
                name = String(line.dropFirst(3).dropLast(3))
                lines = []
            } else {
                lines.append(line)
            }
        }
        finish(&files, &runs)
    }

    /// Standard output of a run, or its error.
    func rendered(_ run: String) -> (output: String?, error: String?) {
        do {
            let arguments = try RunArguments(run, files)
            var rules = IgnoreRules()
            if let file = files.first(where: { $0.name == ".helmignore" }) {
                rules = try IgnoreRules(file.bytes)
            }
            let kept = files.filter { file in
                let parts = file.name.split(separator: "/")
                let folders = (1..<max(parts.count, 1)).map { parts[..<$0].joined(separator: "/") }
                return !rules.ignores(file.name, isFolder: false)
                    && !folders.contains { rules.ignores($0, isFolder: true) }
            }
            let chart = KeptChart(
                try Chart(kept, limits: ChartLimits()), renderer: GoTemplateRenderer())
            var usage = RenderUsage()
            let result = try chart.render(
                arguments.values, as: arguments.release, limits: .commandLine, usage: &usage)
            let text = arguments.only.isEmpty ? result.text : try result.text(of: arguments.only)
            return (String(decoding: text, as: UTF8.self), nil)
        } catch let ChartFailure.template(error, _) {
            return (nil, error.detail)
        } catch let ChartFailure.chart(error) {
            return (nil, error.message)
        } catch let error as ChartError {
            return (nil, error.message)
        } catch let error as SetValue.Problem {
            return (nil, error.message)
        } catch {
            return (nil, "\(error)")
        }
    }
}

/// The parsed arguments of a run.
struct RunArguments {
    var release = ChartRelease()
    var values = Value.object(Object())
    var only: [String] = []

    struct Unknown: Error { var argument: String }

    init(_ run: String, _ files: [ChartFile]) throws {
        var words = RunArguments.words(run)[...]
        release.name = "demo"
        if let first = words.first, !first.hasPrefix("-") {
            release.name = first
            words.removeFirst()
        }
        var sets: [(form: SetValue.Form, text: String)] = []
        var setFiles: [String] = []
        while let word = words.popFirst() {
            func value() throws -> String {
                guard let value = words.popFirst() else { throw Unknown(argument: word) }
                return value
            }
            switch word {
            case "-n": release.namespace = try value()
            case "--is-upgrade": release.isUpgrade = true
            case "--no-hooks": release.includesHooks = false
            case "--skip-tests": release.includesTests = false
            case "--include-crds": release.includesDefinitions = true
            case "--skip-schema-validation": release.skipsSchema = true
            case "--kube-version": try release.capabilities.set(kubeVersion: try value())
            case "-a": release.capabilities.apiVersions += try value().split(separator: ",").map(String.init)
            case "-s": only.append(try value())
            case "--set": sets.append((.set, try value()))
            case "--set-string": sets.append((.string, try value()))
            case "--set-json": sets.append((.json, try value()))
            case "--set-literal": sets.append((.literal, try value()))
            case "--set-file": setFiles.append(try value())
            case "-f", "--values":
                for name in try value().split(separator: ",") {
                    guard let file = files.first(where: { $0.name == name }) else {
                        throw Unknown(argument: String(name))
                    }
                    let read = try YAMLReader.value(file.bytes)
                    if read.isNull { continue }
                    guard read.object != nil else { throw Unknown(argument: String(name)) }
                    values = ValuesMerge.overlaid(values, by: ValuesMerge.decoded(read))
                }
            default: throw Unknown(argument: word)
            }
        }
        try ChartRelease.checkName(release.name)
        for form in [SetValue.Form.json, .set, .string, .literal] {
            if form == .literal {
                for text in setFiles {
                    let parts = text.split(separator: "=", maxSplits: 1)
                    let file = files.first { $0.name == parts[1] }
                    try SetValue.applyFile(
                        String(parts[0]), .string(String(decoding: file?.bytes ?? [], as: UTF8.self)),
                        to: &values)
                }
            }
            for set in sets where set.form == form { try SetValue.apply(set.text, as: form, to: &values) }
        }
    }

    /// Splits a line into words as a shell does, with quotes and backslashes.
    private static func words(_ line: String) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var isEscaped = false
        for character in line {
            if isEscaped {
                // Within quotes, a backslash is literal before most characters.
                if quote != nil, !"\\\"$`".contains(character) { word = (word ?? "") + "\\" }
                word = (word ?? "") + String(character)
                isEscaped = false
            } else if character == "\\", quote != "'" {
                isEscaped = true
            } else if let open = quote {
                if character == open { quote = nil } else { word = (word ?? "") + String(character) }
            } else if character == "\"" || character == "'" {
                quote = character
                word = word ?? ""
            } else if character == " " {
                if let done = word { words.append(done) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        if let done = word { words.append(done) }
        return words
    }
}
