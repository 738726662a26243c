import Fleet
import Injection
import PluginAPI
import Values

/// Prints the results of cases.
enum TestReport {
    struct Result {
        var name: String
        var folder: String
        var outcome: TestRun.Outcome

        var isFailure: Bool {
            switch outcome {
            case .passed, .updated: false
            case .different, .wrong, .problem: true
            }
        }

        /// The problems, line by line.
        var lines: [String] {
            switch outcome {
            case .passed, .updated: []
            case .different(let differences):
                differences.prefix(TestReport.shown).map(\.sentence)
                    + (differences.count > TestReport.shown
                        ? ["\(differences.count - TestReport.shown) further differences"] : [])
            case .wrong(let message), .problem(let message): [message]
            }
        }

        var word: String {
            switch outcome {
            case .passed: "passed"
            case .updated: "updated"
            case .different, .wrong: "failed"
            case .problem: "error"
            }
        }
    }

    /// The largest number of differences of one case that are printed; JSON has all.
    static let shown = 20

    static func text(_ results: [Result]) -> String {
        var text = ""
        for result in results where result.word != "passed" {
            text += "\(result.word) \(result.name)\n"
            for line in result.lines { text += "  \(line)\n" }
        }
        let words = ["passed", "failed", "error", "updated"].compactMap { word -> String? in
            let count = results.count { $0.word == word }
            return count == 0 && word != "passed" ? nil : "\(count) \(word)"
        }
        let count = results.count == 1 ? "1 case" : "\(results.count) cases"
        return text + "\(count): \(words.joined(separator: ", "))\n"
    }

    static func json(_ results: [Result]) -> Value {
        .object(
            Object([
                Member(
                    "cases",
                    .array(
                        results.map { result in
                            var object = Object([
                                Member("name", .string(result.name)),
                                Member("folder", .string(result.folder)),
                                Member("result", .string(result.word)),
                            ])
                            switch result.outcome {
                            case .passed, .updated: break
                            case .different(let differences):
                                object["differences"] = .array(differences.map(\.json))
                            case .wrong(let message), .problem(let message):
                                object["message"] = .string(message)
                            }
                            return .object(object)
                        })),
                Member("total", .int(Int64(results.count))),
                Member("failed", .int(Int64(results.count(where: \.isFailure)))),
            ]))
    }

    static func junit(_ results: [Result]) -> String {
        let cases = results.map { result in
            JUnit.testCase(name: result.name, file: "\(result.folder)/pod.yaml", line: nil) {
                guard result.isFailure else { return nil }
                let isError = result.word == "error"
                return JUnit.element(
                    isError ? "error" : "failure", type: isError ? "problem" : "different",
                    result.lines.joined(separator: "\n"))
            }
        }
        return JUnit.document(
            name: "pillion test", tests: results.count, failures: results.count { $0.word == "failed" },
            errors: results.count { $0.word == "error" }, skipped: 0, cases: cases.joined())
    }
}

/// Prints the differences between two configurations.
enum ComparisonReport {
    /// The largest number of pods of one cause that are named; JSON has all.
    private static let shownPods = 5

    static func text(_ result: ConfigurationComparison.Result, file: String, oldFile: String) -> String {
        var text = ""
        for cause in result.causes {
            text +=
                "\(title(cause, file: file, oldFile: oldFile)): \(cause.pods.count) of \(result.pods) pods\n"
            text += lines(cause)
            let more = cause.pods.count - shownPods
            text += "  in \(cause.pods.prefix(shownPods).joined(separator: ", "))"
            text += (more > 0 ? " and \(more) more" : "") + "\n"
            for difference in cause.differences { text += "    \(difference.sentence)\n" }
            if let error = cause.error { text += "    \(error.prefix { $0 != "\n" })\n" }
        }
        for cause in result.withoutEffect {
            text += "\(title(cause, file: file, oldFile: oldFile)): changes no pod\n" + lines(cause)
        }
        return text + "\(result.changed) of \(result.pods) pods change\n"
    }

    private static func title(_ cause: ConfigurationComparison.Cause, file: String, oldFile: String) -> String
    {
        switch cause.kind {
        case .decision: return "policy, values or mesh: whether pods are injected"
        case .values where cause.template.isEmpty: return "values or mesh, outside of templates"
        case .values: return "values or mesh, in template \(cause.template):\(cause.line)"
        case .edit:
            let isRemoval = cause.edit?.isRemoval ?? false
            let place = cause.fileLine.map { " (\(isRemoval ? oldFile : file):\($0))" } ?? ""
            return "template \(cause.template):\(cause.line)\(place)"
        }
    }

    private static func lines(_ cause: ConfigurationComparison.Cause) -> String {
        let old = (cause.edit?.oldText ?? []).prefix(shownPods).map { "  - \($0)\n" }
        let new = (cause.edit?.newText ?? []).prefix(shownPods).map { "  + \($0)\n" }
        return (old + new).joined()
    }

    static func json(_ result: ConfigurationComparison.Result, file: String) -> Value {
        [
            "pods": .int(Int64(result.pods)), "changed": .int(Int64(result.changed)),
            "causes": .array(result.causes.map(json)),
            "withoutEffect": .array(result.withoutEffect.map(json)),
        ]
    }

    private static func json(_ cause: ConfigurationComparison.Cause) -> Value {
        var object = Object([
            Member("kind", .string(cause.kind.rawValue)), Member("template", .string(cause.template)),
            Member("line", .int(Int64(cause.line))),
        ])
        if let line = cause.fileLine { object["fileLine"] = .int(Int64(line)) }
        if let edit = cause.edit {
            object["isRemoval"] = .bool(edit.isRemoval)
            object["old"] = .array(edit.oldText.map { .string($0) })
            object["new"] = .array(edit.newText.map { .string($0) })
        }
        object["pods"] = .array(cause.pods.map { .string($0) })
        object["differences"] = .array(cause.differences.map(\.json))
        if let error = cause.error { object["error"] = .string(error) }
        return .object(object)
    }
}
