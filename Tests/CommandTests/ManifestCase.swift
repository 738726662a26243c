import Glibc
import TestSupport
import Values
import YAML

/// A manifest and the checks of its injection, with both forms of configuration or those that the case names.
///
/// | check | expectation |
/// | --- | --- |
/// | `documents N` | the output has N documents that are not empty |
/// | `injected [PATH…]` | in each document, after the first `skip`, the pod template at PATH has istio-proxy once |
/// | `comments [TEXT…]` | all are in the output, in this order |
/// | `lines_kept` | each line of the input is a line of the output, in order |
/// | `unchanged` | the output is equal to the input |
/// | `twice` | injecting the output changes nothing |
/// | `roundtrip` | `kube-uninject` of `kube-inject --provenance` is the input, by `bytes` or by `value` |
/// | `uninject_without [TEXT…]` | `kube-uninject` without provenance leaves none of these, nor `null` |
/// | `uninject_value PATH` | the same, and the value at PATH is the input's, apart from members with a zero value |
/// | `uninject_own NAME` | the same, and the pod's own container NAME is in `containers` again, unchanged |
/// | `value_kept PATH` | the value at PATH is the input's |
/// | `images {path, want}` | the containers at the path, istio-proxy apart, have these images in this order |
/// | `once`, `at_most_once` | each pod template has istio-proxy once (at most), also after a second injection |
/// | `note TEXT` | a line of standard error has it |
/// | `hint_injects [PATH…]` | with the `--podTemplatePath` that standard error gives, each PATH is injected |
/// | `json {…}` | the output is JSON and keeps the layout |
/// | `crlf` | each line of the output ends with a carriage return |
/// | `diff_applies` | `patch` and `git apply` (`either`: one of them) apply the output of `--diff` |
/// | `kubectl N` | `kubectl --local` reads N objects; skipped without kubectl |
struct ManifestCase {
    private let configurations: String
    private let folder: String
    private let settings: Value
    private let file: String
    private let input: [UInt8]

    init(_ name: String, configurations: String) throws {
        self.configurations = configurations
        folder = CaseCollection.reportedManifests.path(name)
        settings = try JSON.read(text(of: folder + "/case.json"))
        file = settings["file"]?.string ?? ""
        input = contents(of: "\(folder)/in/\(file)") ?? []
    }

    /// The first check that fails, with its configuration; nil if none does.
    func problem() throws -> String? {
        for name in settings["configs"]?.array?.compactMap(\.string) ?? [] {
            do {
                let run = try ManifestRun(
                    folder: folder, file: file, input: input,
                    configuration: "\(configurations)/config-\(name)",
                    arguments: settings["args"]?.array?.compactMap(\.string) ?? [])
                for check in settings["checks"]?.array ?? [] {
                    guard let member = check.object?.members.first else { continue }
                    try ManifestCheck(run: run, expected: member.value, all: check).hold(member.key)
                }
            } catch {
                return "\(name) \(error)"
            }
        }
        return nil
    }
}

/// A failed check, as a sentence.
struct Unmet: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// One case under one configuration: its injection, and further runs of the binary over it.
struct ManifestRun {
    let folder: String
    let file: String
    let input: [UInt8]
    let configuration: String
    let arguments: [String]
    /// The output of `kube-inject` for the input.
    private(set) var output: [UInt8] = []
    private(set) var errors = ""

    init(folder: String, file: String, input: [UInt8], configuration: String, arguments: [String]) throws {
        (self.folder, self.file, self.input) = (folder, file, input)
        (self.configuration, self.arguments) = (configuration, arguments)
        (output, errors) = try run("kube-inject")
    }

    /// - Parameter standardInput: the input to use instead of the case's file.
    func run(
        _ verb: String, _ further: [String] = [], standardInput: [UInt8]? = nil
    ) throws(Unmet) -> (output: [UInt8], errors: String) {
        let work = TemporaryFolder()
        work.write(standardInput ?? [], to: "in")
        var words = [pillionBinary, verb]
        if verb == "kube-inject" {
            words += [
                "--injectConfigFile", "\(configuration)/inject-config.yaml", "--valuesFile",
                "\(configuration)/values.yaml", "--meshConfigFile", "\(configuration)/mesh.yaml",
            ]
            words += arguments
        }
        words += further + ["-f", standardInput == nil ? file : "-"]
        let script = "cd \"$1\" && in=$2 out=$3 && shift 3 && exec \"$@\" <\"$in\" >\"$out\""
        let result = TestSupport.run(
            "/bin/sh", ["-c", script, "sh", "\(folder)/in", work.path("in"), work.path("out")] + words)
        guard result.status == 0 else {
            throw Unmet("\(verb) \(further): exit status \(result.status): \(result.errors)")
        }
        return (contents(of: work.path("out")) ?? [], result.errors)
    }

    func injectedAgain() throws -> [UInt8] { try run("kube-inject", standardInput: output).output }

    func ledBack() throws -> [UInt8] { try run("kube-uninject", standardInput: output).output }
}
