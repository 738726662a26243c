public import PluginAPI

/// The origin of a run of lines of an injected manifest.
public struct LineOrigin: Sendable, Equatable {
    public enum Author: Sendable, Equatable {
        /// An expression or the text of a template.
        case template(RenderError.Place)
        /// A step of the injection: `probe_rewriting`, `metrics_merging`, `status_mark`.
        case step(String)
    }

    /// The first and last line, from 1.
    public var lines: ClosedRange<Int>
    public var by: Author

    public init(lines: ClosedRange<Int>, by: Author) {
        self.lines = lines
        self.by = by
    }

    /// The text for the margin: `sidecar:12:5`, or the name of the step.
    public var label: String {
        switch by {
        case .template(let place): "\(place.template):\(place.line):\(place.column ?? 1)"
        case .step(let name): name
        }
    }

    /// Formats a text with the origin of each line in a margin, like `git blame`.
    public static func margin(_ text: [UInt8], _ origins: [LineOrigin]) -> [UInt8] {
        let width = min(origins.map { $0.label.utf8.count }.max() ?? 0, widthLimit)
        var lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        var output: [UInt8] = []
        output.reserveCapacity(text.count + lines.count * (width + 4))
        var next = origins[...]
        for (index, line) in lines.enumerated() {
            while let first = next.first, first.lines.upperBound < index + 1 { next.removeFirst() }
            let label = next.first.flatMap { $0.lines.contains(index + 1) ? $0.label : nil } ?? ""
            let shown = Array(label.utf8.prefix(width))
            output += shown + [UInt8](repeating: 0x20, count: width - shown.count)
            output += " | ".utf8
            output += line
            output.append(0x0A)
        }
        return output
    }

    /// The maximum width of the margin in bytes; longer names of templates are truncated.
    private static let widthLimit = 48
}
