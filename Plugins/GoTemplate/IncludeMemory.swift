import PluginAPI
import Values

/// What templates, texts and loops wrote that read the data of the running job only, for the next `include` or `tpl` of
/// the same one: the names and labels of a chart are included several times in each of its templates, and the variables
/// of a container are written in each.
///
/// Belongs to one rendering. Only what is repeatable (`RepeatAnalysis`) is kept, and all is forgotten when a map
/// changes. An answer counts the steps that the run took, and is not given where a run might reach a limit. It is never
/// deeper than that run, which has counted its depth.
struct IncludeMemory {
    /// What a template consists of: its definitions and its loops, by their numbers.
    enum Part: Equatable {
        case definition(Int)
        case loop(Int)
    }
    private struct Entry {
        var template: GoTemplate
        var part: Part
        var text: GoValue
        var steps: Int
        /// How deep it was called.
        var depth: Int
    }

    private var entries: [Entry] = []
    private var bytes = 0
    /// What the templates are included with, and which templates these are; nil where nothing is kept.
    private var data: GoMap?
    private(set) var template: GoTemplate?
    /// How many texts of `tpl` were rendered so far that are not repeatable: what rendered one is not either.
    private(set) var unrepeatable = 0

    /// Texts that are kept, and bytes of them together; then all are forgotten.
    private static let most = 64
    private static let mostBytes = 256 << 10

    /// Begins a job. Its name and path (`.Template`) are all that differs from the job before if the data is the same.
    ///
    /// - Parameter hasChanges: whether a map changed since the rendering began. It may hold the data itself then.
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

    /// Whether anything can be remembered: a job of a chart is running.
    var isOn: Bool { data != nil }

    /// Whether a value is the whole data of the running job.
    func isData(_ value: GoValue) -> Bool {
        guard case .map(let map) = value, let data else { return false }
        return data.isSame(as: map)
    }

    /// Whether what is rendered beside these templates with this data is to be kept, if it is repeatable.
    func covers(_ template: GoTemplate, with data: GoValue) -> Bool {
        self.template === template && isData(data)
    }

    mutating func noteUnrepeatable() { unrepeatable += 1 }

    /// What the part wrote, and the steps that the caller has to count; nil where it has to be run.
    func known(
        _ part: Part, of template: GoTemplate, _ context: FunctionContext
    ) -> (text: GoValue, steps: Int)? {
        guard let entry = entries.first(where: { $0.part == part && $0.template === template }),
            context.depth <= entry.depth, context.limits.steps &- context.steps > entry.steps
        else { return nil }
        return (entry.text, entry.steps)
    }

    /// - Parameter steps: what the part took.
    mutating func keep(_ text: GoValue, of part: Part, in template: GoTemplate, steps: Int, depth: Int) {
        let size = text.textSize
        guard size <= IncludeMemory.mostBytes else { return }
        // One that was called deeper takes the place of the same.
        if let place = entries.firstIndex(where: { $0.part == part && $0.template === template }) {
            bytes -= entries[place].text.textSize
            entries.remove(at: place)
        }
        if entries.count >= IncludeMemory.most || bytes + size > IncludeMemory.mostBytes { forget() }
        entries.append(Entry(template: template, part: part, text: text, steps: steps, depth: depth))
        bytes += size
    }
}
