import PluginAPI
import Values
import YAML

/// A workload of a manifest whose injection was traced.
struct BlamedWorkload: Sendable {
    /// The index of the document in the manifest.
    var document: Int
    var workload: Workload
    /// The object with the pod injected.
    var after: Value
    var trace: InjectionTrace
    var rendered: [RenderedText]
}

/// Finds the origin of each line that an injection wrote.
///
/// Input: an injected manifest and its traced workloads. Output: runs of lines, each with a place in a template or a
/// step. A line was written by the injection if it contains a value that the workload did not have; the first such
/// value on a line determines its origin.
///
/// Documents that libyaml does not parse (JSON with escapes of surrogates) have no origins.
struct ManifestBlame {
    private let text: SourceText
    private let form: PolicyConfiguration.Form
    private var authors: [Int: LineOrigin.Author] = [:]
    private var marks = YAMLMarks([])
    /// The offset of the text of `marks`.
    private var base = 0
    private var trace = InjectionTrace()
    private var texts: [RenderedOrigins] = []

    /// The maximum number of nodes of an output; a List of 1,000 Deployments has about 400,000.
    private static let limits = YAMLLimits(depth: 100, nodes: 2_000_000)

    static func origins(
        of output: [UInt8], _ workloads: [BlamedWorkload], _ form: PolicyConfiguration.Form
    ) -> [LineOrigin] {
        var blame = ManifestBlame(text: SourceText(output), form: form)
        blame.visitDocuments(workloads)
        return blame.runs()
    }

    private init(text: SourceText, form: PolicyConfiguration.Form) {
        self.text = text
        self.form = form
    }

    // MARK: Documents

    private mutating func visitDocuments(_ workloads: [BlamedWorkload]) {
        guard !workloads.isEmpty else { return }
        let bytes = text.bytes
        let ofDocument = Dictionary(grouping: workloads, by: \.document)
        var first = 0
        var rest: Int? = 0
        if let json = JSONDocuments(bytes, from: 0, limits: JSONLimits(depth: Pipeline.maximumDepth)) {
            for (number, document) in json.found.enumerated() {
                read(Array(bytes[document.range]), from: document.range.lowerBound)
                visit(ofDocument[number] ?? [], root: 0)
            }
            (first, rest) = (json.found.count, json.rest?.offset)
        }
        guard let rest else { return }
        read(rest == 0 ? bytes : Array(bytes[rest...]), from: rest)
        let roots = marks.nodes.indices.filter { marks.nodes[$0].parent < 0 }
        for (index, root) in roots.enumerated() {
            visit(ofDocument[first + index] ?? [], root: root)
        }
    }

    private mutating func read(_ bytes: [UInt8], from start: Int) {
        marks = YAMLMarks(bytes, limits: Self.limits)
        base = start
    }

    private mutating func visit(_ workloads: [BlamedWorkload], root: Int) {
        guard marks.nodes.indices.contains(root) else { return }
        for blamed in workloads {
            trace = blamed.trace
            texts = blamed.rendered.compactMap { RenderedOrigins($0, form) }
            let object = blamed.workload.objectPath.map { step in
                switch step {
                case .member(let name): name
                case .item(let index): String(index)
                }
            }
            for (member, path) in [
                ("metadata", blamed.workload.metadataPath), ("spec", blamed.workload.templatePath + ["spec"]),
            ] {
                guard let (key, node) = find(object + path, from: root),
                    let after = Workload.value(at: path[...], in: blamed.after)
                else { continue }
                let before = Workload.value(at: path[...], in: .object(blamed.workload.object))
                visit(before, after, key, node, [.member(member)])
            }
        }
    }

    /// The node at a path of names and indexes of items, with its key.
    private func find(_ path: [String], from root: Int) -> (key: Int, node: Int)? {
        var found = (key: -1, node: root)
        for name in path {
            if let member = marks.members(of: found.node)[name] {
                found = (member.key, member.value)
            } else if let index = Int(name), case .sequence = marks.nodes[found.node].kind {
                let children = marks.children(of: found.node)
                guard children.indices.contains(index) else { return nil }
                found = (-1, children[index])
            } else {
                return nil
            }
        }
        return found
    }

    // MARK: Values

