import Injection
import Values

/// Notes of workloads, each said once: with the workload and its place, or with a count where several have it.
struct ManifestNotes {
    private struct Seen {
        var text: String
        var first: String
        var count = 1
    }

    private var seen: [Seen] = []
    private var places: [String: Int] = [:]

    /// Different notes that are kept; further ones are said as they come.
    private static let maximum = 1_000

    /// - Parameters:
    ///   - subject: the workload's kind and name.
    ///   - file: what the manifest is called.
    mutating func add(_ workload: WorkloadReport, subject: String, file: String) {
        for note in workload.notes {
            if let index = places[note] {
                seen[index].count += 1
                continue
            }
            // What names a line of the manifest itself needs no other place.
            let place = note.begins(with: "\(file):") ? subject : "\(subject) (\(file):\(workload.line))"
            guard seen.count < Self.maximum else {
                complain("\(place): note: \(note)")
                continue
            }
            places[note] = seen.count
            seen.append(Seen(text: note, first: place))
        }
    }

    /// Says what was kept.
    func say() {
        for note in seen {
            complain(
                note.count == 1
                    ? "\(note.first): note: \(note.text)"
                    : "note: \(note.text) (\(note.count) workloads, the first is \(note.first))")
        }
    }
}
