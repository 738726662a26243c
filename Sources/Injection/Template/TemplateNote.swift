/// What the author of a template should know about what it rendered for one pod.
struct TemplateNote: Sendable, Equatable {
    enum Kind: String, Sendable {
        /// A member that no pod has; it is left out.
        case memberUnknown = "field_unknown"
        /// A null or an empty value for something that the pod has; nothing changes.
        case nullIgnored = "null_ignored"
        /// An item that a `$patch: delete` took out of the pod.
        case itemRemoved = "item_removed"
        /// An item that a `$patch: delete` would take out of a pod that has it.
        case itemRemovable = "item_removable"
        /// `<no value>`, which a Go template prints for a value that is not there.
        case valueMissing = "value_missing"
    }

    var kind: Kind
    var message: String
    /// The line of the template, from 1, where it is known.
    var line: Int?

    /// Notes of one kind that are kept for a template and a pod; nobody reads more.
    private static let limit = 8

    /// Notes about places, by their pointers.
    static func notes(
        _ kind: Kind, _ pointers: [String], from template: String, rest: String = "parts alike",
        _ sentence: (String) -> String
    ) -> [TemplateNote] {
        let notes = pointers.prefix(limit).map {
            TemplateNote(kind: kind, message: "template \(template): \(sentence($0))")
        }
        let count = pointers.count - notes.count
        guard count > 0 else { return notes }
        return notes + [TemplateNote(kind: kind, message: "template \(template): \(count) further \(rest)")]
    }

    /// Notes about what a merge removed and what it left alone.
    static func notes(_ effects: StrategicMerge.Effects, from template: String) -> [TemplateNote] {
        if effects.ignored.isEmpty, effects.removed.isEmpty, effects.removable.isEmpty { return [] }
        let others = effects.removable.filter { !effects.removed.contains($0) }
        return notes(.itemRemoved, effects.removed, from: template) {
            "removes \($0) from the pod by $patch: delete"
        }
            + notes(.itemRemovable, others, from: template) {
                "removes \($0) by $patch: delete from a pod that has it"
            }
            + notes(.nullIgnored, effects.ignored, from: template) {
                "null or nothing for \($0) changes nothing; to remove one item of a list, write $patch: delete"
            }
    }
}
