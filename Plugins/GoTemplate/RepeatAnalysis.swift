import Synchronization
import Values

/// The templates and loops of a set that are repeatable. Each is analysed at its first use.
final class RepeatableTemplates: Sendable {
    private let known = Mutex<[Bool?]>([])
    private let loops = Mutex<[Holders?]>([])

    private enum Holders {
        case unrepeatable
        case members([String])
    }

    func contains(_ definition: Int, in template: GoTemplate) -> Bool {
        if let answer = known.withLock({ $0.indices.contains(definition) ? $0[definition] : nil }) {
            return answer
        }
        var analysis = RepeatAnalysis(template)
        let answer = analysis.isRepeatable(definition)
        known.withLock {
            if $0.isEmpty { $0 = Array(repeating: nil, count: template.program.definitions.count) }
            $0[definition] = answer
        }
        return answer
    }

    /// Returns, for a loop of a template that is included with a map, the members of the map that must be the whole
    /// data for the loop to be repeatable. nil if it is not repeatable even then.
    func holders(ofLoop index: Int, in template: GoTemplate) -> [String]? {
        let answer: Holders
        if let known = loops.withLock({ $0.indices.contains(index) ? $0[index] : nil }) {
            answer = known
        } else {
            var analysis = RepeatAnalysis(template)
            answer =
                analysis.holders(ofLoop: template.program.loops[index]).map(Holders.members) ?? .unrepeatable
            loops.withLock {
                if $0.isEmpty { $0 = Array(repeating: nil, count: template.program.loops.count) }
                $0[index] = answer
            }
        }
        if case .members(let names) = answer { return names }
        return nil
    }
}

/// Decides whether a template always writes the same text when it is included with the whole data of a chart and no map
/// has changed. The chart's templates get data that differs only in `.Template`. The same is decided for a text of
/// `tpl` that defines nothing and includes nothing, and for a loop of a template that is included with a map that has
/// the whole data as a member.
///
/// A repeatable template may read members of the data, call functions whose results depend only on their arguments,
/// include repeatable templates by name, and render texts over the data, which are analysed when they are rendered. It
/// may not read `.Template` or `.Subcharts`, pass the whole data to anything else, or change a map. A loop may not use
/// variables that the template declares outside it.
struct RepeatAnalysis {
    /// How a value relates to the data.
    private enum Role {
        /// All of it.
        case data
        /// A map with members that are all of it.
        case holder
        case other
    }

    private let template: GoTemplate
    private let syntax: Syntax
    private let nodes: UnsafeBufferPointer<Syntax.Node>
    /// Templates whose analysis has begun.
    private var visited: [Visit] = []
    /// The number of nodes that may still be visited.
    private var nodesLeft = nodesLimit

    /// The members of holders through which the data is read.
    private var holders: [String] = []
    /// The variables declared so far; only used for a loop, without those of the template around it.
    private var declared: [ArraySlice<UInt8>] = []
    private var isOfLoop = false

    private struct Visit: Equatable {
        var definition: Int
        var dotIsData: Bool
    }

    /// The roles of `.` and `$`.
    private struct Scope {
        var dot: Role
        var dollar: Role
        var source: Int
        /// Whether variables belong to the template that is included, not to the loop that includes it.
        var isIncluded = false
        var depth = 0

        var inner: Scope {
            var inner = self
            inner.depth += 1
            return inner
        }
    }

    /// The greatest nesting depth of a repeatable template. Nobody writes deeper ones.
    private static let depthLimit = 100
    /// The largest number of nodes of a repeatable template, including those of the templates that it includes. There
    /// is a limit because the steps of the analysis are not counted. The templates for a chart's labels have about a
    /// hundred nodes.
    private static let nodesLimit = 1_000
    /// The largest number of holders of one loop.
    private static let holdersLimit = 4
    private static let changing = [Array("Template".utf8), Array("Subcharts".utf8)]

    init(_ template: GoTemplate) {
        self.template = template
        syntax = template.program.syntax
        nodes = syntax.nodes.buffer
    }

    mutating func isRepeatable(_ definition: Int) -> Bool { visit(definition, dotIsData: true, depth: 0) }

