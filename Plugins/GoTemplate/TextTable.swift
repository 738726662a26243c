import Values

/// Pieces of one text, each once: what a template writes many times is looked up, made into a string and stored one
/// time.
struct TextTable: ~Copyable {
    // Not private: Swift 6.3.1 cannot make the deinit of a private type's pool in another file.
    struct Entry {
        var start: Int32
        var length: Int32
        var hash: UInt64
        var value: Int32
    }

    private var entries = Pool<Entry>(capacity: 8)
    /// Indexes of entries, -1 for none, where the hash leads; a power of two, at most half full. Not made for the few
    /// entries of a small template, which are looked through one after the other.
    private var slots = Pool<Int32>(capacity: 0)
    private var mask = 0

    private static let scanned = 8
    private static let leastSlots = 256

    /// What was stored for the same text before, or nil after storing `value`.
    ///
    /// - Parameters:
    ///   - start, length: the text within `bytes`, which are the same with every call.
    mutating func value(
        of bytes: UnsafePointer<UInt8>, start: Int, length: Int, orStore value: Int32
    ) -> Int32? {
        let text = UnsafeBufferPointer(start: bytes + start, count: length)
        let hash = ByteHash.hash(UnsafeRawBufferPointer(text))
        if slots.count == 0 {
            for index in 0..<entries.count where isEntry(index, text, hash, in: bytes) {
                return entries[index].value
            }
        } else {
            var slot = Int(truncatingIfNeeded: hash) & mask
            while slots[slot] >= 0 {
                if isEntry(Int(slots[slot]), text, hash, in: bytes) {
                    return entries[Int(slots[slot])].value
                }
                slot = (slot + 1) & mask
            }
            slots.base[slot] = Int32(entries.count)
        }
        entries.append(Entry(start: Int32(start), length: Int32(length), hash: hash, value: value))
        if entries.count > TextTable.scanned, entries.count * 2 > slots.count { enlarge() }
        return nil
    }

    @inline(__always)
    private func isEntry(
        _ index: Int, _ text: UnsafeBufferPointer<UInt8>, _ hash: UInt64, in bytes: UnsafePointer<UInt8>
    ) -> Bool {
        let entry = entries[index]
        return entry.hash == hash
            && GoText.isEqual(
                text, UnsafeBufferPointer(start: bytes + Int(entry.start), count: Int(entry.length)))
    }

    private mutating func enlarge() {
        let size = max(slots.count * 4, TextTable.leastSlots)
        mask = size - 1
        slots = Pool(repeating: -1, count: size)
        for index in 0..<entries.count {
            var slot = Int(truncatingIfNeeded: entries[index].hash) & mask
            while slots[slot] >= 0 { slot = (slot + 1) & mask }
            slots.base[slot] = Int32(index)
        }
    }
}
