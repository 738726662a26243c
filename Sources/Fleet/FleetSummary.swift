public import Injection
import PluginAPI
import Values

/// The counts of a scan, by namespace and owner.
public struct FleetSummary: Sendable {
    /// The numbers of pods by verdict.
    public struct Counts: Sendable, Equatable {
        private var counts = [Int](repeating: 0, count: LiveVerdict.allCases.count)

        public init() {}

        public subscript(verdict: LiveVerdict) -> Int {
            get { counts[Self.index(verdict)] }
            set { counts[Self.index(verdict)] = newValue }
        }

        private static func index(_ verdict: LiveVerdict) -> Int {
            switch verdict {
            case .current: 0
            case .stale: 1
            case .missed: 2
            case .orphan: 3
            case .broken: 4
            }
        }

        public var total: Int { counts.reduce(0, +) }
        public var isAllCurrent: Bool { total == self[.current] }
    }

    /// A workload and its pods.
    public struct Row: Sendable {
        public var namespace: String
        public var owner: LiveOwner
        public var counts = Counts()
        /// The problem of the first of its pods that is not current.
        public var what = ""
    }

    /// The largest number of owners with their own row; a row takes about 300 bytes. The pods of further owners are
    /// counted in one row per namespace, and those of further namespaces in one row.
    public static let maximumRows = 20_000

    public private(set) var counts = Counts()
    /// The number of objects that are not pods.
    public internal(set) var others = 0
    /// The number of pods in namespaces whose labels are not known.
    public private(set) var withoutLabels = 0
    private var rows: [Key: Row] = [:]

    private struct Key: Hashable {
        var namespace: String
        var owner: LiveOwner
    }

    /// The owner of the rows for owners without their own row.
    static let furtherOwners = LiveOwner(kind: "", apiVersion: "", name: "further owners")

    mutating func add(_ finding: PodFinding, knowsLabels: Bool) {
        let verdict = finding.answer.verdict
        counts[verdict] += 1
        if !knowsLabels { withoutLabels += 1 }
        let key = key(for: finding)
        var row = rows[key] ?? Row(namespace: key.namespace, owner: key.owner)
        row.counts[verdict] += 1
        if row.what.isEmpty, verdict != .current { row.what = Self.what(finding.answer) }
        rows[key] = row
    }

    private func key(for finding: PodFinding) -> Key {
        let key = Key(namespace: finding.namespace, owner: finding.owner)
        if rows[key] != nil || rows.count < Self.maximumRows { return key }
        let further = Key(namespace: finding.namespace, owner: Self.furtherOwners)
        if rows[further] != nil || rows.count < 2 * Self.maximumRows { return further }
        return Key(namespace: "*", owner: Self.furtherOwners)
    }

    /// The largest number of characters of a sentence in a row.
    private static let whatLength = 160

    private static func what(_ answer: LiveAnswer) -> String {
        var text = answer.message
        if answer.verdict == .stale, let first = answer.differences.first {
            text = first.sentence
            if answer.differences.count > 1 { text += " and \(answer.differences.count - 1) more" }
        }
        let line = text.prefix { $0 != "\n" }
        return line.count > whatLength ? line.prefix(whatLength - 1) + "…" : String(line)
    }

    /// The rows by namespace, kind and name.
    public var owners: [Row] {
        rows.values.sorted { one, other in
            (one.namespace, one.owner.kind, one.owner.name) < (
                other.namespace, other.owner.kind, other.owner.name
            )
        }
    }
}

extension LiveDifference {
    /// `/spec/containers/istio-proxy/image: found "a:1", expected "a:2"`
    public var sentence: String {
        "\(pointer): found \(Self.shown(found)), expected \(Self.shown(expected))"
            + (place.map { " (template \($0.template):\($0.line))" } ?? "")
    }

    private static let shownLength = 80

    private static func shown(_ value: Value?) -> String {
        guard let value else { return "nothing" }
        let text = JSON.text(value)
        return text.count > shownLength ? text.prefix(shownLength - 1) + "…" : text
    }
}
