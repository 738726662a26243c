import PluginAPI
import Values

/// Splits a template's outermost list into segments by the parts of the data that they read. A segment with the same
/// inputs as before writes the same output as before.
struct SegmentPlan: Sendable {
    struct Segment: Sendable {
        /// The index of its first instruction.
        var start: Int32 = 0
        /// The indexes in `parts` of what it can read; nil if it may read anything, so that it is run each time.
        var parts: [Int]?
        /// The variables of the outermost list that it writes.
        var slots: [Int32] = []
        /// The number of its nodes in the list.
        var nodes = 1
    }

    /// The parts that the segments read.
    private(set) var parts: [Reads.Part] = []
    var segments: [Segment] = []
    /// The index of the `finish` after the last segment.
    var end: Int32 = 0

    /// The largest number of members that a segment reads. Nodes are added to a segment until it would read more, so
    /// that a changed member causes only a small segment to run again. Whole members of the root are not counted,
    /// because they seldom change.
    private static let memberLimit = 16

    init(_ tops: [ReadAnalysis.Top]) {
        var places: [Reads.Part: Int] = [:]
        var current: (reads: Set<Reads.Part>, isEverything: Bool, nodes: Int)?
        func close(_ plan: inout SegmentPlan) {
            guard let done = current else { return }
            let indexes = done.reads.map { part in
                if let place = places[part] { return place }
                places[part] = plan.parts.count
                plan.parts.append(part)
                return plan.parts.count - 1
            }
            plan.segments.append(
                Segment(parts: done.isEverything ? nil : indexes.sorted(), nodes: done.nodes))
            current = nil
        }
        for top in tops {
            let reads = top.reads
            if let open = current, open.isEverything == reads.isEverything,
                open.isEverything || Self.belong(open.reads, reads.parts)
            {
                current = (open.reads.union(reads.parts), open.isEverything, open.nodes + 1)
            } else {
                close(&self)
                current = (reads.parts, reads.isEverything, 1)
            }
        }
        close(&self)
        sortParts()
    }

    /// Sorts the parts so that those of the same member, and of the same field, are adjacent. Then each is looked up
    /// only once.
    private mutating func sortParts() {
        let order = parts.indices.sorted { parts[$0].order < parts[$1].order }
        var places = [Int](repeating: 0, count: parts.count)
        for (place, index) in order.enumerated() { places[index] = place }
        parts = order.map { parts[$0] }
        for index in segments.indices {
            segments[index].parts = segments[index].parts.map { $0.map { places[$0] }.sorted() }
        }
    }

    private static func belong(_ open: Set<Reads.Part>, _ new: Set<Reads.Part>) -> Bool {
        // Labels differ between any two ReplicaSets, so segments that read them are usually run. They are kept separate
        // from others.
        guard open.contains(where: \.isOfLabels) == new.contains(where: \.isOfLabels) else { return false }
        return new.isSubset(of: open) || open.union(new).count(where: { $0.field != nil }) <= memberLimit
    }

    /// Whether the plan saves any work.
    var isUseful: Bool { segments.contains { $0.parts != nil } }
}

/// The values that a plan's segments read, encoded as bytes that differ if the values do.
struct SegmentInputs {
    private let bytes: [UInt8]
    /// The range of each part.
    private let ranges: [Range<Int>]
    private let template: Int

    /// - Parameters:
    ///   - known: a root whose members are encoded as unchanged if they are the same memory.
    ///   - template: distinguishes the keys of templates.
    /// - Returns: nil if a value is nested too deeply to be encoded.
    init?(_ plan: SegmentPlan, of root: Object, known: Object, template: Int) {
        var bytes = ByteBuffer(capacity: 4096)
        var ranges: [Range<Int>] = []
        ranges.reserveCapacity(plan.parts.count)
        var member = (value: Value?.none, isKnown: false)
        var field = Value?.none
        let isWhole = plan.parts.withBorrowedItems { parts in
            for index in 0..<parts.count {
                let isOfSameMember =
                    index > 0
                    && parts[index].content.member.hasSameBytes(as: parts[index - 1].content.member)
                if !isOfSameMember {
                    let value = root[parts[index].content.member]
                    member = (value, Self.isSame(value, known[parts[index].content.member]))
                }
                let start = bytes.count
                if member.isKnown {
                    bytes.append(Tag.known)
                } else {
                    if !isOfSameMember || parts[index].content.field != parts[index - 1].content.field {
                        field = Self.value(of: parts[index].content.field, in: member.value)
                    }
                    let isAppended =
                        parts[index].content.key == nil
                        ? Self.append(field, to: &bytes, depth: 0)
                        : Self.append(
                            Self.value(of: parts[index].content.key, in: field), to: &bytes, depth: 0)
                    guard isAppended else { return false }
                }
                ranges.append(start..<bytes.count)
            }
            return true
        }
        guard isWhole else { return nil }
        self.bytes = bytes.bytes
        self.ranges = ranges
        self.template = template
    }

