import TestSupport
import Testing
import Values
import YAML

/// Checks the positions of nodes, and that documents parsed one by one are the same as those of the whole text.
@Suite("YAML layout")
struct YAMLLayoutTests {
    static let folder = packageRoot + "/Tests/YAMLTests/cases"
    static let names = entries(of: folder).filter { $0.hasSuffix(".yaml") }

    @Test("documents parsed one by one are the same as together", arguments: names)
    func alone(name: String) throws {
        let bytes = try #require(contents(of: Self.folder + "/" + name))
        let whole = Result { () throws(YAMLError) in
            try YAMLReader.documents(bytes, options: YAMLOptions(positions: true, layout: true))
        }
        let parts = Result { () throws(YAMLError) in
            try YAMLReader.documents(bytes, options: YAMLOptions(layout: true))
        }
        switch (whole, parts) {
        case (.failure(let one), .failure(let other)): #expect(one == other)
        case (.success(let whole), .success(let parts)):
            #expect(whole.count == parts.count)
            for (one, other) in zip(whole, parts) {
                #expect(one.value == other.value)
                #expect(one.range == other.range)
                #expect(one.line == other.line)
                #expect(one.isEmpty == other.isEmpty)
                #expect(one.layout == other.layout)
                try check(one, bytes)
            }
        default: Issue.record("\(whole) and \(parts)")
        }
    }

    /// Nodes are at their recorded positions.
    private func check(_ document: YAMLDocument, _ bytes: [UInt8]) throws {
        guard !document.isEmpty else { return }
        let layout = try #require(document.layout)
        let positions = try #require(document.positions)
        let mark = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        var pending = [(pointer: "", node: 0, value: document.value)]
        while let (pointer, node, value) = pending.popLast() {
            let offset = document.range.lowerBound + layout.nodes[node].offset
            let line = bytes[..<offset].count { $0 == 0x0A } + 1
            let start = bytes[..<offset].lastIndex(of: 0x0A).map { $0 + 1 } ?? mark
            let column = bytes[start..<offset].count { $0 & 0xC0 != 0x80 } + 1
            if let place = positions[pointer] {
                #expect(place == SourcePosition(line: line, column: column), "\(pointer)")
            }
            let children = layout.children(of: node)
            switch value {
            case .object(let object) where !children.isEmpty:
                try #require(children.count == object.count)
                for (child, member) in zip(children, object.members) {
                    pending.append((pointer + "/" + JSONPointer.escape(member.key), child, member.value))
                }
            case .array(let items) where !children.isEmpty:
                try #require(children.count == items.count)
                for (index, child) in children.enumerated() {
                    pending.append(("\(pointer)/\(index)", child, items[index]))
                }
            default:
                #expect(children.isEmpty)
            }
        }
    }

    @Test(
        "whether a text reads as a value",
        arguments: [
            "a: 1\nb: [x, {y: z}]\nname: \"q\\n\"\n",
            "a:\n- 1\n- b: c\n  d:\n  - - x\n    - 'it''s'\n  -\n  e:\n",
            "text: |\n  one\n   two\n\nyes: on\n\"<<\": 1\n", "- a\n-   b: 0x10\n    c: ~\n",
            "# only a comment\n", "é: ü\r\nb: 1",
            "a: 1\nb: 2\na: 3\n", "x: &a {b: c}\ny: *a\n",
        ])
    func reads(text: String) throws {
        let bytes = Array(text.utf8)
        let value = try YAMLReader.value(bytes)
        #expect(YAMLReader.reads(bytes, as: value))
        for other in Self.neighbours(of: value) where other != value {
            #expect(!YAMLReader.reads(bytes, as: other), "\(JSON.text(other))")
        }
    }

    /// The value with one change each: another scalar, or a member or item that is removed, doubled or renamed.
    private static func neighbours(of value: Value) -> [Value] {
        switch value {
        case .object(let object):
            var found: [Value] = [.array([]), .object(Object(object.members + [Member("new", .null)]))]
            for (index, member) in object.members.enumerated() {
                var members = object.members
                for other in neighbours(of: member.value) {
                    members[index].value = other
                    found.append(.object(Object(members)))
                }
                members = object.members
                members[index].key += "x"
                found.append(.object(Object(members)))
                members.remove(at: index)
                found.append(.object(Object(members)))
            }
            return found
        case .array(let items):
            var found: [Value] = [
                .object(Object()), .array(items + [.null]), .array(Array(items.dropLast())),
            ]
            for (index, item) in items.enumerated() {
                for other in neighbours(of: item) {
                    var items = items
                    items[index] = other
                    found.append(.array(items))
                }
            }
            return found
        case .string(let text): return [.string(text + " "), .null, .array([value])]
        case .int(let number): return [.int(number + 1), .double(Double(number)), .string(String(number))]
        default: return [.string(""), .string("null"), .int(0), .object(Object()), .array([])]
        }
    }
}
