/// A note for the author of a template about the text that it rendered for one pod.
struct TemplateNote: Sendable, Equatable {
    enum Kind: String, Sendable {
        /// A member that no pod has; it is omitted.
        case memberUnknown = "field_unknown"
        /// A null or an empty value for a part that the pod has; nothing changes.
        case nullIgnored = "null_ignored"
        /// An item that a `$patch: delete` removed from the pod.
        case itemRemoved = "item_removed"
        /// An item that a `$patch: delete` would remove from a pod that has it.
        case itemRemovable = "item_removable"
        /// `<no value>`, which a Go template prints for a missing value.
        case valueMissing = "value_missing"
    }

    /// The part that a note is about.
    enum Part: Sendable, Equatable {
        /// A place, by its pointer.
        case place(String)
        /// The number of further places.
        case further(Int)
        /// A `<no value>` in the output.
        case noValue
    }

    var kind: Kind
    var template: String
    var part: Part
    /// The line of the template, from 1, if it is known.
    var line: Int?

    /// Built when it is read: most notes of most reviews never are.
    var message: String {
        let sentence =
            switch part {
            case .noValue: "a value is missing, found <no value>"
            case .further(let count):
                "\(count) further \(kind == .memberUnknown ? "members are left out" : "parts alike")"
            case .place(let pointer):
                switch kind {
                case .memberUnknown: "the member \(pointer) is not known and is left out"
                case .itemRemoved: "removes \(pointer) from the pod by $patch: delete"
                case .itemRemovable: "removes \(pointer) by $patch: delete from a pod that has it"
                case .nullIgnored, .valueMissing:
                    "null or nothing for \(pointer) changes nothing; to remove one item of a list, write $patch: delete"
                }
            }
        let place = line.map { ":\($0)" } ?? ""
        return "template \(template)\(place): \(sentence)"
    }

    /// The maximum number of notes of one kind for a template and a pod.
    private static let limit = 8

    /// Notes about places, by their pointers.
    static func notes(_ kind: Kind, _ pointers: [String], from template: String) -> [TemplateNote] {
        guard !pointers.isEmpty else { return [] }
        var notes = pointers.prefix(limit).map {
            TemplateNote(kind: kind, template: template, part: .place($0))
        }
        let count = pointers.count - notes.count
        if count > 0 { notes.append(TemplateNote(kind: kind, template: template, part: .further(count))) }
        return notes
    }

    /// Notes about the parts that a merge removed and those that it left unchanged.
    static func notes(_ effects: StrategicMerge.Effects, from template: String) -> [TemplateNote] {
        if effects.ignored.isEmpty, effects.removed.isEmpty, effects.removable.isEmpty { return [] }
        let others = effects.removable.filter { !effects.removed.contains($0) }
        return notes(.itemRemoved, effects.removed, from: template)
            + notes(.itemRemovable, others, from: template)
            + notes(.nullIgnored, effects.ignored, from: template)
    }
}
