public import Values

/// The counters of a Snapshot's caches.
public struct CacheCounters: Sendable {
    /// Answers to reviews.
    public let answers = CacheCounter()
    /// What templates wrote.
    public let outputs = CacheCounter()
    /// Parts of rendered texts.
    public let blocks = CacheCounter()

    public init() {}
}
