import Values
import YAML

extension DocumentText {
    /// The range of a scalar in a document, by the path to it; nil if it cannot be found.
    ///
    /// - Parameter layout: the layout of a document in block style; nil for JSON.
    func scalar(at path: ArraySlice<PathStep>, in value: Value, layout: YAMLLayout?) -> Range<Int>? {
        do throws(Unsuitable) {
            guard let layout, !layout.nodes.isEmpty else {
                guard let start = bytes.firstIndex(where: { $0 == 0x7b || $0 == 0x5b }) else { return nil }
                return try flowScalar(at: path, in: value, from: start)
            }
            return try blockScalar(at: path, in: value, layout: layout)
        } catch {
            return nil
        }
    }

    private func blockScalar(
        at path: ArraySlice<PathStep>, in value: Value, layout: YAMLLayout
    ) throws(Unsuitable) -> Range<Int> {
        var value = value
        var node = 0
        var start = layout.nodes[0].offset
        for (position, step) in zip(path.indices, path) {
            if FlowText(text: self).beginsCollection(at: start) {
                return try flowScalar(at: path[position...], in: value, from: start)
            }
            let children = Array(layout.children(of: node))
            switch (step, value) {
            case (.member(let name), .object(let object)):
                guard let index = object.index(of: name), children.count == object.count else {
                    throw Unsuitable()
                }
                value = object.members[index].value
                node = children[index]
                start = layout.nodes[node].offset
                if let own = valueStart(ofKeyAt: start) {
                    start = own
                } else if value.array == nil, value.object == nil {
                    throw Unsuitable()
                }
            case (.item(let index), .array(let items)):
                guard items.indices.contains(index), children.count == items.count else { throw Unsuitable() }
                value = items[index]
                node = children[index]
                start = layout.nodes[node].offset
            default: throw Unsuitable()
            }
        }
        return start..<(try scalarEnd(from: start))
    }

    private func flowScalar(
        at path: ArraySlice<PathStep>, in value: Value, from start: Int
    ) throws(Unsuitable) -> Range<Int> {
        let flow = FlowText(text: self)
        var value = value
        var start = start
        for step in path {
            let collection = try flow.collection(at: start)
            var index: Int?
            switch (step, value) {
            case (.member(let name), .object(let object)) where object.count == collection.entries.count:
                index = object.index(of: name)
                value = index.map { object.members[$0].value } ?? .null
            case (.item(let item), .array(let items)) where items.count == collection.entries.count:
                index = items.indices.contains(item) ? item : nil
                value = index.map { items[$0] } ?? .null
            default: break
            }
            guard let index, let next = collection.entries[index].value else { throw Unsuitable() }
            start = next
        }
        return start..<(try flow.end(ofValueAt: start))
    }
}
