public import Values

/// Formats decisions as JSON and text for the command line, HTTP, the log and the API server.
extension Decision {
    /// Returns the response of `/decide`.
    ///
    /// - Parameter counterfactuals: nil if they were not requested.
    public func json(counterfactuals: [Counterfactual]? = nil) -> Value {
        var members: [Member] = [
            Member("inject", .bool(inject)), Member("reason", .string(reason.rawValue)),
            Member("message", .string(message)),
        ]
        if let remedy { members.append(Member("remedy", .string(remedy))) }
        members.append(Member("trace", .array(trace.map(\.json))))
        if let counterfactuals {
            members.append(Member("counterfactuals", .array(counterfactuals.map(\.json))))
        }
        if !warnings.isEmpty {
            members.append(Member("warnings", .array(warnings.map { .string($0.message) })))
        }
        return .object(Object(members))
    }

    /// The decision in one word: `inject`, `skip` or `error`.
    public var verdict: String { inject ? "inject" : reason.kind == .error ? "error" : "skip" }

    /// The audit annotations of an admission response. The API server prefixes each key with the webhook's name. The
    /// reason is not included, because a review can still fail after the decision.
    public var auditAnnotations: [(key: String, value: String)] {
        [("decision", verdict), ("message", message), ("trace", traceLine)].filter { !$0.1.isEmpty }
    }

    /// Warnings for the person who applies the pod: only about things that person can change, each of at most 120
    /// bytes, as the API server requires.
    public var admissionWarnings: [String] {
        var texts: [String] = []
        for warning in warnings where texts.count < Self.admissionWarningLimit {
            guard let text = warning.admission else { continue }
            let short = Self.shortened(text, to: Self.admissionWarningBytes)
            if !texts.contains(short) { texts.append(short) }
        }
        return texts
    }

    /// The API server truncates each warning at 120 bytes, and all warnings of a response together at 4096.
    public static let admissionWarningBytes = 120
    static let admissionWarningLimit = 8

    static func shortened(_ text: String, to limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        var result = String.UnicodeScalarView()
        var used = 0
        for scalar in text.unicodeScalars {
            used += scalar.utf8.count
            // The ellipsis has three bytes.
            if used > limit - 3 { break }
            result.append(scalar)
        }
        return String(result) + "…"
    }
}

extension TraceStep {
    /// The step's part of `Decision.traceLine`.
    var line: String { "\(rule)=\(verdict.rawValue)\(decisive ? "!" : "")" }

    public var json: Value {
        var members: [Member] = [
            Member("rule", .string(rule)), Member("verdict", .string(verdict.rawValue)),
            Member("decisive", .bool(decisive)), Member("code", .string(code.rawValue)),
            Member("message", .string(message)),
        ]
        if let remedy { members.append(Member("remedy", .string(remedy))) }
        if let source { members.append(Member("source", .string(source))) }
        return .object(Object(members))
    }
}

extension Counterfactual {
    public var json: Value {
        ["change": .string(change), "inject": .bool(inject), "reason": .string(reason.rawValue)]
    }
}

/// Formats decisions as text for a terminal.
public enum DecisionReport {
    /// One line of a table of decisions.
    public struct Row: Sendable {
        public var kind: String
        public var name: String
        public var namespace: String
        public var decision: Decision

        public init(kind: String, name: String, namespace: String, decision: Decision) {
            self.kind = kind
            self.name = name
            self.namespace = namespace
            self.decision = decision
        }
    }

