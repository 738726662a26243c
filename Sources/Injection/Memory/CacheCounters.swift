public import Values

/// The counters of a Snapshot's caches.
public struct CacheCounters: Sendable {
    /// Answers to reviews.
    public let answers = CacheCounter()
    /// Reviews of workloads whose pods were seen.
    public let reviews = CacheCounter()
    /// What templates wrote.
    public let outputs = CacheCounter()
    /// Parts of rendered texts.
    public let blocks = CacheCounter()

    /// So many caches share the bytes, each the same.
    static let kinds = 4

    public init() {}
}
