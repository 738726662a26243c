import Injection
import Values

/// Collects the notes about workloads, to print each once: with the workload and its place, or with a count if several
/// workloads have it.
struct ManifestNotes {
    private struct Seen {
        var text: String
        var first: String
        var count = 1
    }

    private var seen: [Seen] = []
    private var places: [String: Int] = [:]

    /// The largest number of different notes that are collected; further ones are printed immediately.
    private static let maximum = 1_000

    /// - Parameters:
    ///   - subject: the workload's kind and name.
    ///   - file: the manifest's name.
    mutating func add(_ workload: WorkloadReport, subject: String, file: String) {
        for note in workload.notes {
            if let index = places[note] {
                seen[index].count += 1
                continue
            }
            // A note that names a line of the manifest itself needs no other place.
            let place = note.begins(with: "\(file):") ? subject : "\(subject) (\(file):\(workload.line))"
            guard seen.count < Self.maximum else {
                complain("\(place): note: \(note)")
                continue
            }
            places[note] = seen.count
            seen.append(Seen(text: note, first: place))
        }
    }

    /// Prints the collected notes.
    func say() {
        for note in seen {
            complain(
                note.count == 1
                    ? "\(note.first): note: \(note.text)"
                    : "note: \(note.text) (\(note.count) workloads, the first is \(note.first))")
        }
    }
}
