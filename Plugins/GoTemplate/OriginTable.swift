import PluginAPI
import Values

/// The origins of one rendering whose source map somebody asks for: which paths of the data a value was read from.
///
/// Paths are kept as nodes that know the one before them, so that following a name is a lookup; values that were made
/// from several have a set of paths. A text that a nested template wrote knows its runs, so that what the template wrote
/// itself is not taken for data.
final class OriginTable {
    /// A run of a text that a nested template wrote.
    struct TextRun {
        var run: SourceMap.Run
        var origin: Origin
    }

    private enum Entry {
        /// `isWhole`: whether all that is under it is tainted.
        case path(parent: Origin, name: String, isWhole: Bool)
        /// Several paths; none for what nobody can say more of.
        case several([Origin])
        /// A text with what wrote it.
        case text([TextRun])
        /// A map or a list that a function put together, with what its members or items were made from.
        case structure([String: Origin])
    }

    private struct Step: Hashable {
        var parent: Origin
        var name: String
    }

    /// Entries that a table has at most, so that a loop cannot make it grow without bound; later values are tainted
    /// without a path.
    static let entryLimit = 100_000
    /// Paths that are kept of one value; messages name the first.
    private static let severalLimit = 16
    /// Names of a path; deeper ones count as the member above.
    private static let depthLimit = 64

    private let taint: DataTaint
    private var entries: [Entry] = []
    private var steps: [Step: Origin] = [:]
    /// What was written so far: a list for each template that is running within another.
    private var written: [[TextRun]] = [[]]
    /// What the call that is running was given.
    var arguments: [Origin] = []
    /// What the last nested template wrote, until the call that ran it takes it.
    private var nested: [TextRun]?
    /// Maps that were changed with tainted values, with their origins.
    private var changed: [ObjectIdentifier: Origin] = [:]

    init(_ taint: DataTaint) { self.taint = taint }

    private func add(_ entry: Entry) -> Origin {
        guard entries.count < OriginTable.entryLimit else { return .tainted }
        entries.append(entry)
        return Origin(entry: entries.count - 1)
    }

    // MARK: Reading

    /// What a name leads to.
    func member(_ name: String, of origin: Origin) -> Origin {
        guard origin != .clean else { return .clean }
        if origin != .root {
            guard let entry = origin.entry else { return origin.serialised(false) }
            switch entries[entry] {
            case .path: break
            case .structure(let members): return members[name] ?? .clean
            case .several, .text: return origin.serialised(false)
            }
        }
        let step = Step(parent: origin, name: name)
        if let known = steps[step] { return known }
        let path = self.path(of: origin) + [name]
        guard path.count <= OriginTable.depthLimit else { return union([origin]) }
        let extent = isWhole(origin) ? .everything : taint.extent(of: path)
        let found: Origin =
            extent == .nothing
            ? .clean : add(.path(parent: origin, name: name, isWhole: extent == .everything))
        steps[step] = found
        return found
    }

    /// Whether all that a path leads to is tainted, whatever names follow.
    private func isWhole(_ origin: Origin) -> Bool {
        guard let entry = origin.entry else { return origin == .tainted }
        guard case .path(_, _, let isWhole) = entries[entry] else { return false }
        return isWhole
    }

    /// What a map or a list is made from that a function puts together; clean where nothing in it is tainted.
    func structure(_ members: [String: Origin]) -> Origin {
        members.values.allSatisfy { $0 == .clean } ? .clean : add(.structure(members))
    }

    /// What a value is made from that was made from several. Names do not lead on from it as they do in the data: all of
    /// it counts, whatever a function made of a value that is tainted in part.
    func union(_ origins: some Sequence<Origin>) -> Origin {
        var paths: [Origin] = []
        for origin in origins where origin != .clean {
            for leaf in leaves(of: origin)
            where !paths.contains(leaf) && paths.count < OriginTable.severalLimit {
                paths.append(leaf)
            }
        }
        switch paths.count {
        case 0: return .clean
        case 1 where isWhole(paths[0]): return paths[0]
        default: return add(.several(paths))
        }
    }

