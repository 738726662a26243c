import Injection
import PluginAPI
import Service
import Values

/// Formats decisions for CI systems that display the findings of linters.
enum DecisionCI {
    // MARK: SARIF

    /// Formats decisions as SARIF 2.1.0: a result for each workload without a sidecar (a warning) or without an answer
    /// (an error), and for each file that cannot be read.
    static func sarif(_ found: DecidedObjects) -> String {
        var codes: [ReasonCode] = []
        var results: [Value] = []
        for problem in found.problems {
            if !codes.contains(.decodeError) { codes.append(.decodeError) }
            results.append(
                result(.decodeError, "error", problem.message, problem.file, problem.position))
        }
        for entry in found.answers where entry.answer.isWorkload && !entry.answer.decision.inject {
            let decision = entry.answer.decision
            if !codes.contains(decision.reason) { codes.append(decision.reason) }
            let text = "\(subject(entry)): \(decision.message)"
            results.append(
                result(
                    decision.reason, decision.reason.kind == .error ? "error" : "warning", text, entry.file,
                    SourcePosition(line: entry.line, column: 1)))
        }
        let rules: [Value] = codes.map { code in
            var rule: Object = Object([
                Member("id", .string(code.rawValue)),
                Member("shortDescription", ["text": .string(code.sentence)]),
            ])
            if let remedy = code.entry.remedy { rule["help"] = ["text": .string(remedy)] }
            return .object(rule)
        }
        let driver: Value = [
            "name": "pillion", "version": .string(BuildInformation.version), "rules": .array(rules),
        ]
        let log: Value = [
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
            "runs": [["tool": ["driver": driver], "results": .array(results)]],
        ]
        return JSON.text(log, style: .pretty(2))
    }

    private static func result(
        _ code: ReasonCode, _ level: String, _ text: String, _ file: String, _ position: SourcePosition?
    ) -> Value {
        var place = Object([Member("artifactLocation", ["uri": .string(uri(file))])])
        if let position {
            place["region"] = [
                "startLine": .int(Int64(position.line)), "startColumn": .int(Int64(position.column)),
            ]
        }
        return [
            "ruleId": .string(code.rawValue), "level": .string(level), "message": ["text": .string(text)],
            "locations": [["physicalLocation": .object(place)]],
        ]
    }

    /// Converts a path to a relative reference (RFC 3986): characters with a special meaning are escaped.
    private static func uri(_ path: String) -> String {
        var text = ""
        for byte in path.utf8 {
            let isPlain =
                byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || "-._~/".utf8.contains(byte)
            if isPlain {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
        return text
    }

    // MARK: JUnit

    /// Formats decisions as JUnit's XML: a test case for each workload and each file that cannot be read.
    ///
    /// - Parameter failsOnSkip: whether a workload without a sidecar is a failure; otherwise it is a skipped test.
    static func junit(_ found: DecidedObjects, failsOnSkip: Bool) -> String {
        var cases = ""
        var failures = 0
        var errors = found.problems.count
        var skipped = 0
        for problem in found.problems {
            cases += JUnit.testCase(name: problem.file, file: problem.file, line: problem.position?.line) {
                JUnit.element("error", type: ReasonCode.decodeError.rawValue, problem.message)
            }
        }
        let workloads = found.answers.filter(\.answer.isWorkload)
        for entry in workloads {
            let decision = entry.answer.decision
            cases += JUnit.testCase(name: subject(entry), file: entry.file, line: entry.line) {
                if decision.reason.kind == .error {
                    errors += 1
                    return JUnit.element("error", type: decision.reason.rawValue, decision.message)
                }
                guard !decision.inject else { return nil }
                if failsOnSkip {
                    failures += 1
                    return JUnit.element("failure", type: decision.reason.rawValue, decision.message)
                }
                skipped += 1
                return "      <skipped message=\"\(JUnit.escaped(decision.message))\"/>\n"
            }
        }
        return JUnit.document(
            name: "pillion decide", tests: workloads.count + found.problems.count, failures: failures,
            errors: errors, skipped: skipped, cases: cases)
    }

    private static func subject(_ entry: DecidedObjects.Answer) -> String {
        let answer = entry.answer
        return "\(answer.kind) \(answer.namespace.isEmpty ? "" : answer.namespace + "/")\(answer.name)"
    }
}
