import Synchronization
public import Values

/// A cache of the output of one configuration's templates, so that the same output is not rendered again. Its size in
/// bytes is limited.
///
/// An engine that supports it stores the output of a part of a template, with everything that the part reads as the
/// key. Templates are distinguished by `number()`.
public final class OutputMemory: Sendable {
    /// The result of a part of a template.
    public final class Output: Sendable {
        public let bytes: [UInt8]
        /// The steps and depth that count against the limits.
        public let steps: Int
        public let depth: Int
        /// Additional state that the engine needs to continue after the part.
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

    /// - Parameter bytes: the maximum size; 0 disables the cache.
    public init(bytes: Int, _ counter: CacheCounter = CacheCounter()) {
        cache = BoundedCache(bytes: bytes, counter)
    }

    public var isOn: Bool { cache.isOn }

    /// Returns a number that is unique among the templates of this cache.
    public func number() -> Int { templates.wrappingAdd(1, ordering: .relaxed).newValue }

    public func output(for key: CacheKey) -> Output? { cache.answer(for: key) }

    public func keep(_ output: Output, for key: CacheKey) {
        cache.keep(output, for: key, size: output.bytes.count + 64)
    }
}
