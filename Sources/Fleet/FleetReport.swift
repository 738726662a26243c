import Injection
import PluginAPI
public import Values

/// Formats the result of a scan.
public enum FleetReport {
    // MARK: Table

    /// Returns a line for each owner; those without problems only with `all`.
    public static func table(_ summary: FleetSummary, all: Bool = false) -> String {
        let rows = summary.owners.filter { all || !$0.counts.isAllCurrent }
        guard !rows.isEmpty else { return "" }
        let verdicts = LiveVerdict.allCases
        var lines = [["NAMESPACE", "OWNER"] + verdicts.map { $0.rawValue.uppercased() } + ["WHAT"]]
        for row in rows {
            let owner = name(of: row.owner)
            lines.append(
                [row.namespace, owner] + verdicts.map { String(row.counts[$0]) } + [row.what])
        }
        let columns = lines[0].count - 1
        let widths = (0..<columns).map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { cells in
            let padded = (0..<columns).map { column in
                let blanks = String(repeating: " ", count: widths[column] - cells[column].count)
                return column < 2 ? cells[column] + blanks : blanks + cells[column]
            }
            var line = (padded + [cells[columns]]).joined(separator: "  ")
            while line.ends(with: " ") { line.removeLast() }
            return line + "\n"
        }.joined()
    }

    /// `Deployment/cart`
    static func name(of owner: LiveOwner) -> String {
        owner.kind.isEmpty ? owner.name : "\(owner.kind)/\(owner.name)"
    }

    /// `12 pods: 9 current, 2 stale, 0 missed, 1 orphan, 0 broken`
    public static func total(_ summary: FleetSummary) -> String {
        let counts = LiveVerdict.allCases.map { "\(summary.counts[$0]) \($0.rawValue)" }
        let count = summary.counts.total
        return "\(count) pod\(count == 1 ? "" : "s"): \(counts.joined(separator: ", "))"
    }

    // MARK: JSON

    public static func json(_ counts: FleetSummary.Counts) -> Value {
        .object(
            Object(
                [Member("pods", .int(Int64(counts.total)))]
                    + LiveVerdict.allCases.map { Member($0.rawValue, .int(Int64(counts[$0]))) }))
    }

    public static func json(_ finding: PodFinding) -> Value {
        let answer = finding.answer
        var object = Object([
            Member("namespace", .string(finding.namespace)), Member("name", .string(finding.name)),
            Member("owner", ["kind": .string(finding.owner.kind), "name": .string(finding.owner.name)]),
            Member("verdict", .string(answer.verdict.rawValue)),
            Member("message", .string(answer.message)),
            Member("reason", .string((answer.error?.code ?? answer.decision.reason).rawValue)),
        ])
        if !answer.differences.isEmpty {
            object["differences"] = .array(answer.differences.map(\.json))
        }
        return .object(object)
    }

    /// Returns the owners, as in the table.
    public static func owners(_ summary: FleetSummary, all: Bool = false) -> Value {
        .array(
            summary.owners.filter { all || !$0.counts.isAllCurrent }.map { row in
                .object(
                    Object([
                        Member("namespace", .string(row.namespace)),
                        Member("kind", .string(row.owner.kind)), Member("name", .string(row.owner.name)),
                        Member("counts", json(row.counts)), Member("what", .string(row.what)),
                    ]))
            })
    }

    // MARK: Restarts

    /// Returns a command for each owner of stale pods that recreates them; a comment if `kubectl` has no such command.
    public static func restarts(_ summary: FleetSummary) -> String {
        summary.owners.filter { $0.counts[.stale] > 0 }.map { restart($0) + "\n" }.joined()
    }

    private static func restart(_ row: FleetSummary.Row) -> String {
        let (kind, name) = (row.owner.kind, row.owner.name)
        // Names from outside are passed to a shell, so they must be valid names of Kubernetes.
        guard isName(name), isName(row.namespace) else {
            return "# an owner in the namespace \(comment(row.namespace)) is left out: "
                + "\(comment(name)) is not a valid name"
        }
        switch kind {
        case "Deployment", "StatefulSet", "DaemonSet":
            return "kubectl rollout restart \(kind.lowercased())/\(name) -n \(row.namespace)"
        case "Rollout": return "kubectl argo rollouts restart \(name) -n \(row.namespace)"
        case "Job", "CronJob":
            return "# \(kind) \(row.namespace)/\(name): its next run is injected again"
        default:
            return "# \(comment(kind)) \(row.namespace)/\(name): delete the pods, or restart what made them"
        }
    }

    /// Whether the text is an RFC 1123 subdomain, as names of Kubernetes' objects are.
    private static func isName(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        let isAlphanumeric = { (byte: UInt8) in byte >= 0x61 && byte <= 0x7a || byte >= 0x30 && byte <= 0x39 }
        guard let first = bytes.first, let last = bytes.last, bytes.count <= 253 else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
    }

    /// Quotes a text for a comment, so that it cannot end the line.
    private static func comment(_ text: String) -> String { JSON.text(.string(String(text.prefix(80)))) }
}
