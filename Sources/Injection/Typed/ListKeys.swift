import Values

/// The identities of a list's items: the values of the merge key, or the items themselves in a list without a merge
/// key.
struct ListKeys {
    private(set) var identities: [String?]
    /// Built for long lists only. For the short lists of pods, a scan is faster.
    private var table: [String: Int]?

    init(_ items: [Value], _ key: String?) { self.init(items.map { Self.identity($0, key) }) }

    init(_ identities: [String?]) {
        self.identities = identities
        guard identities.count > 16 else { return }
        var table: [String: Int] = [:]
        table.reserveCapacity(identities.count)
        for (index, identity) in identities.enumerated() {
            if let identity, table[identity] == nil { table[identity] = index }
        }
        self.table = table
    }

    /// An item's identity; nil if it has no value for the key.
    ///
    /// The identity of a port is its number and protocol. Kubernetes' merge key is only the number, although a list may
    /// have the same number once for each protocol.
    static func identity(_ item: Value, _ key: String?) -> String? {
        guard let value = key.map({ item[$0] }) ?? item else { return nil }
        switch value {
        case .string(let text): return text
        case .int(let number):
            guard key == "containerPort" else { return String(number) }
            let transport = item["protocol"]?.string ?? ""
            return "\(number)/\(transport.isEmpty ? "TCP" : transport)"
        case .null: return nil
        default: return JSON.text(value)
        }
    }

    /// The index of the first item with that identity.
    func first(_ identity: String) -> Int? {
        table.map { $0[identity] } ?? identities.firstIndex(of: identity)
    }

    /// The index in another list of each item of this list: the n-th item with an identity is paired with the n-th item
    /// with that identity there. nil if the other list has no further item with the identity.
    func ranks(in other: ListKeys) -> [Int?] {
        var pairing = ListPairing(other)
        return identities.map { identity in identity.flatMap { pairing.take($0) } }
    }
}

/// Pairs items with those of a list by identity: the first call for an identity returns its first item, and so on.
struct ListPairing {
    private let keys: ListKeys
    /// Whether the first item with an identity was taken, for the first 64 items and for the others.
    private var taken: UInt64 = 0
    private var takenBeyond: Set<Int> = []
    /// The further items with each identity, in reverse order; built when an identity is needed a second time.
    private var twins: [String: [Int]]?

    init(_ keys: ListKeys) { self.keys = keys }

    init(_ items: [Value], _ key: String?) { keys = ListKeys(items, key) }

    init(_ identities: [String?]) { keys = ListKeys(identities) }

    /// Returns the index of the next item with that identity that was not taken yet; nil if all were taken.
    mutating func take(_ identity: String) -> Int? {
        guard let first = keys.first(identity) else { return nil }
        if first < 64 {
            if taken & 1 << UInt64(first) == 0 {
                taken |= 1 << UInt64(first)
                return first
            }
        } else if takenBeyond.insert(first).inserted {
            return first
        }
        if twins == nil { twins = furtherItems() }
        return twins?[identity]?.popLast()
    }

    private func furtherItems() -> [String: [Int]] {
        var items: [String: [Int]] = [:]
        for (index, identity) in keys.identities.enumerated().reversed() {
            if let identity { items[identity, default: []].append(index) }
        }
        // Drops the first item with each identity, which is not a further one.
        return items.mapValues { Array($0.dropLast()) }
    }
}

/// The order of a merged list.
///
/// Merges two sorted lists: the items in the patch, in the patch's order, and the others, in the original's order. The
/// next of the others goes first only if the patch's next item comes after it in the original; otherwise the patch's
/// item goes first. So new items come before old ones.
enum ListOrder {
    /// - Parameters:
    ///   - ranks: the index in the patch of each item; nil if it is not in the patch.
    ///   - originalCount: items from this index on are new.
    static func arrange(_ items: [Value], ranks: [Int?], originalCount: Int) -> [Value] {
        arrange(items, ranks: ranks) { $0 < originalCount ? $0 : nil }
    }

    /// - Parameter places: the index in the original of each item; nil if it is new.
    static func arrange(_ items: [Value], ranks: [Int?], places: [Int?]) -> [Value] {
        arrange(items, ranks: ranks) { places[$0] }
    }

    private static func arrange(_ items: [Value], ranks: [Int?], _ place: (Int) -> Int?) -> [Value] {
        var named: [(rank: Int, item: Int, place: Int?)] = []
        var others: [(item: Int, place: Int?)] = []
        for index in items.indices {
            if let rank = ranks[index] {
                named.append((rank, index, place(index)))
            } else {
                others.append((index, place(index)))
            }
        }
        named.sort { ($0.rank, $0.item) < ($1.rank, $1.item) }
        others.sort { ($0.place ?? .max, $0.item) < ($1.place ?? .max, $1.item) }
        var result: [Value] = []
        result.reserveCapacity(items.count)
        var other = 0
        for entry in named {
            while other < others.count, let place = entry.place, let before = others[other].place,
                before < place
            {
                result.append(items[others[other].item])
                other += 1
            }
            result.append(items[entry.item])
        }
        for entry in others[other...] { result.append(items[entry.item]) }
        return result
    }
}
