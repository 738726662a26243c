/// What tainted text did in the templates of one pod, for warnings, counters and the log.
public struct TaintReport: Sendable, Equatable {
    /// What did not stay text, though the pod was injected: `annotation X adds /containers/0/PWN (template "inject":12:5)`.
    public var findings: [String] = []
    /// Powers over the host that tainted text gave by the template's design: `hostPath from the annotation X`.
    public var powers: [String] = []

    /// Whether powers are warned of: where nothing is enforced, nobody is warned of what is by design.
    var warnsOfPowers = false

    public init() {}

    public var isEmpty: Bool { findings.isEmpty && powers.isEmpty }

    /// Kubernetes cuts warnings that are longer.
    static let warningBytes = 120
    /// Warnings of one pod.
    private static let warningLimit = 8

    /// Sentences for people, of any length.
    var notes: [String] {
        findings.map { "tainted value: " + $0 }
            + (warnsOfPowers ? powers : []).map { "power from a pod's text: " + $0 }
    }

    /// The first of them, for the answer of a review.
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
