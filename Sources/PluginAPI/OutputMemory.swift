import Synchronization
public import Values

/// What the templates of one configuration wrote before, so that the same need not be written again; within a number
/// of bytes for all of them.
///
/// An engine that has a use for it keeps there what a part of a template wrote, by all that the part reads. Templates
/// are distinguished by `number()`.
public final class OutputMemory: Sendable {
    /// What a part of a template did.
    public final class Output: Sendable {
        public let bytes: [UInt8]
        /// What it used of the limits.
        public let steps: Int
        public let depth: Int
        /// What the engine needs besides to go on after the part.
        public let state: (any Sendable)?

        public init(bytes: [UInt8], steps: Int, depth: Int, state: (any Sendable)? = nil) {
            self.bytes = bytes
            self.steps = steps
            self.depth = depth
            self.state = state
        }
    }

    private let cache: BoundedCache<Output>
    private let templates = Atomic<Int>(0)

    /// - Parameter bytes: 0 keeps nothing.
    public init(bytes: Int, _ counter: CacheCounter = CacheCounter()) {
        cache = BoundedCache(bytes: bytes, counter)
    }

    public var isOn: Bool { cache.isOn }

    /// A number that no other template of this memory has.
    public func number() -> Int { templates.wrappingAdd(1, ordering: .relaxed).newValue }

    public func output(for key: CacheKey) -> Output? { cache.answer(for: key) }

    public func keep(_ output: Output, for key: CacheKey) {
        cache.keep(output, for: key, size: output.bytes.count + 64)
    }
}
