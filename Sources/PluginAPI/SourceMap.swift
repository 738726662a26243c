import Values

/// The place in a template for every run of output bytes. It has no cost unless it is requested.
public struct SourceMap: Sendable {
    public enum Kind: String, Sendable { case literal, value }

    public struct Run: Sendable, Equatable {
        /// The byte range of the run in the output.
        public var output: Range<Int>
        /// The index in `templates`.
        public var template: Int
        /// The byte offset in that template's source of the literal or the action.
        public var offset: Int
        public var kind: Kind
        /// The tainted paths in the data that the expression read; empty if it read nothing tainted, or if the data has
        /// no taint.
        public var origins: [[String]] = []
        /// Whether the run is the result of a function that formats values as JSON, YAML or a quoted string.
        public var isSerialised = false

        public init(output: Range<Int>, template: Int, offset: Int, kind: Kind) {
            self.output = output
            self.template = template
            self.offset = offset
            self.kind = kind
        }
    }

    /// The templates that runs refer to, with their sources, which determine line and column.
    public var templates: [TemplateSource] = []
    /// The runs in the order of the output. A run from tainted data may be empty.
    public var runs: [Run] = []
    /// The tainted paths in the data that expressions followed, whether there was a value or not.
    public var reads: [[String]] = []

    public init() {}

    /// Returns the run that contains that offset of the output, or nil.
    public func run(at offset: Int) -> Run? {
        let index = firstIndex(endingBehind: offset)
        guard index < runs.count, runs[index].output.contains(offset) else { return nil }
        return runs[index]
    }

    /// Returns the value that most likely makes the output invalid at an offset: the one that wrote the byte, otherwise
    /// the nearest one before it on its line, otherwise the first one after it; nil if the line has no value.
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

    /// Returns the place in the template that wrote the byte at that offset of the output, or nil.
    public func place(at offset: Int) -> RenderError.Place? {
        guard let run = run(at: offset) else { return nil }
        // Inside a literal, offsets in the template and in the output differ by a constant.
        return place(
            run.template, run.kind == .literal ? run.offset + offset - run.output.lowerBound : run.offset)
    }

    /// Returns the place in the template of a run.
    public func place(of run: Run) -> RenderError.Place? { place(run.template, run.offset) }

    private func place(_ template: Int, _ offset: Int) -> RenderError.Place? {
        guard templates.indices.contains(template) else { return nil }
        let source = templates[template]
        let position = SourceText.position(of: offset, in: source.bytes)
        return RenderError.Place(template: source.name, line: position.line, column: position.column)
    }

    /// The origin of a byte of the output, for error messages.
    public struct Origin: Sendable {
        /// The place in the template that wrote it.
        public var place: RenderError.Place?
        /// The template's line there, with a caret.
        public var snippet: String?
        /// The beginning of the value that most likely makes it invalid, and the place in the template that writes it.
        public var value: (text: String, place: RenderError.Place)?
    }

    /// Returns the origin of a byte of the output.
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

    /// Returns the index of the first run that ends after an offset.
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
