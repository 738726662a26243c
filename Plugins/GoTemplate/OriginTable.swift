import PluginAPI
import Values

/// The origins of values in one rendering with a source map: the paths of the data from which they were read.
///
/// Paths are stored as nodes with a reference to their parent, so that following a name is a lookup. Values that were
/// made from several paths have a set of paths. A text from a nested template keeps its runs, so that the template's
/// own text is not treated as data.
final class OriginTable {
    /// A run of a text from a nested template.
    struct TextRun {
        var run: SourceMap.Run
        var origin: Origin
    }

    private enum Entry {
        /// A path. `isWhole`: whether everything below it is tainted.
        case path(parent: Origin, name: String, isWhole: Bool)
        /// Several paths; empty if nothing more is known.
        case several([Origin])
        /// A text with its runs.
        case text([TextRun])
        /// A map or a list that a function created, with the origins of its members or items.
        case structure([String: Origin])
    }

    private struct Step: Hashable {
        var parent: Origin
        var name: String
    }

    /// The largest number of entries of a table, so that a loop cannot make it grow without a limit. Later values are
    /// tainted without a path.
    static let entryLimit = 100_000
    /// The largest number of paths recorded for one value. Messages name the first.
    private static let severalLimit = 16
    /// The largest number of names in a path. A deeper value counts as its ancestor at that depth.
    private static let depthLimit = 64

    private let taint: DataTaint
    private var entries: [Entry] = []
    private var steps: [Step: Origin] = [:]
    /// The output so far: a list for each nested template that is running.
    private var written: [[TextRun]] = [[]]
    /// The origins of the arguments of the running call.
    var arguments: [Origin] = []
    /// The output of the last nested template, until the call that ran it takes it.
    private var nested: [TextRun]?
    /// The maps that were changed with tainted values, with the origins of those values.
    private var changed: [ObjectIdentifier: Origin] = [:]

    init(_ taint: DataTaint) { self.taint = taint }

    private func add(_ entry: Entry) -> Origin {
        guard entries.count < OriginTable.entryLimit else { return .tainted }
        entries.append(entry)
        return Origin(entry: entries.count - 1)
    }

    // MARK: Reading

    /// Returns the origin of a member.
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

    /// Whether everything below a path is tainted, whatever names follow.
    private func isWhole(_ origin: Origin) -> Bool {
        guard let entry = origin.entry else { return origin == .tainted }
        guard case .path(_, _, let isWhole) = entries[entry] else { return false }
        return isWhole
    }

    /// Returns the origin of a map or list that a function creates; clean if nothing in it is tainted.
    func structure(_ members: [String: Origin]) -> Origin {
        members.values.allSatisfy { $0 == .clean } ? .clean : add(.structure(members))
    }

    /// Returns the origin of a value that was made from several. Unlike in the data, members are not distinguished: all
    /// of the value has all of the origins, whatever a function made from a partly tainted value.
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

    /// Returns the paths of an origin.
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

    /// Returns the runs of a text, if it comes from a nested template.
    func runs(of origin: Origin) -> [TextRun]? {
        guard let entry = origin.entry, case .text(let runs) = entries[entry] else { return nil }
        return runs
    }

    /// Returns the origin of a text with these runs; clean if none of them is tainted.
    func text(_ runs: [TextRun]) -> Origin {
        runs.contains { $0.origin != .clean } ? add(.text(runs)) : .clean
    }

    // MARK: Maps that change

    func noteChange(of map: GoMap, by origin: Origin) {
        let key = ObjectIdentifier(map)
        changed[key] = union([changed[key] ?? .clean, origin])
    }

    func change(of map: GoMap) -> Origin { changed[ObjectIdentifier(map)] ?? .clean }

    /// The origin of a value that may contain any map that was changed.
    var allChanges: Origin { union(changed.values) }

    // MARK: Writing

    /// Records a run of the output.
    ///
    /// - Parameter templates: the number of sources of the running program.
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
    /// - Returns: the origin of its data, which is that of the last argument of the function that renders it, or the
    ///   root.
    func enter() -> Origin {
        written.append([])
        return arguments.count > 1 ? arguments[arguments.count - 1] : .root
    }

    /// - Parameter isOfRunning: whether the template belongs to the running program. A text that was compiled during
    ///   the rendering has no source to which a run could refer.
    func leave(isOfRunning: Bool) {
        nested = written.popLast()
        guard !isOfRunning else { return }
        nested = nested?.map { part in
            var part = part
            part.run.template = .max
            return part
        }
    }

    /// Returns the output of the nested template of a call; nil if the call ran none.
    func takeNested() -> [TextRun]? {
        defer { nested = nil }
        return nested
    }

    /// Adds the recorded runs and reads to the source map.
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
