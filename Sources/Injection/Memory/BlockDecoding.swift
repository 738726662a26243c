import PluginAPI
import Values
import YAML

/// Decodes a rendered text part by part, and no part that was decoded before: the texts that a template makes of
/// different pods differ in a few lines.
///
/// In: a text and its type. Out: exactly what reading and decoding the whole would give, or nil where that has to be
/// done: what the short way of YAML cannot read, keys that stand twice, directives, and all mistakes, which are worded
/// by the whole text's way.
///
/// Why parts may be read alone: YAML's block reader goes from left to right, and at the start of a member or item knows
/// nothing but its column. At the end of the part it meets the end of the text where it would have met a line that is
/// not part of it, and ends every block in both cases. A part that ends within a quote, a flow collection or a scalar
/// does not parse alone. Members of a struct and items of a list are decoded independently of each other.
struct BlockDecoder {
    private let text: RenderedLines
    private let mode: TypedDecoding.Mode
    private let cache: BoundedCache<DecodedBlock>

    /// Shorter parts are not taken apart: finding one costs as much as decoding some 200 bytes.
    private static let smallestSplit = 256
    /// Members of one struct; no type has as many, and keys that stand twice are found by comparing pairs.
    private static let largestStruct = 64
    /// The whole text nests a part by at most that many collections.
    private static let nesting = 16

    init(
        _ bytes: UnsafeBufferPointer<UInt8>, _ mode: TypedDecoding.Mode, cache: BoundedCache<DecodedBlock>
    ) {
        text = RenderedLines(bytes)
        self.mode = mode
        self.cache = cache
    }

    /// The whole text as a struct.
    func decode(as type: ObjectType) -> DecodedBlock? {
        let key = key(.mapping, type, text.all)
        if let known = cache.answer(for: key) { return known }
        guard let made = mapping(text.all, startsInLine: false, as: type), made.isPlain else { return nil }
        let block = DecodedBlock(made)
        // A text with a part that is new, such as a label, is not likely to come again.
        if made.isOfKnownParts { cache.keep(block, for: key, size: block.cost) }
        return block
    }

    // MARK: What was decoded before

    private enum Kind: UInt8 { case mapping, member, item }

    /// What a part was decoded to before, else what `make` decodes it to.
    private func known(
        _ kind: Kind, _ type: ObjectType, _ part: Range<Int>, _ make: () -> BlockDraft?
    ) -> (block: DecodedBlock, isKnown: Bool)? {
        let key = key(kind, type, part)
        if let known = cache.answer(for: key) { return (known, true) }
        guard let made = make(), made.isPlain else { return nil }
        let block = DecodedBlock(made)
        cache.keep(block, for: key, size: block.cost)
        return (block, false)
    }

    private func key(_ kind: Kind, _ type: ObjectType, _ part: Range<Int>) -> CacheKey {
        // One Snapshot decodes in one mode; types live as long as the program, so that their address tells them apart.
        let identity = Int(bitPattern: ObjectIdentifier(type))
        return CacheKey(
            [UInt8](unsafeUninitializedCapacity: part.count + 9) { buffer, count in
                buffer[0] = kind.rawValue
                UnsafeMutableRawPointer(buffer.baseAddress! + 1).storeBytes(of: identity, as: Int.self)
                _ = UnsafeMutableBufferPointer(rebasing: buffer[9...]).update(from: text.bytes[part])
                count = part.count + 9
            })
    }

    // MARK: Parts

    private func mapping(_ region: Range<Int>, startsInLine: Bool, as type: ObjectType) -> BlockDraft? {
        guard let level = startsInLine ? text.column(of: region.lowerBound) : text.level(of: region),
            let parts = text.parts(of: region, at: level, startsInLine: startsInLine, areItems: false),
            parts.count <= Self.largestStruct
        else { return nil }
        var result = BlockDraft(.object(Object()))
        var keys: [Range<Int>] = []
        for part in parts {
            guard let head = text.memberHead(at: part, column: level),
                !keys.contains(where: { text.isSame($0, head.key) }),
                let member = known(.member, type, part, { member(part, head, of: type) })
            else { return nil }
            keys.append(head.key)
            result.append(members: member.block, isKnown: member.isKnown)
        }
        return result
    }

    private func member(
        _ part: Range<Int>, _ head: RenderedLines.MemberHead, of type: ObjectType
    ) -> BlockDraft? {
        let key = text.string(head.key)
        if part.count >= Self.smallestSplit, let nested = head.nested, let index = type.memberIndex(of: key) {
            var inner = type.memberType(at: index)
            while inner.kind == .pointer, let element = inner.element { inner = element }
            if inner.kind == .structure, let value = mapping(nested, startsInLine: false, as: inner) {
                return value.wrapped(as: key)
            }
            if inner.kind == .slice, let element = inner.element, let value = list(nested, of: element) {
                return value.wrapped(as: key)
            }
        }
        guard case .object(let object)? = parsed(part), object.count == 1,
            object.members[0].key.hasSameBytes(as: key)
        else { return nil }
        return BlockDraft(decoding: .object(object), as: type, mode) {
            $0.object?.members.first.map { (.member(key), $0.value) }
        }
    }