    private mutating func visit(
        _ before: Value?, _ after: Value, _ key: Int, _ node: Int, _ path: InjectionTrace.Path
    ) {
        if before == after { return }
        switch (after, marks.nodes[node].kind) {
        case (.object(let object), .mapping):
            let known = before?.object
            if known == nil { claim(key, node, path) }
            let nodes = marks.members(of: node)
            for member in object.members {
                guard let found = nodes[member.key] else { continue }
                visit(
                    known?[member.key], member.value, found.key, found.value, path + [.member(member.key)])
            }
        case (.array(let items), .sequence):
            let known = before?.array
            if known == nil { claim(key, node, path) }
            let children = marks.children(of: node)
            let old = PodDifference.byIdentity(known ?? [])
            for (index, identity) in PodDifference.identities(of: items).enumerated() {
                guard children.indices.contains(index) else { break }
                visit(old[identity], items[index], -1, children[index], path + [.item(identity)])
            }
        default: claim(key, node, path)
        }
    }

    /// Records the origin of the lines of a scalar with its key, or of a collection's key and closing bracket.
    private mutating func claim(_ key: Int, _ node: Int, _ path: InjectionTrace.Path) {
        let value = marks.nodes[node]
        let start = line(of: key >= 0 ? marks.nodes[key].range.lowerBound : value.range.lowerBound)
        guard !value.kind.isCollection else {
            guard key >= 0 || value.kind.isFlow else { return }
            set(start...start, path, contentFrom: nil)
            if value.kind.isFlow {
                let end = line(of: max(value.range.upperBound - 1, value.range.lowerBound))
                set(end...end, path, contentFrom: nil)
            }
            return
        }
        let last = trimmedEnd(value)
        let end = max(line(of: last), start)
        var content: Int?
        if case .scalar(let style) = value.kind, style.isBlock {
            content = line(of: value.content.lowerBound)
        }
        set(start...end, path, contentFrom: content)
    }

    /// The last byte of a scalar, without the white space after a block scalar.
    private func trimmedEnd(_ node: YAMLMarks.Node) -> Int {
        var end = node.range.upperBound - 1
        while end > node.range.lowerBound, [0x0A, 0x0D, 0x20].contains(text.bytes[base + end]) { end -= 1 }
        return max(end, node.range.lowerBound)
    }

    private func line(of offset: Int) -> Int { text.position(of: base + offset).line }

    /// - Parameter content: the first line of a block scalar's text, whose lines may have several authors.
    private mutating func set(
        _ lines: ClosedRange<Int>, _ path: InjectionTrace.Path, contentFrom content: Int?
    ) {
        guard lines.contains(where: { authors[$0] == nil }) else { return }
        let author = trace.author(of: path) ?? .step("template")
        guard author == .template, let (origins, found) = best(path) else {
            guard case .step(let name) = author else { return set(lines, .step("template")) }
            return set(lines, .step(name))
        }
        for line in lines where authors[line] == nil {
            let inside = content.map { max(line - $0, -1) }
            let place = origins.place(of: found, line: inside)
            authors[line] = place.map(LineOrigin.Author.template) ?? .step("template")
        }
    }

    private mutating func set(_ lines: ClosedRange<Int>, _ author: LineOrigin.Author) {
        for line in lines where authors[line] == nil { authors[line] = author }
    }

    /// The text that contains the longest prefix of a path; of several, the one that was merged last.
    private func best(_ path: InjectionTrace.Path) -> (RenderedOrigins, RenderedOrigins.Found)? {
        var best: (RenderedOrigins, RenderedOrigins.Found)?
        for origins in texts.reversed() {
            guard let found = origins.find(path), found.depth > best?.1.depth ?? 0 else { continue }
            best = (origins, found)
        }
        return best
    }

    // MARK: Runs

    private func runs() -> [LineOrigin] {
        var runs: [LineOrigin] = []
        for (line, author) in authors.sorted(by: { $0.key < $1.key }) {
            if let last = runs.last, last.by == author, last.lines.upperBound + 1 == line {
                runs[runs.count - 1].lines = last.lines.lowerBound...line
            } else {
                runs.append(LineOrigin(lines: line...line, by: author))
            }
        }
        return runs
    }
}
