import PluginAPI
import YAML

/// Which tainted run a text does not parse for: found by parsing the text again without what a part of the data wrote.
///
/// An error of YAML may be noticed far behind what caused it: a quote that is opened is missed at the end of the text. So
/// the nearest line is no answer. The runs that read the same paths are replaced together, as one annotation may be
/// written in several places.
struct TaintBlame {
    let bytes: [UInt8]
    /// The tainted runs, in the order of the text.
    let runs: [SourceMap.Run]
    /// Whether every document of the text has to parse; else the first.
    var needsAll = false

    /// Groups of runs that are tried; each costs a few times parsing the text.
    private static let groupLimit = 24
    /// What the text of a serialiser may be replaced by: a scalar, members, nothing. For a plain value a letter has to do,
    /// else the template is wrong whatever the value is.
    private static let standIns = ["x", "\"x\"", "x: x", ""]

    /// The run to blame; nil where the text does not parse whatever the data is.
    ///
    /// - Parameter offset: where the error was noticed.
    func run(near offset: Int) -> SourceMap.Run? {
        var groups: [[String]: [Int]] = [:]
        for (index, run) in runs.enumerated() where mayMatter(run.output) {
            groups[run.origins.flatMap { $0 + ["\n"] }, default: []].append(index)
        }
        let ordered = groups.values.sorted { distance($0, offset) < distance($1, offset) }.prefix(
            Self.groupLimit)
        for group in ordered where parses(without: group) { return runs[nearest(group, offset)] }
        let all = ordered.flatMap { $0 }.sorted()
        guard !all.isEmpty, parses(without: all) else { return nil }
        return runs[nearest(all, offset)]
    }

    /// Runs of letters and digits hurt no parser.
    private func mayMatter(_ run: Range<Int>) -> Bool {
        run.isEmpty
            || bytes[run].contains { byte in
                !((byte | 0x20) &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "0") < 10)
            }
    }

    private func distance(_ group: [Int], _ offset: Int) -> Int {
        distance(runs[nearest(group, offset)], offset)
    }

    /// Runs before the place of the error are likelier than runs behind it.
    private func distance(_ run: SourceMap.Run, _ offset: Int) -> Int {
        run.output.lowerBound <= offset
            ? max(offset - run.output.upperBound, 0) : bytes.count + run.output.lowerBound - offset
    }

    private func nearest(_ group: [Int], _ offset: Int) -> Int {
        group.min { distance(runs[$0], offset) < distance(runs[$1], offset) } ?? 0
    }

    private func parses(without group: [Int]) -> Bool {
        let isSerialised = group.contains { runs[$0].isSerialised }
        return (isSerialised ? Self.standIns : ["x"]).contains { text in
            var changed: [UInt8] = []
            changed.reserveCapacity(bytes.count)
            var done = 0
            for index in group {
                let run = runs[index].output
                guard run.lowerBound >= done else { continue }
                changed += bytes[done..<run.lowerBound]
                changed += text.utf8
                done = run.upperBound
            }
            changed += bytes[done...]
            return needsAll
                ? (try? YAMLReader.documents(changed)) != nil : (try? YAMLReader.value(changed)) != nil
        }
    }
}
