import PluginAPI
import Values

/// The parts of the data that a piece of a template reads, and possibly more.
struct Reads: Equatable {
    /// A member of the root, a member of that, or an entry of a map in it: `Spec`, `Spec.containers`,
    /// `ObjectMeta.annotations["k"]`.
    struct Part: Hashable {
        /// The member's JSON name. `field` is a JSON name too.
        var member: String
        var field: String?
        var key: String?

        /// Whether it is `.ObjectMeta.Labels` of a pod, or one of the labels.
        var isOfLabels: Bool { field == "labels" }
        /// The order of parts. Parts of the same member, and of the same field, are adjacent.
        var order: (String, String, String) { (member, field ?? "", key ?? "") }
    }

    /// Whether it may read anything.
    var isEverything = false
    var parts: Set<Part> = []
    /// The names of variables of the whole template that it uses.
    var variables: Set<String> = []

    mutating func formUnion(_ other: Reads) {
        isEverything = isEverything || other.isEverything
        parts.formUnion(other.parts)
        variables.formUnion(other.variables)
    }
}

/// Determines what the nodes of a template read, by analysing the paths into the data that they contain.
///
/// A path that begins at the root counts as reading everything below it. Reads from there on, through `with`, `range`
/// or a variable, are included. Three functions are known to read only one key of a map. A template that passes the
/// whole root to anything may read everything, except if it passes it to a template that is defined with it.
struct ReadAnalysis {
    private let syntax: Syntax
    private let nodes: UnsafeBufferPointer<Syntax.Node>
    /// The only source.
    private let source: Syntax.Source
    /// The type of the root.
    private let type: ObjectType

    /// - Parameter type: the type of the root. Templates in several sources cannot be analysed.
    init?(_ syntax: Syntax, _ nodes: UnsafeBufferPointer<Syntax.Node>, type: ObjectType) {
        guard syntax.sources.count == 1 else { return nil }
        self.syntax = syntax
        self.nodes = nodes
        source = syntax.sources[0]
        self.type = type
    }

    /// The reads and writes of one node of the outermost list.
    struct Top {
        var reads = Reads()
        /// The variables that it declares or assigns, anywhere in it.
        var writes: Set<String> = []
    }

    private struct Scope {
        var dotIsRoot = true
        var dollarIsRoot = true
        /// Whether it is a template that is called, whose variables are its own.
        var isCalled = false
        var depth = 0
    }

    /// Templates that nest deeper are not analysed. Nobody writes such templates.
    private static let depthLimit = 100
    /// Functions that render a text with the root, or with any other argument.
    private static let evaluating: Set<String> = ["render", "include", "tpl"]

    /// Returns the nodes of a template's outermost list, each with its reads, including those of the values of its
    /// variables.
    func tops(of root: NodeIndex) -> [Top] {
        var tops: [Top] = []
        var shared: Set<String> = []
        for index in nodes.siblings(nodes[Int(root)].first) {
            var top = Top()
            walk(index, Scope(), &top)
            // Only these are visible in later nodes.
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
            // A variable that it assigns only in some cases may keep its previous value.
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

    /// Whether a pipeline is just the root: `.` or `$`.
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

    /// Returns the entry that `index MAP "key"`, `isset MAP "key"` or `annotation META "key" …` reads.
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

    /// Returns the names of a path that begins at the root; nil for any other argument.
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

    /// Returns a member with its own name in JSON; nil for methods and embedded members.
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

    /// Splits `.a.b` into `a` and `b`, and `$x.a.b` into `$x`, `a` and `b`.
    private func path(_ written: String) -> [String] {
        written.split(byte: ".").map(String.init)
    }

    /// Returns `$x` of `$x.a`.
    private func name(of node: Syntax.Node) -> String { path(text(node)).first ?? "" }

    private func text(_ node: Syntax.Node) -> String {
        String(decoding: source.bytes[Int(node.start)..<Int(node.start + node.length)], as: UTF8.self)
    }
}
