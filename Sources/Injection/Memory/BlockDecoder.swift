import PluginAPI
import Values
import YAML

/// Decodes a rendered text part by part, and reuses cached parts: the texts that a template renders for different pods
/// differ in a few lines.
///
/// Input: a text and its type. Output: exactly the result of parsing and decoding the whole text. nil if the whole text
/// must be parsed: for YAML that the block reader does not parse, repeated keys, directives, and all errors.
///
/// Why a part can be parsed alone: YAML's block reader goes from left to right, and at the start of a member or item its
/// only state is the column. At the end of the part it finds the end of the text instead of a line that does not belong to
/// the part, and ends every block in both cases. A part that ends within a quote, a flow collection or a scalar does not
/// parse alone. Members of a struct and items of a list are decoded independently of each other.
struct BlockDecoder {
    private let text: RenderedLines
    private let mode: TypedDecoding.Mode
    private let cache: BoundedCache<DecodedBlock>

    /// The minimum size of a part that is split: a lookup costs as much as decoding about 200 bytes.
    private static let smallestSplit = 256
    /// The maximum number of members of a struct. No type has more, and repeated keys are found by comparing pairs.
    private static let largestStruct = 64
    /// The maximum nesting depth of a part in the whole text.
    private static let nesting = 16

    init(
        _ bytes: UnsafeBufferPointer<UInt8>, _ mode: TypedDecoding.Mode, cache: BoundedCache<DecodedBlock>
    ) {
        text = RenderedLines(bytes)
        self.mode = mode
        self.cache = cache
    }

    /// Decodes the whole text as a struct.
    func decode(as type: ObjectType) -> DecodedBlock? {
        let key = key(.mapping, type, text.all)
        if let known = cache.answer(for: key) { return known }
        guard let made = mapping(text.all, startsInLine: false, as: type), made.isPlain else { return nil }
        let block = DecodedBlock(made)
        // A text with a new part, such as a label, is unlikely to occur again.
        if made.isOfKnownParts { cache.keep(block, for: key, size: block.cost) }
        return block
    }

    // MARK: Known parts

    private enum Kind: UInt8 { case mapping, member, item }

    /// Returns the cached result of decoding the part; calls `make` if there is no such result.
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
        // One Snapshot decodes in one mode. Types live as long as the program, so their address identifies them.
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
