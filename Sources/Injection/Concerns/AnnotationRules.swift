import PluginAPI
import Values

/// Checks a pod's annotations against the registry: whether names are known and values are valid.
///
/// In: annotations. Out: problems and notes, sorted by name, so that the same pod always gets the same answer.
enum AnnotationRules {
    struct Problem: Error, Equatable {
        var annotation: String
        var value: String
        var why: String
    }

    struct Outcome: Sendable, Equatable {
        /// Invalid values, sorted by annotation. Any of them fails the injection.
        var problems: [Problem] = []
        /// Unknown names that look like Istio's, with the nearest known ones. The values are left out, because they may
        /// be private.
        var notes: [String] = []
    }

    /// The largest number of notes of one pod. More are not useful, and each costs a search.
    private static let noteLimit = 8

    /// The largest number of unknown names of one pod for which the nearest known name is searched. Each search
    /// compares with all known names, and pods have only a few unknown ones.
    private static let searchLimit = 64

    /// - Parameter mesh: has the types of `proxy.istio.io/config`.
    static func check(
        _ annotations: Object, form: PolicyConfiguration.Form, mesh: MeshConfiguration
    ) -> Outcome {
        var outcome = Outcome()
        let known = form == .classic ? classic : modern
        var searches = 0
        for member in annotations.members {
            guard let rule = known[member.key] else {
                guard outcome.notes.count < noteLimit, searches < searchLimit, isSuspect(member.key) else {
                    continue
                }
                searches += 1
                if let note = note(member.key, form, known) { outcome.notes.append(note) }
                continue
            }
            guard rule != .anything, case .string(let value) = member.value else { continue }
            if let why = AnnotationValues.problem(value, rule, form) {
                outcome.problems.append(Problem(annotation: member.key, value: value, why: why))
            }
        }
        outcome.problems.sort { $0.annotation.utf8.lexicographicallyPrecedes($1.annotation.utf8) }
        outcome.notes.sort()
        return outcome
    }

    /// Istio's text: `N error occurred:` and a line for each problem.
    static func message(_ problems: [Problem]) -> String {
        IstioText.errors(
            problems.map { IstioText.invalidValue($0.value, of: $0.annotation, why: $0.why) })
    }

    /// Whether the registry knows the name: only such keys of `podRedirectAnnot` are set.
    static func isKnown(_ annotation: String, form: PolicyConfiguration.Form) -> Bool {
        (form == .classic ? classic : modern)[annotation] != nil
    }

    /// Whether an unknown name looks like Istio's.
    private static func isSuspect(_ name: String) -> Bool { name.holds("istio") && !others.contains(name) }

    /// The classic form notes every unknown name that contains `istio`. The modern form notes only names that are
    /// similar to a known one, because its templates read names that are in no registry.
    private static func note(
        _ name: String, _ form: PolicyConfiguration.Form, _ known: [String: Rule]
    ) -> String? {
        let near = Spelling.nearest(name, among: known.keys.map { $0 } + others.filter { known[$0] == nil })
        guard form == .classic || !near.isEmpty else { return nil }
        let remedy = near.isEmpty ? "" : "; did you mean \(near.map { "'\($0)'" }.joined(separator: " or "))?"
        return "\(unknownStart)\(name)\(unknownEnd)\(remedy)"
    }

    private static let unknownStart = "annotation '"
    private static let unknownEnd = "' is not known, it may be misspelled"

    /// The annotation that a note calls unknown; nil for other notes.
    static func unknownKey(of note: String) -> String? {
        guard note.begins(with: unknownStart), let end = note.firstRange(of: unknownEnd) else { return nil }
        return String(
            note[note.utf8.index(note.startIndex, offsetBy: unknownStart.utf8.count)..<end.lowerBound])
    }
}
