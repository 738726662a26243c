#if canImport(Glibc)
    import Glibc
#endif

/// A growable run of bytes that is only ever appended to: where output is written.
///
/// Raw stores into reserved space take half the time of appending to an array of bytes. The storage comes from
/// malloc, so that it can be handed to C (`release`) without a copy.
public struct ByteBuffer: ~Copyable, @unchecked Sendable {
    @usableFromInline
    var base: UnsafeMutablePointer<UInt8>
    @usableFromInline
    var capacity: Int
    @usableFromInline
    var used: Int

    /// How many bytes were written.
    @inlinable
    public var count: Int { used }

    public init(capacity: Int = 256) {
        self.capacity = max(capacity, 16)
        base = Self.allocate(self.capacity)
        used = 0
    }

    deinit { free(base) }

    private static func allocate(_ size: Int) -> UnsafeMutablePointer<UInt8> {
        guard let memory = malloc(size) else { fatalError("out of memory: \(size) bytes") }
        return memory.assumingMemoryBound(to: UInt8.self)
    }

    /// Makes room for that many further bytes.
    @inlinable
    public mutating func reserve(_ further: Int) {
        if used + further > capacity { grow(by: further) }
    }

    /// Makes room for that many further bytes, and takes at least so many more if it has to grow: for what is large and
    /// grows to a size that is known, instead of twice as much each time.
    public mutating func reserve(_ further: Int, atLeast step: Int) {
        if used + further > capacity { resize(to: used + max(further, step)) }
    }

    @usableFromInline
    mutating func grow(by further: Int) {
        // Large blocks grow without being copied, so that they need not double.
        let larger = capacity < 1 << 20 ? capacity * 2 : capacity + capacity / 4
        resize(to: max(count + further, larger))
    }

    private mutating func resize(to size: Int) {
        capacity = size
        guard let memory = realloc(base, capacity) else { fatalError("out of memory: \(capacity) bytes") }
        base = memory.assumingMemoryBound(to: UInt8.self)
    }

    @inlinable
    public mutating func append(_ byte: UInt8) {
        reserve(1)
        base[used] = byte
        used += 1
    }

    @inlinable
    public mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
        reserve(bytes.count)
        (base + used).update(from: source, count: bytes.count)
        used += bytes.count
    }

    public mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBufferPointer { append($0) }
    }

    public mutating func append(_ bytes: ArraySlice<UInt8>) {
        bytes.withUnsafeBufferPointer { append($0) }
    }

    /// Appends the text's UTF-8.
    @inlinable
    public mutating func append(_ text: String) {
        let count = text.utf8.count
        reserve(count)
        let target = base + used
        text.withBytes { if let source = $0.baseAddress { target.update(from: source, count: count) } }
        used += count
    }

    @inlinable
    public mutating func append(_ text: StaticString) {
        append(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    @inlinable
    public mutating func append(repeating byte: UInt8, count times: Int) {
        guard times > 0 else { return }
        reserve(times)
        (base + used).update(repeating: byte, count: times)
        used += times
    }

    /// Reserves that many bytes, lets `body` write them and answer how many it wrote.
    @inlinable
    public mutating func append(upTo size: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Int) {
        reserve(size)
        used += body(base + used)
    }

    /// Drops what is after the first `length` bytes; the space is kept.
    public mutating func truncate(to length: Int) {
        precondition(length >= 0 && length <= count)
        used = length
    }

    public subscript(index: Int) -> UInt8 {
        precondition(index >= 0 && index < count)
        return base[index]
    }

    /// The bytes, for the time of the call.
    public func withBytes<R, E: Error>(_ body: (UnsafeBufferPointer<UInt8>) throws(E) -> R) throws(E) -> R {
        try body(UnsafeBufferPointer(start: base, count: count))
    }

    /// A copy of the bytes.
    public var bytes: [UInt8] { Array(UnsafeBufferPointer(start: base, count: count)) }

    /// The bytes as text; bytes that are not UTF-8 become U+FFFD.
    public var text: String {
        String(decoding: UnsafeBufferPointer(start: base, count: count), as: UTF8.self)
    }

    /// Gives the storage away: the receiver frees it with `free`.
    public consuming func release() -> UnsafeMutableBufferPointer<UInt8> {
        let result = UnsafeMutableBufferPointer(start: base, count: count)
        discard self
        return result
    }
}