    /// Formats kind, name, decision, reason and message in columns, with warnings below the table.
    public static func table(_ rows: [Row]) -> String {
        var cells = [["KIND", "NAME", "DECISION", "REASON", "WHY"]]
        var notes = ""
        for row in rows {
            let decision = row.decision
            let name = printable(row.namespace.isEmpty ? row.name : "\(row.namespace)/\(row.name)")
            let kind = printable(row.kind)
            // A message of several lines, for example that of a template, becomes one row.
            let why = decision.message.split(whereSeparator: \.isNewline).joined(separator: "; ")
            cells.append([kind, name, decision.verdict, decision.reason.rawValue, why])
            for warning in decision.warnings { notes += "warning: \(kind) \(name): \(warning.message)\n" }
        }
        if rows.contains(where: { $0.decision.trace.first?.code == .namespaceLabelsUnknown }) {
            notes +=
                "note: the labels of the namespace were not given: the answers hold for pods that the API server "
                + "sends to the injector\n"
        }
        return columns(cells) + notes
    }

    /// Formats the trace of one decision as a tree, with the changes that would flip it.
    ///
    /// - Parameter title: the object's kind and name.
    public static func tree(_ decision: Decision, counterfactuals: [Counterfactual], title: String) -> String
    {
        var text = "\(printable(title)): \(decision.verdict) (\(decision.reason.rawValue))\n"
        var branches: [(head: String, leaves: [String])] = []
        for step in decision.trace {
            var leaves: [String] = []
            if let source = step.source { leaves.append("at \(source)") }
            if step.decisive, let remedy = step.remedy { leaves.append("to change it: \(remedy)") }
            let mark = step.decisive ? "=> " : ""
            branches.append(("\(mark)\(step.rule): \(step.verdict.rawValue): \(step.message)", leaves))
        }
        if !counterfactuals.isEmpty {
            let what = counterfactuals[0].inject ? "would get a sidecar" : "would get no sidecar"
            branches.append(
                (
                    "\(what), after any one of these",
                    counterfactuals.map { "\($0.change) (\($0.reason.rawValue))" }
                ))
        }
        if !decision.warnings.isEmpty { branches.append(("warnings", decision.warnings.map(\.message))) }
        for (index, branch) in branches.enumerated() {
            let isLast = index == branches.count - 1
            text += "\(isLast ? "└─" : "├─") \(branch.head)\n"
            for (leaf, line) in branch.leaves.enumerated() {
                text += "\(isLast ? "   " : "│  ")\(leaf == branch.leaves.count - 1 ? "└─" : "├─") \(line)\n"
            }
        }
        return text
    }

    /// Returns untrusted text for a terminal: shortened, and without control characters.
    static func printable(_ text: String, limit: Int = 512) -> String {
        var result = ""
        for scalar in text.unicodeScalars.prefix(limit) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Formats cells in columns that are separated by two spaces. The last column is not padded.
    static func columns(_ rows: [[String]]) -> String {
        var widths: [Int] = []
        for row in rows {
            for (index, cell) in row.enumerated() {
                let width = cell.unicodeScalars.count
                if index < widths.count {
                    widths[index] = max(widths[index], width)
                } else {
                    widths.append(width)
                }
            }
        }
        var text = ""
        for row in rows {
            for (index, cell) in row.enumerated() {
                text += cell
                guard index < row.count - 1 else { break }
                text += String(repeating: " ", count: widths[index] - cell.unicodeScalars.count + 2)
            }
            text += "\n"
        }
        return text
    }
}

extension TruthTable {
    /// The table as text for a terminal.
    public var text: String {
        let head = columns.map { $0.uppercased() } + ["DECISION", "REASON"]
        let body = rows.map { $0.conditions + [$0.inject ? "inject" : "skip", $0.reason.rawValue] }
        return DecisionReport.columns([head] + body) + notes.map { "note: \($0)\n" }.joined()
    }

    /// The table as a list of objects, one for each row.
    public var json: Value {
        .array(
            rows.map { row in
                var members: [Member] = []
                for (column, condition) in zip(columns, row.conditions) {
                    members.append(Member(column, .string(condition)))
                }
                members.append(Member("inject", .bool(row.inject)))
                members.append(Member("reason", .string(row.reason.rawValue)))
                return .object(Object(members))
            })
    }
}
