#if canImport(Glibc)
    import Glibc
#endif

/// A growable buffer of bytes for output, which can only be appended to.
///
/// Raw stores into reserved space take half the time of appending to an array of bytes. The storage is allocated with
/// malloc, so that it can be passed to C (`release`) without a copy.
public struct ByteBuffer: ~Copyable, @unchecked Sendable {
    @usableFromInline
    var base: UnsafeMutablePointer<UInt8>
    @usableFromInline
    var capacity: Int
    @usableFromInline
    var used: Int

    /// The number of bytes that have been written.
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

    /// Reserves room for that many further bytes.
    @inlinable
    public mutating func reserve(_ further: Int) {
        if used + further > capacity { grow(by: further) }
    }

    /// Reserves room for that many further bytes. If the buffer must grow, it grows by at least `step` bytes, instead
    /// of doubling. This is for large content whose final size is limited.
    public mutating func reserve(_ further: Int, atLeast step: Int) {
        if used + further > capacity { resize(to: used + max(further, step)) }
    }

    @usableFromInline
    mutating func grow(by further: Int) {
        // Large blocks can grow without being copied, so they need not double.
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

    /// Appends the string's UTF-8.
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

    /// Reserves that many bytes and calls `body`, which writes them and returns how many it wrote.
    @inlinable
    public mutating func append(upTo size: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Int) {
        reserve(size)
        used += body(base + used)
    }

    /// Removes everything after the first `length` bytes. The capacity is kept.
    public mutating func truncate(to length: Int) {
        precondition(length >= 0 && length <= count)
        used = length
    }

    public subscript(index: Int) -> UInt8 {
        precondition(index >= 0 && index < count)
        return base[index]
    }

    /// Calls a closure with the bytes.
    public func withBytes<R, E: Error>(_ body: (UnsafeBufferPointer<UInt8>) throws(E) -> R) throws(E) -> R {
        try body(UnsafeBufferPointer(start: base, count: count))
    }

    /// A copy of the bytes.
    public var bytes: [UInt8] { Array(UnsafeBufferPointer(start: base, count: count)) }

    /// The bytes as a string. Bytes that are not UTF-8 become U+FFFD.
    public var text: String {
        String(decoding: UnsafeBufferPointer(start: base, count: count), as: UTF8.self)
    }

    /// Releases ownership of the storage. The caller must free it with `free`.
    public consuming func release() -> UnsafeMutableBufferPointer<UInt8> {
        let result = UnsafeMutableBufferPointer(start: base, count: count)
        discard self
        return result
    }
}
