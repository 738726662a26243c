import Values

/// For every run of output bytes, the place in a template that wrote it. Costs nothing unless it is asked for.
public struct SourceMap: Sendable {
    public enum Kind: String, Sendable { case literal, value }

    public struct Run: Sendable, Equatable {
        /// Where the run begins and ends in the output, in bytes.
        public var output: Range<Int>
        /// Index into `templates`.
        public var template: Int
        /// Where in that template's source the run comes from, in bytes: the literal's or the action's offset.
        public var offset: Int
        public var kind: Kind
        /// The paths in the data that the expression read, as far as they are tainted; empty where it read nothing tainted,
        /// or where the data has no taint.
        public var origins: [[String]] = []
        /// Whether the run is the text of a function that writes values as JSON, YAML or a quoted string.
        public var isSerialised = false

        public init(output: Range<Int>, template: Int, offset: Int, kind: Kind) {
            self.output = output
            self.template = template
            self.offset = offset
            self.kind = kind
        }
    }

    /// The templates that runs name, with their sources, from which line and column follow.
    public var templates: [TemplateSource] = []
    /// In the order of the output. A run that tainted data wrote may be empty.
    public var runs: [Run] = []
    /// The tainted paths in the data that expressions followed, whether there was a value or not.
    public var reads: [[String]] = []

    public init() {}

    /// The run that wrote the byte at that offset of the output, or nil.
    public func run(at offset: Int) -> Run? {
        let index = firstIndex(endingBehind: offset)
        guard index < runs.count, runs[index].output.contains(offset) else { return nil }
        return runs[index]
    }

    /// The value that most likely makes the output wrong at an offset: the one that wrote the byte,
    /// else the nearest one before it on its line, else the first one after it. nil if the line has none.
    public func value(near offset: Int, in output: [UInt8]) -> Run? {
        guard output.indices.contains(offset) else { return nil }
        let start = output[..<offset].lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
        let end = output[offset...].firstIndex(of: 0x0a) ?? output.count
        var nearest: Run?
        var index = firstIndex(endingBehind: start)
        while index < runs.count, runs[index].output.lowerBound < max(end, offset + 1) {
            let run = runs[index]
            index += 1
            guard run.kind == .value, !run.output.isEmpty else { continue }
            if run.output.lowerBound > offset { return nearest ?? run }
            nearest = run
        }
        return nearest
    }

    /// The place in the template that wrote the byte at that offset of the output, or nil.
    public func place(at offset: Int) -> RenderError.Place? {
        guard let run = run(at: offset) else { return nil }
        // Inside a literal the template's text runs along with the output's.
        return place(
            run.template, run.kind == .literal ? run.offset + offset - run.output.lowerBound : run.offset)
    }

    /// Where a run comes from.
    public func place(of run: Run) -> RenderError.Place? { place(run.template, run.offset) }

    private func place(_ template: Int, _ offset: Int) -> RenderError.Place? {
        guard templates.indices.contains(template) else { return nil }
        let source = templates[template]
        let position = SourceText.position(of: offset, in: source.bytes)
        return RenderError.Place(template: source.name, line: position.line, column: position.column)
    }

    /// What an error message says about a byte of the output.
    public struct Origin: Sendable {
        /// The place in the template that wrote it.
        public var place: RenderError.Place?
        /// The template's line there, with a caret.
        public var snippet: String?
        /// The beginning of the value that most likely makes it wrong, and where the template writes it.
        public var value: (text: String, place: RenderError.Place)?
    }

    /// Where a byte of the output comes from.
    public func origin(of offset: Int, in output: [UInt8]) -> Origin {
        var origin = Origin(place: place(at: offset))
        if let place = origin.place, let source = templates.first(where: { $0.name == place.template }) {
            origin.snippet = SourceText(source.bytes).snippet(line: place.line, column: place.column)
        }
        if let run = value(near: offset, in: output), let place = place(of: run) {
            origin.value = (SourceText.beginning(of: output[run.output]), place)
        }
        return origin
    }

    /// The first run that goes beyond an offset.
    private func firstIndex(endingBehind offset: Int) -> Int {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].output.upperBound <= offset { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