    /// As `RepeatableTemplates.holders(ofLoop:in:)`. `.` is `$` at the loop.
    mutating func holders(ofLoop loop: Program.Loop) -> [String]? {
        isOfLoop = true
        var scope = Scope(dot: .holder, dollar: .holder, source: syntax.sourceIndex(of: loop.pipe))
        guard allows(pipe: loop.pipe, scope) else { return nil }
        scope.dot = .other
        guard allows(list: loop.body, scope), !holders.isEmpty, holders.count <= Self.holdersLimit else {
            return nil
        }
        return holders
    }

    private mutating func visit(_ definition: Int, dotIsData: Bool, depth: Int) -> Bool {
        let visit = Visit(definition: definition, dotIsData: dotIsData)
        if visited.contains(visit) { return true }
        visited.append(visit)
        let definition = syntax.definitions[definition]
        return allows(
            list: definition.root,
            Scope(
                dot: dotIsData ? .data : .other, dollar: dotIsData ? .data : .other,
                source: definition.source, isIncluded: true, depth: depth))
    }

    // MARK: Nodes

    private mutating func allows(list: NodeIndex, _ scope: Scope) -> Bool {
        guard list != Syntax.none else { return true }
        guard let inner = siblings(nodes[Int(list)].first) else { return false }
        let outside = declared.count
        defer { declared.removeLast(declared.count - outside) }
        for index in inner where !allows(node: nodes[Int(index)], scope.inner) { return false }
        return true
    }

    /// Returns a node and those after it; nil if there are too many.
    private mutating func siblings(_ first: NodeIndex) -> [NodeIndex]? {
        var found: [NodeIndex] = []
        var index = first
        while index != Syntax.none {
            guard nodesLeft > 0 else { return nil }
            nodesLeft -= 1
            found.append(index)
            index = nodes[Int(index)].next
        }
        return found
    }

    private mutating func allows(node: Syntax.Node, _ scope: Scope) -> Bool {
        guard scope.depth < Self.depthLimit else { return false }
        let outside = declared.count
        // A declaration of an action is valid until the end of its list.
        defer { if node.kind != .action { declared.removeLast(declared.count - outside) } }
        switch node.kind {
        case .text, .breakLoop, .continueLoop: return true
        case .action: return allows(pipe: node.first, scope)
        case .ifBranch:
            return allows(pipe: node.first, scope) && allows(list: node.second, scope)
                && allows(list: node.third, scope)
        case .with, .range:
            var inner = scope
            inner.dot = .other
            return allows(pipe: node.first, scope) && allows(list: node.third, scope)
                && allows(list: node.second, inner)
        case .template:
            guard let called = syntax.definition(named: syntax.strings[Int(node.second)]) else {
                return false
            }
            guard node.first != Syntax.none else {
                return visit(called, dotIsData: false, depth: scope.depth)
            }
            if isData(pipe: node.first, scope) { return visit(called, dotIsData: true, depth: scope.depth) }
            return allows(pipe: node.first, scope) && visit(called, dotIsData: false, depth: scope.depth)
        default: return false
        }
    }

    // MARK: Pipelines

    private mutating func allows(pipe: NodeIndex, _ scope: Scope) -> Bool {
        guard scope.depth < Self.depthLimit else { return false }
        guard let commands = siblings(nodes[Int(pipe)].first) else { return false }
        for command in commands {
            guard let arguments = siblings(nodes[Int(command)].first) else { return false }
            let name = arguments.first.flatMap { first in
                nodes[Int(first)].kind == .identifier ? text(nodes[Int(first)], scope) : nil
            }
            if name == "include" {
                guard allows(inclusion: arguments, scope) else { return false }
            } else if let name, GoTemplate.rendersText.contains(name) {
                guard arguments.count == 3, allows(argument: arguments[1], scope.inner),
                    isData(arguments[2], scope)
                else { return false }
            } else {
                for argument in arguments where !allows(argument: argument, scope.inner) { return false }
            }
        }
        return allows(variablesOf: nodes[Int(pipe)], scope)
    }

    /// Whether the variables that a pipeline declares or assigns are allowed.
    private mutating func allows(variablesOf pipe: Syntax.Node, _ scope: Scope) -> Bool {
        guard isOfLoop, !scope.isIncluded else { return true }
        guard let variables = siblings(pipe.second) else { return false }
        for variable in variables {
            let name = bytes(nodes[Int(variable)], scope)
            if !pipe.flag { declared.append(name) } else if !declared.contains(name) { return false }
        }
        return true
    }

