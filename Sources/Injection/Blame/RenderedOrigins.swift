import PluginAPI
import Values
import YAML

/// Finds the place in a template that wrote a part of a pod: the part is searched in the rendered text, and its bytes
/// in the source map.
final class RenderedOrigins {
    private let text: RenderedText
    private let form: PolicyConfiguration.Form
    private let map: SourceMap
    private let marks: YAMLMarks
    private let value: Value
    /// A cache of the indexes of list items, by node and identity.
    private var items: [Int: [String: Int]] = [:]
    private var members: [Int: [String: YAMLMarks.Member]] = [:]

    init?(_ text: RenderedText, _ form: PolicyConfiguration.Form) {
        guard let map = try? text.mapped(), let value = try? YAMLReader.value(text.bytes) else { return nil }
        self.text = text
        self.form = form
        self.map = map
        self.value = value
        marks = YAMLMarks(text.bytes)
    }

    /// A part of the text.
    struct Found {
        /// The number of steps of the path that the text contains.
        var depth: Int
        var key: Int
        var node: Int
    }

    /// The part at a path, or the nearest one around it.
    func find(_ path: InjectionTrace.Path) -> Found? {
        var rest = path[...]
        // The classic form's text is the content of a spec.
        if form == .classic {
            guard rest.first == .member("spec") else { return nil }
            rest = rest.dropFirst()
        }
        guard !marks.nodes.isEmpty else { return nil }
        var found = Found(depth: path.count - rest.count, key: -1, node: 0)
        var value = value
        for step in rest {
            switch (step, value) {
            case (.member(let key), .object(let object)):
                guard let inner = object[key], let member = self.members(of: found.node)[key] else {
                    return found
                }
                value = inner
                (found.key, found.node) = (member.key, member.value)
            case (.item(let identity), .array(let items)):
                let numbers = self.numbers(of: items, at: found.node)
                let children = marks.children(of: found.node)
                guard let index = numbers[identity], children.indices.contains(index) else { return found }
                value = items[index]
                (found.key, found.node) = (-1, children[index])
            default: return found
            }
            found.depth += 1
        }
        return found
    }

    private func members(of node: Int) -> [String: YAMLMarks.Member] {
        if let known = members[node] { return known }
        let found = marks.members(of: node)
        members[node] = found
        return found
    }

    private func numbers(of list: [Value], at node: Int) -> [String: Int] {
        if let known = items[node] { return known }
        let found = Dictionary(zip(PodDifference.identities(of: list), list.indices)) { first, _ in first }
        items[node] = found
        return found
    }

    /// The place in the template that wrote a part.
    ///
    /// - Parameter line: the line of a block scalar's text, from 0; -1 for the line of its key, nil for a whole value.
    func place(of found: Found, line: Int?) -> RenderError.Place? {
        let node = marks.nodes[found.node]
        let key = found.key >= 0 ? marks.nodes[found.key].range.lowerBound : node.range.lowerBound
        var offset = node.content.lowerBound
        if node.kind.isCollection || line == -1 {
            offset = key
        } else if case .scalar(let style) = node.kind, style.isBlock {
            offset = start(ofLine: line ?? 0, in: node.content)
        }
        // Messages call every template `inject`, as Istio's do; here it has its name in the configuration.
        return (map.place(at: offset) ?? map.place(at: key)).map {
            RenderError.Place(template: text.name, line: $0.line, column: $0.column)
        }
    }

    /// The first byte of a line that is not white space.
    private func start(ofLine line: Int, in content: Range<Int>) -> Int {
        var offset = content.lowerBound
        for _ in 0..<line {
            guard let end = text.bytes[offset..<content.upperBound].firstIndex(of: 0x0A),
                end + 1 < content.upperBound
            else { break }
            offset = end + 1
        }
        return text.bytes[offset..<content.upperBound].firstIndex { $0 != 0x20 && $0 != 0x0A } ?? offset
    }
}

extension YAMLMarks {
    /// A member of a mapping: the indexes of its nodes.
    struct Member {
        var key: Int
        var value: Int
    }

    /// The members of a mapping by name; for a repeated name, the last one.
    func members(of node: Int) -> [String: Member] {
        guard case .mapping = nodes[node].kind else { return [:] }
        var found: [String: Member] = [:]
        let children = children(of: node)
        for (key, value) in zip(children, children.dropFirst()) where nodes[key].isKey {
            found[nodes[key].text] = Member(key: key, value: value)
        }
        return found
    }
}