    /// The paths that an origin is made of.
    private func leaves(of origin: Origin) -> [Origin] {
        let plain = origin.serialised(false)
        guard let entry = plain.entry else { return plain == .clean ? [] : [plain] }
        switch entries[entry] {
        case .path: return [plain]
        case .several(let paths): return paths
        case .text(let runs): return leaves(of: runs.map(\.origin))
        case .structure(let members):
            return leaves(of: members.sorted { $0.key < $1.key }.map(\.value))
        }
    }

    private func leaves(of origins: [Origin]) -> [Origin] {
        var paths: [Origin] = []
        for origin in origins where origin != .clean {
            for leaf in leaves(of: origin) where !paths.contains(leaf) { paths.append(leaf) }
            if paths.count >= OriginTable.severalLimit { break }
        }
        return paths
    }

    private func path(of origin: Origin) -> [String] {
        var names: [String] = []
        var current = origin
        while let entry = current.entry, case .path(let parent, let name, _) = entries[entry] {
            names.append(name)
            current = parent
        }
        return names.reversed()
    }

    /// What wrote a text, where a nested template did.
    func runs(of origin: Origin) -> [TextRun]? {
        guard let entry = origin.entry, case .text(let runs) = entries[entry] else { return nil }
        return runs
    }

    /// The origin of a text with these runs; clean where none of them is tainted.
    func text(_ runs: [TextRun]) -> Origin {
        runs.contains { $0.origin != .clean } ? add(.text(runs)) : .clean
    }

    // MARK: Maps that change

    func noteChange(of map: GoMap, by origin: Origin) {
        let key = ObjectIdentifier(map)
        changed[key] = union([changed[key] ?? .clean, origin])
    }

    func change(of map: GoMap) -> Origin { changed[ObjectIdentifier(map)] ?? .clean }

    /// Of whatever may hold a map that was changed.
    var allChanges: Origin { union(changed.values) }

    // MARK: Writing

    /// Notes a run of the output.
    ///
    /// - Parameter templates: how many sources the running program has.
    func record(_ run: SourceMap.Run, _ origin: Origin, templates: Int) {
        guard let inner = runs(of: origin) else {
            written[written.count - 1].append(TextRun(run: run, origin: origin))
            return
        }
        for part in inner {
            var part = part
            let start = run.output.lowerBound + part.run.output.lowerBound
            part.run.output = start..<start + part.run.output.count
            if part.run.template >= templates {
                (part.run.template, part.run.offset) = (run.template, run.offset)
            }
            if part.origin != .clean { part.run.kind = .value }
            written[written.count - 1].append(part)
        }
    }

    /// Begins a nested template.
    ///
    /// - Returns: the origin of its data: of the last argument of the function that renders it, or the root.
    func enter() -> Origin {
        written.append([])
        return arguments.count > 1 ? arguments[arguments.count - 1] : .root
    }

    /// - Parameter isOfRunning: whether it belongs to the program that runs it; a text that was compiled while rendering
    ///   has no place that anybody could look up.
    func leave(isOfRunning: Bool) {
        nested = written.popLast()
        guard !isOfRunning else { return }
        nested = nested?.map { part in
            var part = part
            part.run.template = .max
            return part
        }
    }

    /// What the nested template of a call wrote; nil where it ran none.
    func takeNested() -> [TextRun]? {
        defer { nested = nil }
        return nested
    }

    /// Hands everything over.
    func finish(into map: inout SourceMap?) {
        guard map != nil else { return }
        map?.runs += written[0].map { part in
            var run = part.run
            run.origins = leaves(of: part.origin).map { path(of: $0) }
            run.isSerialised = part.origin.isSerialised
            return run
        }
        for (step, origin) in steps where origin != .clean {
            map?.reads.append(path(of: step.parent) + [step.name])
        }
        map?.reads.sort { $0.lexicographicallyPrecedes($1) }
    }
}
