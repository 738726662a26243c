import PluginAPI
import Values

/// A decoded part of a rendered text: a struct, or one member as a struct with one member; a list, or one item as a
/// list with one item. A class, so that lookups copy only a reference.
final class DecodedBlock: Sendable {
    let result: TypedDecoding.Result
    /// The value to use if there is nothing to merge it into.
    let settled: Value
    /// The size in bytes, without storage that it shares with other parts.
    let cost: Int

    init(_ draft: BlockDraft) {
        result = draft.result
        settled = draft.settled
        cost = draft.cost
    }
}

/// A decoded part under construction.
struct BlockDraft {
    var result: TypedDecoding.Result
    var settled: Value
    var cost = 64
    /// Whether all its parts were cached.
    var isOfKnownParts = true

    init(_ empty: Value) {
        result = TypedDecoding.Result(value: empty)
        settled = empty
    }

    /// Decodes a value that is not split.
    ///
    /// - Parameter content: the one member or item of a decoded value.
    init?(
        decoding value: Value, as type: ObjectType, _ mode: TypedDecoding.Mode,
        content: (Value) -> (PathStep, Value)?
    ) {
        guard let result = try? TypedDecoding.decode(value, as: type, mode) else { return nil }
        self.result = result
        settled = result.value
        cost = 64 + result.value.memoryEstimate
        guard !result.isSettled else { return }
        guard let settled = try? TypedDecoding.settled(result.value, as: type) else { return nil }
        self.settled = settled
        cost += settled.memoryEstimate
        if let (step, inner) = content(settled) { self.result.settledParts = [([step], inner)] }
    }

    /// Whether its parts can be decoded separately: it has no directive.
    var isPlain: Bool { !result.unsettled.contains([]) }

    /// Adds a member of a struct.
    mutating func append(members other: DecodedBlock, isKnown: Bool) {
        result.value.modifyObject { $0.members += other.result.value.object?.members ?? [] }
        settled.modifyObject { $0.members += other.settled.object?.members ?? [] }
        if !other.result.isSettled { result.note(other.result.unsettled, other.result.settledParts) }
        result.note(dropped: other.result.dropped)
        isOfKnownParts = isOfKnownParts && isKnown
        cost += 96
    }

    /// Adds an item of a list.
    mutating func append(item other: DecodedBlock, at index: Int, isKnown: Bool) {
        result.value.modifyArray { $0 += other.result.value.array ?? [] }
        settled.modifyArray { $0 += other.settled.array ?? [] }
        func moved(_ path: [PathStep]) -> [PathStep] { [.item(index)] + path.dropFirst() }
        if !other.result.isSettled {
            result.note(
                other.result.unsettled.map(moved),
                other.result.settledParts.map { (moved($0.path), $0.value) })
        }
        // It was decoded as item 0.
        if !other.result.dropped.isEmpty {
            result.note(dropped: other.result.dropped.map { "/\(index)" + $0.dropFirst(2) })
        }
        isOfKnownParts = isOfKnownParts && isKnown
        cost += 64
    }

    /// Wraps it as the member of a struct.
    func wrapped(as key: String) -> BlockDraft {
        under(.member(key)) { .object(Object([Member(key, $0)])) }
    }

    /// Wraps it as the only item of a list.
    func asItem() -> BlockDraft { under(.item(0)) { .array([$0]) } }

    private func under(_ step: PathStep, _ wrap: (Value) -> Value) -> BlockDraft {
        var block = self
        block.result = TypedDecoding.Result(value: wrap(result.value))
        block.settled = wrap(settled)
        block.cost += 64
        let prefix = result.dropped.isEmpty ? "" : JSONPointer.text(of: [step])
        block.result.note(dropped: result.dropped.map { prefix + $0 })
        guard !result.isSettled else { return block }
        block.result.note(
            result.unsettled.map { [step] + $0 },
            result.settledParts.map { ([step] + $0.path, $0.value) } + [([step], settled)])
        return block
    }
}

extension Value {
    /// An estimate of the size in memory, in bytes.
    fileprivate var memoryEstimate: Int {
        switch self {
        case .string(let text): text.utf8.count < 16 ? 0 : text.utf8.count + 48
        case .array(let items): items.reduce(48 + items.count * 24) { $0 + $1.memoryEstimate }
        case .object(let object):
            object.members.reduce(48 + object.count * 40) { sum, member in
                sum + member.value.memoryEstimate
                    + (member.key.utf8.count < 16 ? 0 : member.key.utf8.count + 48)
            }
        default: 0
        }
    }
}
