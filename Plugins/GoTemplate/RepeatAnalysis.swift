import Synchronization
import Values

/// The templates of a set that are repeatable, each looked at when it is first asked for.
final class RepeatableTemplates: Sendable {
    private let known = Mutex<[Bool?]>([])

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
}

/// Finds out whether a template writes the same text each time that it is included with the data of a chart, no map
/// having changed: in any of the chart's templates, which differ in `.Template` only. So for a text of `tpl` that defines
/// nothing and includes nothing.
///
/// It may follow paths into the data, call functions that depend on their arguments alone, and include such templates by
/// name. It may not read `.Template`, nor what leads to that of another chart; hand the whole data to anything but
/// such a template; change a map; or render a text, which may do all of that.
struct RepeatAnalysis {
    private let template: GoTemplate
    private let syntax: Syntax
    private let nodes: UnsafeBufferPointer<Syntax.Node>
    /// Templates that were looked at, or are.
    private var visited: [Visit] = []
    /// Nodes that may still be looked at.
    private var nodesLeft = nodesLimit

    private struct Visit: Equatable {
        var definition: Int
        var dotIsData: Bool
    }

    /// Whether `.` and `$` are the whole data.
    private struct Scope {
        var dotIsData: Bool
        var dollarIsData: Bool
        var source: Int
        var depth = 0

        var inner: Scope {
            var inner = self
            inner.depth += 1
            return inner
        }
    }

    /// Templates that nest deeper are not looked at; no written one does.
    private static let depthLimit = 100
    /// Nodes of a template and of those that it includes; one that has more is taken to be not repeatable, because nobody
    /// counts the steps of looking. Labels of a chart have some hundred.
    private static let nodesLimit = 1_000
    private static let renderingTexts: Set<String> = ["tpl", "render"]
    private static let changing = [Array("Template".utf8), Array("Subcharts".utf8)]

    init(_ template: GoTemplate) {
        self.template = template
        syntax = template.program.syntax
        nodes = syntax.nodes.buffer
    }

    mutating func isRepeatable(_ definition: Int) -> Bool { visit(definition, dotIsData: true, depth: 0) }

    private mutating func visit(_ definition: Int, dotIsData: Bool, depth: Int) -> Bool {
        let visit = Visit(definition: definition, dotIsData: dotIsData)
        if visited.contains(visit) { return true }
        visited.append(visit)
        let definition = syntax.definitions[definition]
        return allows(
            list: definition.root,
            Scope(dotIsData: dotIsData, dollarIsData: dotIsData, source: definition.source, depth: depth))
    }

    // MARK: Nodes

    private mutating func allows(list: NodeIndex, _ scope: Scope) -> Bool {
        guard list != Syntax.none else { return true }
        guard let inner = siblings(nodes[Int(list)].first) else { return false }
        for index in inner where !allows(node: nodes[Int(index)], scope.inner) { return false }
        return true
    }

    /// A node and those behind it; nil where they are too many.
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
        switch node.kind {
        case .text, .breakLoop, .continueLoop: return true
        case .action: return allows(pipe: node.first, scope)
        case .ifBranch:
            return allows(pipe: node.first, scope) && allows(list: node.second, scope)
                && allows(list: node.third, scope)
        case .with, .range:
            var inner = scope
            inner.dotIsData = false
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
            if let first = arguments.first, nodes[Int(first)].kind == .identifier,
                text(nodes[Int(first)], scope) == "include"
            {
                guard allows(inclusion: arguments, scope) else { return false }
            } else {
                for argument in arguments where !allows(argument: argument, scope.inner) { return false }
            }
        }
        return true
    }

    /// `include "name" DATA`, the name written in the template.
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
        case .dot where isData(index, scope), .variable where isData(index, scope): return false
        case .dot: return true
        case .field: return !scope.dotIsData || !isChanging(names(node, scope)[0])
        case .variable:
            let names = names(node, scope)
            return names.count < 2 || !isDollar(names[0]) || !scope.dollarIsData || !isChanging(names[1])
        case .chain: return allows(argument: node.first, scope.inner)
        case .pipe: return allows(pipe: index, scope)
        case .identifier: return allows(function: text(node, scope))
        case .nilConstant, .bool, .number, .string: return true
        default: return false
        }
    }

    private func allows(function name: String) -> Bool {
        // Only where it is called with a name, which is looked at before.
        if name == "include" || Self.renderingTexts.contains(name) { return false }
        guard let entry = template.table[name] else { return false }
        guard case .native(let function) = entry.kind else { return true }
        return function.isPure && !function.mutates
    }

    // MARK: Paths

    /// Whether a pipeline is the whole data and nothing else: `.` or `$`.
    private func isData(pipe: NodeIndex, _ scope: Scope) -> Bool {
        let node = nodes[Int(pipe)]
        let command = nodes[Int(node.first)]
        guard node.second == Syntax.none, command.next == Syntax.none else { return false }
        return nodes[Int(command.first)].next == Syntax.none && isData(command.first, scope)
    }

    private func isData(_ argument: NodeIndex, _ scope: Scope) -> Bool {
        let node = nodes[Int(argument)]
        switch node.kind {
        case .dot: return scope.dotIsData
        case .variable:
            let names = names(node, scope)
            return names.count == 1 && isDollar(names[0]) && scope.dollarIsData
        default: return false
        }
    }

    private func isDollar(_ name: ArraySlice<UInt8>) -> Bool { name.elementsEqual([UInt8(ascii: "$")]) }

    private func isChanging(_ name: ArraySlice<UInt8>) -> Bool {
        Self.changing.contains { $0.elementsEqual(name) }
    }

    /// `.a.b` and `$x.a.b` taken apart: `a`, `b`; `$x`, `a`, `b`.
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
