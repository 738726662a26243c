/// The effects of tainted text in the templates of one pod, for warnings, counters and the log.
public struct TaintReport: Sendable, Equatable {
    /// The runs that did not stay text, although the pod was injected, each with its annotation, its template's line
    /// and the pointer of the change: `annotation 'X' (template "inject":12:5) at /containers/0/PWN`.
    public var findings: [String] = []
    /// Powers over the host that tainted text gave by the template's design: `hostPath from the annotation 'X'`.
    public var powers: [String] = []

    /// Whether there are warnings about powers, which are by design: only if the rules are enforced.
    var warnsOfPowers = false

    public init() {}

    public var isEmpty: Bool { findings.isEmpty && powers.isEmpty }

    /// The maximum length of a warning. Kubernetes truncates longer ones.
    static let warningBytes = 120
    /// The maximum number of warnings for one pod.
    private static let warningLimit = 8

    /// The messages for people, of any length.
    var notes: [String] {
        findings.map { "tainted value: " + $0 }
            + (warnsOfPowers ? powers : []).map { "power from a pod's text: " + $0 }
    }

    /// The first notes, truncated, for the response of a review.
    var warnings: [String] { notes.prefix(Self.warningLimit).map { Self.cut($0) } }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > warningBytes else { return text }
        var head = ""
        for character in text {
            guard head.utf8.count + character.utf8.count <= warningBytes - 3 else { break }
            head.append(character)
        }
        return head + "…"
    }

    mutating func add(_ other: TaintReport) {
        warnsOfPowers = warnsOfPowers || other.warnsOfPowers
        for finding in other.findings where !findings.contains(finding) { findings.append(finding) }
        for power in other.powers where !powers.contains(power) { powers.append(power) }
    }
}