    private func list(_ region: Range<Int>, of element: ObjectType) -> BlockDraft? {
        guard let level = text.level(of: region),
            let parts = text.parts(of: region, at: level, startsInLine: false, areItems: true)
        else { return nil }
        var result = BlockDraft(.array([]))
        for (index, part) in parts.enumerated() {
            guard let item = known(.item, element, part, { item(part, of: element) }) else { return nil }
            result.append(item: item.block, at: index, isKnown: item.isKnown)
        }
        return result
    }

    private func item(_ part: Range<Int>, of element: ObjectType) -> BlockDraft? {
        var inner = element
        while inner.kind == .pointer, let element = inner.element { inner = element }
        if part.count >= Self.smallestSplit, inner.kind == .structure, let start = text.itemStart(part),
            let value = mapping(start..<part.upperBound, startsInLine: true, as: inner)
        {
            return value.asItem()
        }
        guard case .array(let items)? = parsed(part), items.count == 1 else { return nil }
        let list = ObjectType(name: "[]\(element.name)", kind: .slice)
        list.complete(element: element)
        return BlockDraft(decoding: .array(items), as: list, mode) {
            $0.array?.first.map { (.item(0), $0) }
        }
    }

    private func parsed(_ part: Range<Int>) -> Value? {
        var limits = YAMLLimits()
        limits.depth -= Self.nesting
        return YAMLReader.simpleValue(UnsafeBufferPointer(rebasing: text.bytes[part]), limits: limits)
    }
}

/// A part of a rendered text, decoded: a struct, one member of it as a struct of its own, a list or one item as a list
/// of its own. A reference: parts are looked up all the time.
final class DecodedBlock: Sendable {
    let result: TypedDecoding.Result
    /// The value as it is used where there is nothing to merge it into.
    fileprivate let settled: Value
    /// How many bytes it takes, what it shares with other parts left out.
    let cost: Int

    fileprivate init(_ draft: BlockDraft) {
        result = draft.result
        settled = draft.settled
        cost = draft.cost
    }
}

/// A decoded part that is being put together.
private struct BlockDraft {
    var result: TypedDecoding.Result
    var settled: Value
    var cost = 64
    /// Whether all that it was made of had been decoded before.
    var isOfKnownParts = true

    init(_ empty: Value) {
        result = TypedDecoding.Result(value: empty)
        settled = empty
    }

    /// Decodes a value that is not taken apart.
    ///
    /// - Parameter content: the one member or item of a decoded value.
    init?(
        decoding value: Value, as type: ObjectType, _ mode: TypedDecoding.Mode,
        content: (Value) -> (TypedDecoding.Step, Value)?
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

    /// Whether the parts of it may be decoded on their own: there is no directive in it.
    var isPlain: Bool { !result.unsettled.contains([]) }

    /// Takes in a further member of a struct.
    mutating func append(members other: DecodedBlock, isKnown: Bool) {
        result.value.modifyObject { $0.members += other.result.value.object?.members ?? [] }
        settled.modifyObject { $0.members += other.settled.object?.members ?? [] }
        if !other.result.isSettled { result.note(other.result.unsettled, other.result.settledParts) }
        result.note(dropped: other.result.dropped)
        isOfKnownParts = isOfKnownParts && isKnown
        cost += 96
    }

    /// Takes in a further item of a list.
    mutating func append(item other: DecodedBlock, at index: Int, isKnown: Bool) {
        result.value.modifyArray { $0 += other.result.value.array ?? [] }
        settled.modifyArray { $0 += other.settled.array ?? [] }
        func moved(_ path: [TypedDecoding.Step]) -> [TypedDecoding.Step] { [.item(index)] + path.dropFirst() }
        if !other.result.isSettled {
            result.note(
                other.result.unsettled.map(moved),
                other.result.settledParts.map { (moved($0.path), $0.value) })
        }
        // Alone it is the item 0.
        if !other.result.dropped.isEmpty {
            result.note(dropped: other.result.dropped.map { "/\(index)" + $0.dropFirst(2) })
        }
        isOfKnownParts = isOfKnownParts && isKnown
        cost += 64
    }

    /// As the member of a struct.
    func wrapped(as key: String) -> BlockDraft {
        under(.member(key)) { .object(Object([Member(key, $0)])) }
    }

    /// As the only item of a list.
    func asItem() -> BlockDraft { under(.item(0)) { .array([$0]) } }

    private func under(_ step: TypedDecoding.Step, _ wrap: (Value) -> Value) -> BlockDraft {
        var block = self
        block.result = TypedDecoding.Result(value: wrap(result.value))
        block.settled = wrap(settled)
        block.cost += 64
        let prefix = result.dropped.isEmpty ? "" : SchemaError.pointer([step])
        block.result.note(dropped: result.dropped.map { prefix + $0 })
        guard !result.isSettled else { return block }
        block.result.note(
            result.unsettled.map { [step] + $0 },
            result.settledParts.map { ([step] + $0.path, $0.value) } + [([step], settled)])
        return block
    }
}

extension Value {
    /// About how many bytes of memory it takes.
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
