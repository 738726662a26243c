import PluginAPI
import Values

/// What templates and texts wrote that were rendered with the data of the running job, for the next `include` or `tpl`
/// of the same one: the names and labels of a chart are included several times in each of its templates.
///
/// Belongs to one rendering. Only repeatable templates (`RepeatAnalysis`) are kept, and all are forgotten when a map
/// changes. An answer counts the steps that the template took, and is not given where the template might reach a limit.
struct IncludeMemory {
    private struct Entry {
        var template: GoTemplate
        var definition: Int
        var text: GoValue
        var steps: Int
        /// How deep it was called, and how deep it called others from there.
        var depth: Int
        var levels: Int
    }

    private var entries: [Entry] = []
    private var bytes = 0
    /// What the templates are included with, and which templates these are; nil where nothing is kept.
    private var data: GoMap?
    private var template: GoTemplate?

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

    /// Whether what is rendered beside these templates with this data is to be kept, if it is repeatable.
    func covers(_ template: GoTemplate, with data: GoValue) -> Bool {
        guard case .map(let map) = data, let own = self.data else { return false }
        return own.isSame(as: map) && self.template === template
    }

    /// What the template wrote, its steps counted.
    func text(of definition: Int, in template: GoTemplate, _ context: FunctionContext) -> GoValue? {
        guard let entry = entries.first(where: { $0.definition == definition && $0.template === template }),
            context.depth <= entry.depth, context.limits.steps &- context.steps > entry.steps
        else { return nil }
        context.steps += entry.steps
        context.deepest = max(context.deepest, context.depth + entry.levels)
        return entry.text
    }

    /// - Parameters:
    ///   - steps: what the template took.
    ///   - levels: how deep it called others.
    mutating func keep(
        _ text: GoValue, of definition: Int, in template: GoTemplate, steps: Int, levels: Int, depth: Int
    ) {
        let size = text.textSize
        guard size <= IncludeMemory.mostBytes else { return }
        if entries.count >= IncludeMemory.most || bytes + size > IncludeMemory.mostBytes { forget() }
        entries.removeAll { $0.definition == definition && $0.template === template }
        entries.append(
            Entry(
                template: template, definition: definition, text: text, steps: steps, depth: depth,
                levels: levels))
        bytes += size
    }
}
