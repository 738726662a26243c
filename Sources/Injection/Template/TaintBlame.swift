import PluginAPI
import YAML

/// Finds the tainted run for which a text does not parse, by parsing the text again without a part of the data.
///
/// YAML's parser may detect an error long after its cause: an unclosed quote is reported at the end of the text. So the
/// nearest line is not the answer. Runs that read the same paths are replaced together, because one annotation may be
/// written in several places.
struct TaintBlame {
    let bytes: [UInt8]
    /// The tainted runs, in the order of the text.
    let runs: [SourceMap.Run]
    /// Whether all documents of the text must parse, not only the first.
    var needsAll = false

    /// The maximum number of groups of runs that are tried, each alone and together with the groups before it.
    private static let groupLimit = 24
    /// The maximum number of parses, and of bytes parsed in total. Parsing 10 KB takes about 0.2 ms.
    private static let parseLimit = 96
    private static let byteLimit = 4 << 20
    /// The number of path elements that identify an annotation or field.
    private static let fieldNames = 3
    /// The replacements for the text of a serialiser: a scalar, members, nothing. For a plain value only a letter is
    /// tried: if that does not parse, the template is wrong whatever the value is.
    private static let standIns = ["x", "\"x\"", "x: x", ""]

    /// The run to blame; nil if the text does not parse whatever the data is.
    ///
    /// - Parameter offset: the offset of the error.
    func run(near offset: Int) -> SourceMap.Run? {
        var groups: [[String]: [Int]] = [:]
        for (index, run) in runs.enumerated() where mayMatter(run.output) {
            groups[run.origins.flatMap { $0.prefix(Self.fieldNames) + ["\n"] }, default: []].append(index)
        }
        let ordered = groups.values.sorted { distance($0, offset) < distance($1, offset) }.prefix(
            Self.groupLimit)
        var left = min(Self.parseLimit, max(Self.byteLimit / max(bytes.count, 1), 4))
        for group in ordered where parses(without: group, &left) { return runs[nearest(group, offset)] }
        // If several groups break the text together, the last one that must be replaced is to blame.
        var together: [Int] = []
        for group in ordered {
            together = (together + group).sorted()
            if together.count > group.count, parses(without: together, &left) {
                return runs[nearest(group, offset)]
            }
        }
        return nil
    }

    /// Whether a run can break the text: letters and digits alone cannot.
    private func mayMatter(_ run: Range<Int>) -> Bool {
        run.isEmpty
            || bytes[run].contains { byte in
                !((byte | 0x20) &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "0") < 10)
            }
    }

    private func distance(_ group: [Int], _ offset: Int) -> Int {
        distance(runs[nearest(group, offset)], offset)
    }

    /// Runs before the place of the error are more likely causes than runs after it.
    private func distance(_ run: SourceMap.Run, _ offset: Int) -> Int {
        run.output.lowerBound <= offset
            ? max(offset - run.output.upperBound, 0) : bytes.count + run.output.lowerBound - offset
    }

    private func nearest(_ group: [Int], _ offset: Int) -> Int {
        group.min { distance(runs[$0], offset) < distance(runs[$1], offset) } ?? 0
    }

    private func parses(without group: [Int], _ left: inout Int) -> Bool {
        let standIns = group.contains { runs[$0].isSerialised } ? Self.standIns : ["x"]
        let hasLead = group.contains { bytes[runs[$0].output].first.map(Self.isBlank) ?? false }
        for text in standIns {
            for keepsLead in hasLead ? [false, true] : [false] {
                guard left > 0 else { return false }
                left -= 1
                if parses(without: group, but: text, keepsLead: keepsLead) { return true }
            }
        }
        return false
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A }

    /// - Parameters:
    ///   - text: the replacement for serialised runs.
    ///   - keepsLead: whether the white space at the beginning of a run stays, because it may be indentation that a
    ///     function wrote.
    private func parses(without group: [Int], but text: String, keepsLead: Bool) -> Bool {
        var changed: [UInt8] = []
        changed.reserveCapacity(bytes.count)
        var done = 0
        for index in group {
            let run = runs[index]
            guard run.output.lowerBound >= done else { continue }
            changed += bytes[done..<run.output.lowerBound]
            if keepsLead { changed += bytes[run.output].prefix(while: Self.isBlank) }
            changed += (run.isSerialised ? text : "x").utf8
            done = run.output.upperBound
        }
        changed += bytes[done...]
        return needsAll
            ? (try? YAMLReader.documents(changed)) != nil : (try? YAMLReader.value(changed)) != nil
    }
}
