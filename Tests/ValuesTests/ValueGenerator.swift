import Values

/// Random values of every kind and small changes to them, the same in every run.
struct ValueGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next(_ limit: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(limit))
    }

    mutating func text() -> String {
        let pieces = [
            "a", "b", "name", "/", "~", "\"", "\\", "é", "e\u{301}", "😀", "\u{0}", "\n", "0", "-",
            "long text",
        ]
        return (0..<next(4)).map { _ in pieces[next(pieces.count)] }.joined()
    }

    mutating func value(depth: Int) -> Value {
        switch next(depth > 0 ? 9 : 5) {
        case 0: return .null
        case 1: return .bool(next(2) == 0)
        case 2: return .int(Int64(next(7)) - 3)
        case 3:
            return .double(Double(bitPattern: UInt64(next(1 << 30)) << 34).isFinite ? Double(next(9)) / 4 : 0)
        case 4: return .string(text())
        case 5: return .array((0..<next(5)).map { _ in value(depth: depth - 1) })
        case 6:
            return .array(
                (0..<next(5)).map { index in
                    ["name": .string("n\(index * 7 % 5)"), "v": value(depth: depth - 1)]
                })
        default:
            let members = (0..<next(5)).map { _ in Member(text(), value(depth: depth - 1)) }
            return .object(Object(lastWins: members))
        }
    }

    /// The value with random parts added, removed, moved or replaced.
    mutating func changed(_ value: Value) -> Value {
        switch value {
        case .array(var items):
            for index in items.indices where next(3) == 0 { items[index] = changed(items[index]) }
            if next(3) == 0, !items.isEmpty { items.remove(at: next(items.count)) }
            if next(3) == 0 { items.insert(self.value(depth: 2), at: next(items.count + 1)) }
            if next(4) == 0, items.count > 1 { items.swapAt(next(items.count), next(items.count)) }
            return .array(items)
        case .object(var object):
            for index in object.members.indices where next(3) == 0 {
                object.members[index].value = changed(object.members[index].value)
            }
            if next(3) == 0, !object.isEmpty { object.members.remove(at: next(object.count)) }
            if next(3) == 0 { object[text()] = self.value(depth: 2) }
            return .object(object)
        default:
            return next(2) == 0 ? value : self.value(depth: 1)
        }
    }
}