    /// Returns the key of all inputs of a segment.
    func key(of parts: [Int], at index: Int) -> CacheKey {
        let head = (template, index)
        let count = parts.reduce(0) { $0 + ranges[$1].count }
        return CacheKey(
            [UInt8](unsafeUninitializedCapacity: count + MemoryLayout.size(ofValue: head)) { buffer, used in
                guard let target = UnsafeMutableRawPointer(buffer.baseAddress) else { return }
                func put(_ source: UnsafeRawBufferPointer) {
                    guard let base = source.baseAddress else { return }
                    (target + used).copyMemory(from: base, byteCount: source.count)
                    used += source.count
                }
                withUnsafeBytes(of: head, put)
                bytes.withUnsafeBytes { bytes in
                    for part in parts { put(UnsafeRawBufferPointer(rebasing: bytes[ranges[part]])) }
                }
            })
    }

    /// Returns the entry of a map. If the value is not a map, returns the whole value.
    private static func value(of key: String?, in map: Value?) -> Value? {
        guard let key, case .object(let object)? = map else { return map }
        return object[key]
    }

    /// Whether both are identical: the same memory, or equal scalars.
    private static func isSame(_ one: Value?, _ other: Value?) -> Bool {
        switch (one, other) {
        case (nil, nil): true
        case (.object(let one)?, .object(let other)?): isSameMemory(one.members, other.members)
        case (.array(let one)?, .array(let other)?): isSameMemory(one, other)
        case (.object?, _), (.array?, _), (nil, _), (_, nil): false
        case (let one?, let other?): one == other
        }
    }

    private static func isSameMemory<Element>(_ one: [Element], _ other: [Element]) -> Bool {
        one.count == other.count
            && one.withUnsafeBufferPointer { one in
                other.withUnsafeBufferPointer { one.baseAddress == $0.baseAddress }
            }
    }

    private enum Tag {
        static let known: UInt8 = 0
        static let absent: UInt8 = 1
        static let null: UInt8 = 2
        static let no: UInt8 = 3
        static let yes: UInt8 = 4
        static let int: UInt8 = 5
        static let double: UInt8 = 6
        static let string: UInt8 = 7
        static let array: UInt8 = 8
        static let object: UInt8 = 9
    }

    /// The greatest nesting depth of an encoded value. Pods have a depth of about 12.
    private static let depthLimit = 64

    /// Appends a value. It begins with its kind and its size, so that different sequences of values never have the same
    /// bytes.
    private static func append(_ value: Value?, to bytes: inout ByteBuffer, depth: Int) -> Bool {
        guard depth < depthLimit else { return false }
        switch value {
        case nil: bytes.append(Tag.absent)
        case .null?: bytes.append(Tag.null)
        case .bool(let bool)?: bytes.append(bool ? Tag.yes : Tag.no)
        case .int(let number)?: append(Tag.int, UInt64(bitPattern: number), to: &bytes)
        case .double(let number)?: append(Tag.double, number.bitPattern, to: &bytes)
        case .string(let text)?: append(Tag.string, text, to: &bytes)
        case .array(let items)?:
            append(Tag.array, UInt64(items.count), to: &bytes)
            return items.withBorrowedItems { items in
                for index in 0..<items.count
                where !append(items[index].content, to: &bytes, depth: depth + 1) {
                    return false
                }
                return true
            }
        case .object(let object)?:
            append(Tag.object, UInt64(object.count), to: &bytes)
            return object.members.withBorrowedItems { members in
                for index in 0..<members.count {
                    append(Tag.string, members[index].content.key, to: &bytes)
                    guard append(members[index].content.value, to: &bytes, depth: depth + 1) else {
                        return false
                    }
                }
                return true
            }
        }
        return true
    }

    private static func append(_ tag: UInt8, _ number: UInt64, to bytes: inout ByteBuffer) {
        bytes.append(upTo: 9) { target in
            target[0] = tag
            UnsafeMutableRawPointer(target + 1).storeBytes(of: number, as: UInt64.self)
            return 9
        }
    }

    private static func append(_ tag: UInt8, _ text: String, to bytes: inout ByteBuffer) {
        text.withBytes { text in
            bytes.append(upTo: 9 + text.count) { target in
                target[0] = tag
                UnsafeMutableRawPointer(target + 1).storeBytes(of: UInt64(text.count), as: UInt64.self)
                if let source = text.baseAddress { (target + 9).update(from: source, count: text.count) }
                return 9 + text.count
            }
        }
    }
}
