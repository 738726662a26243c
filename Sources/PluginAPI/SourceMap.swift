/// For every run of output bytes, the place in a template that wrote it. Costs nothing when nobody asks for it.
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

        public init(output: Range<Int>, template: Int, offset: Int, kind: Kind) {
            self.output = output
            self.template = template
            self.offset = offset
            self.kind = kind
        }
    }

    /// The templates that runs name, with their sources, from which line and column follow.
    public var templates: [TemplateSource] = []
    /// In the order of the output.
    public var runs: [Run] = []

    public init() {}

    /// The run that wrote the byte at that offset of the output, or nil.
    public func run(at offset: Int) -> Run? {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].output.upperBound <= offset { low = middle + 1 } else { high = middle }
        }
        guard low < runs.count, runs[low].output.contains(offset) else { return nil }
        return runs[low]
    }
}
