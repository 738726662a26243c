import PluginAPI
import Values

/// Which parts of the data a piece of a template can read at most.
struct Reads: Equatable {
    /// A member of the root, or a member of that, or an entry of a map in it: `Spec`, `Spec.containers`,
    /// `ObjectMeta.annotations["k"]`.
    struct Part: Hashable {
        /// By the names in JSON.
        var member: String
        var field: String?
        var key: String?

        /// `.ObjectMeta.Labels` of a pod, or one of them.
        var isOfLabels: Bool { field == "labels" }
        /// Parts of one member, and of one field of it, stand beside each other.
        var order: (String, String, String) { (member, field ?? "", key ?? "") }
    }

    /// Whether nothing can be said.
    var isEverything = false
    var parts: Set<Part> = []
    /// Variables of the whole template that it uses, by name.
    var variables: Set<String> = []

    mutating func formUnion(_ other: Reads) {
        isEverything = isEverything || other.isEverything
        parts.formUnion(other.parts)
        variables.formUnion(other.variables)
    }
}

/// Finds out what the nodes of a template read, by looking at how paths into the data are written.
///
/// A path that begins at the root counts with all that stands where it leads. What is read from there on, through
/// `with`, `range` or a variable, is part of that. Three functions are known to look at one key of a map only. Nothing
/// is said about templates that hand the whole root to something, save to a template that is defined beside them.
struct ReadAnalysis {
    private let syntax: Syntax
    private let nodes: UnsafeBufferPointer<Syntax.Node>
    /// The only source.
    private let source: Syntax.Source
    /// Of the root.
    private let type: ObjectType

    /// - Parameter type: of the root; nothing is said about templates in several sources.
    init?(_ syntax: Syntax, _ nodes: UnsafeBufferPointer<Syntax.Node>, type: ObjectType) {
        guard syntax.sources.count == 1 else { return nil }
        self.syntax = syntax
        self.nodes = nodes
        source = syntax.sources[0]
        self.type = type
    }

    /// What one node of the outermost list does.
    struct Top {
        var reads = Reads()
        /// Variables that it declares or assigns, anywhere in it.
        var writes: Set<String> = []
    }

    private struct Scope {
        var dotIsRoot = true
        var dollarIsRoot = true
        /// In a template that is called: its variables are its own.
        var isCalled = false
        var depth = 0
    }

    /// Templates that nest deeper are not looked at; no written one does.
    private static let depthLimit = 100
    /// Functions that render a text over the root, or over whatever they are given.
    private static let evaluating: Set<String> = ["render", "include", "tpl"]

    /// The nodes of a template's outermost list, each with what it reads, variables followed to where they come from.
    func tops(of root: NodeIndex) -> [Top] {
        var tops: [Top] = []
        var shared: Set<String> = []
        for index in nodes.siblings(nodes[Int(root)].first) {
            var top = Top()
            walk(index, Scope(), &top)
            // Only these are visible in what follows.
            if nodes[Int(index)].kind == .action { shared.formUnion(declared(by: nodes[Int(index)].first)) }
            tops.append(top)
        }
        return followed(tops, shared)
    }

    private func followed(_ tops: [Top], _ shared: Set<String>) -> [Top] {
        var sources: [String: Reads] = [:]
        for name in shared {
            sources[name] = tops.filter { $0.writes.contains(name) }.reduce(into: Reads()) {
                $0.formUnion($1.reads)
            }
        }
        var changed = true
        while changed {
            changed = false
            for name in shared {
                guard var reads = sources[name] else { continue }
                for other in reads.variables { if let more = sources[other] { reads.formUnion(more) } }
                if reads != sources[name] {
                    sources[name] = reads
                    changed = true
                }
            }
        }
        return tops.map { top in
            var top = top
            // What it may or may not assign keeps the value that it had.
            for name in top.reads.variables.union(top.writes) {
                if let more = sources[name] { top.reads.formUnion(more) }
            }
            return top
        }
    }

    // MARK: Nodes

    private func walk(list: NodeIndex, _ scope: Scope, _ top: inout Top) {
        guard list != Syntax.none else { return }
        for index in nodes.siblings(nodes[Int(list)].first) { walk(index, scope, &top) }
    }

    private func walk(_ index: NodeIndex, _ scope: Scope, _ top: inout Top) {
        var inner = scope
        inner.depth += 1
        guard inner.depth < Self.depthLimit else {
            top.reads.isEverything = true
            return
        }
        let node = nodes[Int(index)]
        switch node.kind {
        case .text, .breakLoop, .continueLoop: return
        case .action: walk(pipe: node.first, inner, &top)
        case .ifBranch:
            walk(pipe: node.first, inner, &top)
            walk(list: node.second, inner, &top)
            walk(list: node.third, inner, &top)
        case .with, .range:
            walk(pipe: node.first, inner, &top)
            walk(list: node.third, inner, &top)
            inner.dotIsRoot = false
            walk(list: node.second, inner, &top)
        case .template: walk(call: node, inner, &top)
        default: top.reads.isEverything = true
        }
    }

    /// A template that is called with the root counts as a part of this one.
    private func walk(call node: Syntax.Node, _ scope: Scope, _ top: inout Top) {
        guard let name = syntax.definition(named: syntax.strings[Int(node.second)]) else { return }
        let isRoot = node.first != Syntax.none && isRoot(pipe: node.first, scope)
        if !isRoot, node.first != Syntax.none { walk(pipe: node.first, scope, &top) }
        var called = scope
        called.dotIsRoot = isRoot
        called.dollarIsRoot = isRoot
        called.isCalled = true
        walk(list: syntax.definitions[name].root, called, &top)
    }

