public import Values

/// The counters of a Snapshot's caches.
public struct CacheCounters: Sendable {
    /// Responses to reviews.
    public let answers = CacheCounter()
    /// Reviews, one for each workload.
    public let reviews = CacheCounter()
    /// Output of parts of templates.
    public let outputs = CacheCounter()
    /// Decoded parts of rendered texts.
    public let blocks = CacheCounter()

    /// The number of caches, which share the memory equally.
    static let kinds = 4

    public init() {}
}
