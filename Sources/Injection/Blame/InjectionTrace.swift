import Values

/// The parts that each step of one injection added to a pod or changed, in the order of the steps. Recorded only if the
/// origins of lines are requested.
struct InjectionTrace: Sendable {
    enum Author: Sendable, Equatable {
        case template
        /// `probe_rewriting`
        case step(String)
    }

    typealias Path = [PodSurvival.Loss.Step]

    /// The last step that added or changed a part as a whole, with its number.
    private var last: [Path: (number: Int, author: Author)] = [:]
    /// The first step that changed something within a part.
    private var first: [Path: Author] = [:]
    private var count = 0

    /// Records the differences between a pod before and after a step. Removed parts are not recorded.
    mutating func note(_ author: Author, from before: Pod, to after: Pod) {
        note(author, "metadata", before.metadata, after.metadata)
        note(author, "spec", before.spec, after.spec)
    }

    /// Records the differences between an object's metadata at a path before and after a step.
    mutating func note(_ author: Author, metadata path: [String], from before: Value, to after: Value) {
        let before = Workload.value(at: path[...], in: before)?.object ?? Object()
        let after = Workload.value(at: path[...], in: after)?.object ?? Object()
        note(author, "metadata", before, after)
    }

    private mutating func note(_ author: Author, _ member: String, _ before: Object, _ after: Object) {
        PodDifference.visit(.object(before), .object(after), [.member(member)]) { path in
            count += 1
            last[path] = (count, author)
            for length in 1..<max(path.count, 1) {
                let holder = Array(path.prefix(length))
                if first[holder] == nil { first[holder] = author }
            }
        }
    }

    /// The author of a part: the last step that changed the part or a part around it, else the first step that changed
    /// something within it.
    func author(of path: Path) -> Author? {
        var latest: (number: Int, author: Author)?
        for length in stride(from: path.count, to: 0, by: -1) {
            guard let change = last[Array(path.prefix(length))], change.number > latest?.number ?? 0 else {
                continue
            }
            latest = change
        }
        return latest?.author ?? first[path]
    }
}

extension PodConcern {
    /// The step's name in the origins of lines: `probe_rewriting` for `ProbeRewriting`.
    var step: String {
        var name = ""
        var previous: Character = "A"
        let letters = Array("\(type(of: self))")
        for (index, letter) in letters.enumerated() {
            let next = index + 1 < letters.count ? letters[index + 1] : "A"
            // The last of consecutive capitals begins a word: `FSGroup`, `TLSModeLabel`.
            if letter.isUppercase, index > 0, previous.isLowercase || next.isLowercase { name += "_" }
            name += letter.lowercased()
            previous = letter
        }
        return name
    }
}
