import PluginAPI
import Values

/// Caches the output of templates, texts and loops that read only the data of the running job, for the next `include`
/// or `tpl` of the same one. The templates of a chart include its names and labels several times, and each writes the
/// variables of a container.
///
/// Each rendering has its own. Only repeatable output (`RepeatAnalysis`) is cached, and all is removed when a map
/// changes. The steps of the original run are counted when cached output is used. It is not used if a run might reach a
/// limit, or if the call is deeper than that of the original run.
struct IncludeMemory {
    /// A definition or a loop of a template, by its number.
    enum Part: Equatable {
        case definition(Int)
        case loop(Int)
    }
    private struct Entry {
        var template: GoTemplate
        var part: Part
        var text: GoValue
        var steps: Int
        /// The depth of its call.
        var depth: Int
    }

    private var entries: [Entry] = []
    private var bytes = 0
    /// The data and the templates of the running job; nil if nothing is kept.
    private var data: GoMap?
    private(set) var template: GoTemplate?
    /// The number of rendered `tpl` texts that are not repeatable. A part that rendered one is not repeatable either.
    private(set) var unrepeatable = 0

    /// The largest number of cached outputs and their total bytes. If either is exceeded, all are removed.
    private static let most = 64
    private static let mostBytes = 256 << 10

    /// Begins a job. If its data is that of the previous job, it may differ only in `.Template` (name and path).
    ///
    /// - Parameter hasChanges: whether a map has changed since the rendering began. That map may be the data itself.
    mutating func begin(_ data: GoMap, of template: GoTemplate, hasChanges: Bool) {
        if hasChanges || self.data.map({ !$0.isSame(as: data) }) ?? true { forget() }
        self.data = data
        self.template = template
    }

    mutating func forget() {
        guard !entries.isEmpty else { return }
        entries.removeAll(keepingCapacity: true)
        bytes = 0
    }

    /// Whether output can be cached, because a job of a chart is running.
    var isOn: Bool { data != nil }

    /// Whether a value is the whole data of the running job.
    func isData(_ value: GoValue) -> Bool {
        guard case .map(let map) = value, let data else { return false }
        return data.isSame(as: map)
    }

    /// Whether repeatable output of these templates with this data can be cached.
    func covers(_ template: GoTemplate, with data: GoValue) -> Bool {
        self.template === template && isData(data)
    }

    mutating func noteUnrepeatable() { unrepeatable += 1 }

    /// Returns the part's output, and the steps that the caller must count; nil if the part must run.
    func known(
        _ part: Part, of template: GoTemplate, _ context: FunctionContext
    ) -> (text: GoValue, steps: Int)? {
        guard let entry = entries.first(where: { $0.part == part && $0.template === template }),
            context.depth <= entry.depth, context.limits.steps &- context.steps > entry.steps
        else { return nil }
        return (entry.text, entry.steps)
    }

    /// - Parameter steps: the steps of the part's run.
    mutating func keep(_ text: GoValue, of part: Part, in template: GoTemplate, steps: Int, depth: Int) {
        let size = text.textSize
        guard size <= IncludeMemory.mostBytes else { return }
        // The output of a deeper call replaces that of a less deep one.
        if let place = entries.firstIndex(where: { $0.part == part && $0.template === template }) {
            bytes -= entries[place].text.textSize
            entries.remove(at: place)
        }
        if entries.count >= IncludeMemory.most || bytes + size > IncludeMemory.mostBytes { forget() }
        entries.append(Entry(template: template, part: part, text: text, steps: steps, depth: depth))
        bytes += size
    }
}
