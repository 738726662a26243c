import Values

/// Maps the distinct substrings of one text to values, so that a substring that occurs several times is looked up,
/// converted to a string and stored only once.
struct TextTable: ~Copyable {
    // Not private: Swift 6.3.1 cannot synthesise the deinit of a private type's pool in another file.
    struct Entry {
        var start: Int32
        var length: Int32
        var hash: UInt64
        var value: Int32
    }

    private var entries = Pool<Entry>(capacity: 8)
    /// A hash table of indexes of entries, -1 for empty slots. Its size is a power of two, and it is at most half full.
    /// It is not created for the few entries of a small template, which are searched linearly.
    private var slots = Pool<Int32>(capacity: 0)
    private var mask = 0

    private static let scanned = 8
    private static let leastSlots = 256

    /// Returns the value that was stored for the same text before, or stores `value` and returns nil.
    ///
    /// - Parameters:
    ///   - start, length: the text within `bytes`, which must be the same for every call.
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