    /// Whether `include "name" DATA` is allowed. The name must be a literal.
    private mutating func allows(inclusion arguments: [NodeIndex], _ scope: Scope) -> Bool {
        guard arguments.count == 3, nodes[Int(arguments[1])].kind == .string,
            let called = syntax.definition(named: syntax.strings[Int(nodes[Int(arguments[1])].second)])
        else { return false }
        if isData(arguments[2], scope) { return visit(called, dotIsData: true, depth: scope.depth) }
        return allows(argument: arguments[2], scope.inner)
            && visit(called, dotIsData: false, depth: scope.depth)
    }

    private mutating func allows(argument index: NodeIndex, _ scope: Scope) -> Bool {
        let node = nodes[Int(index)]
        switch node.kind {
        case .dot: return scope.dot == .other
        case .field: return allows(path: names(node, scope)[...], from: scope.dot)
        case .variable:
            let names = names(node, scope)
            if isDollar(names[0]) { return allows(path: names.dropFirst(), from: scope.dollar) }
            return !isOfLoop || scope.isIncluded || declared.contains(names[0])
        case .chain: return allows(argument: node.first, scope.inner)
        case .pipe: return allows(pipe: index, scope)
        case .identifier: return allows(function: text(node, scope))
        case .nilConstant, .bool, .number, .string: return true
        default: return false
        }
    }

    private func allows(function name: String) -> Bool {
        // If it is a command with a literal name, `allows(pipe:)` has handled it.
        if name == "include" || GoTemplate.rendersText.contains(name) { return false }
        guard let entry = template.table[name] else { return false }
        guard case .native(let function) = entry.kind else { return true }
        return function.isPure && !function.mutates
    }

    // MARK: Paths

    /// Whether a path leads to a part of the data that does not change.
    private mutating func allows(path: ArraySlice<ArraySlice<UInt8>>, from role: Role) -> Bool {
        switch role {
        case .other: return true
        case .data: return path.first.map { !isChanging($0) } ?? false
        case .holder:
            guard path.count >= 2, let member = path.first else { return false }
            note(holder: member)
            return allows(path: path.dropFirst(), from: .data)
        }
    }

    private mutating func note(holder name: ArraySlice<UInt8>) {
        let name = String(decoding: name, as: UTF8.self)
        if !holders.contains(name) { holders.append(name) }
    }

    /// Whether a pipeline is just the whole data: `.` or `$`, or a member of a holder.
    private mutating func isData(pipe: NodeIndex, _ scope: Scope) -> Bool {
        let node = nodes[Int(pipe)]
        let command = nodes[Int(node.first)]
        guard node.second == Syntax.none, command.next == Syntax.none else { return false }
        return nodes[Int(command.first)].next == Syntax.none && isData(command.first, scope)
    }

    private mutating func isData(_ argument: NodeIndex, _ scope: Scope) -> Bool {
        let node = nodes[Int(argument)]
        switch node.kind {
        case .dot: return scope.dot == .data
        case .field: return isData(path: names(node, scope)[...], from: scope.dot)
        case .variable:
            let names = names(node, scope)
            return isDollar(names[0]) && isData(path: names.dropFirst(), from: scope.dollar)
        default: return false
        }
    }

    private mutating func isData(path: ArraySlice<ArraySlice<UInt8>>, from role: Role) -> Bool {
        switch role {
        case .data: return path.isEmpty
        case .holder:
            guard path.count == 1, let member = path.first else { return false }
            note(holder: member)
            return true
        case .other: return false
        }
    }

    private func isDollar(_ name: ArraySlice<UInt8>) -> Bool { name.elementsEqual([UInt8(ascii: "$")]) }

    private func isChanging(_ name: ArraySlice<UInt8>) -> Bool {
        Self.changing.contains { $0.elementsEqual(name) }
    }

    /// Splits `.a.b` into `a` and `b`, and `$x.a.b` into `$x`, `a` and `b`.
    private func names(_ node: Syntax.Node, _ scope: Scope) -> [ArraySlice<UInt8>] {
        bytes(node, scope).split(separator: UInt8(ascii: "."))
    }

    private func text(_ node: Syntax.Node, _ scope: Scope) -> String {
        String(decoding: bytes(node, scope), as: UTF8.self)
    }

    private func bytes(_ node: Syntax.Node, _ scope: Scope) -> ArraySlice<UInt8> {
        syntax.sources[scope.source].bytes[Int(node.start)..<Int(node.start + node.length)]
    }
}