    /// Whether a pipeline is the root and nothing else: `.` or `$`.
    private func isRoot(pipe: NodeIndex, _ scope: Scope) -> Bool {
        let node = nodes[Int(pipe)]
        guard node.second == Syntax.none, nodes.siblings(node.first).count == 1 else { return false }
        let arguments = nodes.siblings(nodes[Int(node.first)].first)
        guard arguments.count == 1 else { return false }
        let argument = nodes[Int(arguments[0])]
        if argument.kind == .dot { return scope.dotIsRoot }
        return argument.kind == .variable && text(argument) == "$" && scope.dollarIsRoot
    }

    // MARK: Pipelines

    private func declared(by pipe: NodeIndex) -> [String] {
        nodes.siblings(nodes[Int(pipe)].second).map { name(of: nodes[Int($0)]) }
    }

    private func walk(pipe index: NodeIndex, _ scope: Scope, _ top: inout Top) {
        guard scope.depth < Self.depthLimit else {
            top.reads.isEverything = true
            return
        }
        if !scope.isCalled { top.writes.formUnion(declared(by: index)) }
        for command in nodes.siblings(nodes[Int(index)].first) {
            let arguments = nodes.siblings(nodes[Int(command)].first)
            if let part = keyed(arguments, scope) {
                top.reads.parts.insert(part)
                for argument in arguments.dropFirst(3) { walk(argument: argument, scope, &top) }
            } else {
                for argument in arguments { walk(argument: argument, scope, &top) }
            }
        }
    }

    private func walk(argument index: NodeIndex, _ scope: Scope, _ top: inout Top) {
        let node = nodes[Int(index)]
        var inner = scope
        inner.depth += 1
        switch node.kind {
        case .field:
            if scope.dotIsRoot { read(path(text(node)), &top) }
        case .variable:
            let names = path(text(node))
            if names[0] == "$" {
                if scope.dollarIsRoot { read(Array(names.dropFirst()), &top) }
            } else if !scope.isCalled {
                top.reads.variables.insert(names[0])
            }
        case .dot:
            if scope.dotIsRoot { top.reads.isEverything = true }
        case .chain: walk(argument: node.first, inner, &top)
        case .pipe: walk(pipe: index, inner, &top)
        case .identifier:
            if Self.evaluating.contains(text(node)) { top.reads.isEverything = true }
        case .nilConstant, .bool, .number, .string: return
        default: top.reads.isEverything = true
        }
    }

    // MARK: Paths

    private func read(_ names: [String], _ top: inout Top) {
        if let part = part(names) { top.reads.parts.insert(part) } else { top.reads.isEverything = true }
    }

    /// `index MAP "key"`, `isset MAP "key"` and `annotation META "key" …` read one entry.
    private func keyed(_ arguments: [NodeIndex], _ scope: Scope) -> Reads.Part? {
        guard arguments.count >= 3, nodes[Int(arguments[0])].kind == .identifier,
            nodes[Int(arguments[2])].kind == .string, var names = rootPath(arguments[1], scope)
        else { return nil }
        switch text(nodes[Int(arguments[0])]) {
        case "index", "isset":
            guard arguments.count == 3, names.count == 2 else { return nil }
        case "annotation":
            guard names.count == 1 else { return nil }
            names.append("Annotations")
        default: return nil
        }
        guard let field = field(names[0], of: type), let entry = self.field(names[1], of: field.type),
            Self.pointee(entry.type).kind == .map
        else { return nil }
        let key = syntax.strings[Int(nodes[Int(arguments[2])].second)]
        return Reads.Part(
            member: field.jsonName, field: entry.jsonName, key: String(decoding: key, as: UTF8.self))
    }

    /// The names behind the root that an argument follows.
    private func rootPath(_ index: NodeIndex, _ scope: Scope) -> [String]? {
        let node = nodes[Int(index)]
        switch node.kind {
        case .field where scope.dotIsRoot: return path(text(node))
        case .variable where scope.dollarIsRoot:
            let names = path(text(node))
            return names[0] == "$" ? Array(names.dropFirst()) : nil
        default: return nil
        }
    }

    private func part(_ names: [String]) -> Reads.Part? {
        guard let first = names.first, let member = field(first, of: type) else { return nil }
        guard names.count > 1, let field = field(names[1], of: member.type) else {
            return Reads.Part(member: member.jsonName)
        }
        return Reads.Part(member: member.jsonName, field: field.jsonName)
    }

    /// A member with a name of its own in JSON; methods and embedded members are none.
    private func field(_ name: String, of type: ObjectType) -> ObjectType.Field? {
        let structure = Self.pointee(type)
        guard structure.kind == .structure, structure.methods[name] == nil,
            let index = structure.fieldIndex[name], !structure.fields[index].isInline,
            !structure.fields[index].jsonName.isEmpty
        else { return nil }
        return structure.fields[index]
    }

    private static func pointee(_ type: ObjectType) -> ObjectType {
        type.kind == .pointer ? type.element ?? type : type
    }

    /// `.a.b` and `$x.a.b` taken apart: `a`, `b`; `$x`, `a`, `b`.
    private func path(_ written: String) -> [String] {
        written.split(byte: ".").map(String.init)
    }

    /// `$x` of `$x.a`.
    private func name(of node: Syntax.Node) -> String { path(text(node)).first ?? "" }

    private func text(_ node: Syntax.Node) -> String {
        String(decoding: source.bytes[Int(node.start)..<Int(node.start + node.length)], as: UTF8.self)
    }
}
