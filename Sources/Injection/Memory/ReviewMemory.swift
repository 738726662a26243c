import PluginAPI
import Values

/// The caches that are kept between the reviews of one Snapshot, so that a pod similar to an earlier one costs less.
///
/// No cache changes an answer. To understand what Pillion does, you may assume that every lookup here is a miss. The
/// effect of each cache is in docs/performance.md.
struct ReviewMemory: Sendable {
    /// Responses, by all parts of the request that they depend on.
    private let answers: BoundedCache<KnownAnswer>
    /// One review of each workload, for the reviews of its other pods.
    private let reviews: BoundedCache<KnownReview>
    /// Parts of rendered texts that were decoded.
    let blocks: BoundedCache<DecodedBlock>
    /// A pod for those whose workload has no known review; nil if caches are disabled.
    let goodPod: GoodPod?

    /// - Parameters:
    ///   - bytes: the size of all caches together; 0 disables them.
    ///   - isPure: whether the same request always has the same answer. It does not if a template reads the clock or
    ///     random numbers.
    init(bytes: Int, counters: CacheCounters, isPure: Bool) {
        let share = bytes / CacheCounters.kinds
        answers = BoundedCache(bytes: isPure ? share : 0, counters.answers)
        reviews = BoundedCache(bytes: share, counters.reviews)
        blocks = BoundedCache(bytes: share, counters.blocks)
        goodPod = bytes > 0 ? GoodPod() : nil
    }

    /// The key of a review; nil if it is not cached.
    func key(
        of body: UnsafeBufferPointer<UInt8>, path: String, options: ReviewOptions
    ) -> ReviewKey? {
        guard answers.isOn || reviews.isOn, options.takesKnownAnswers else { return nil }
        return ReviewKey(body, path: path)
    }

    /// Writes the cached response of an earlier review that differs in nothing that is read, with the uid of this one.
    /// nil on a cache miss.
    func answer(
        _ body: UnsafeBufferPointer<UInt8>, _ key: ReviewKey, into output: inout ByteBuffer
    ) -> ReviewReport? {
        guard let known = answers.answer(for: key.cacheKey) else { return nil }
        return known.write(uid: UnsafeBufferPointer(rebasing: body[key.uid]), into: &output)
    }

    /// Caches a response, unless it is an error.
    ///
    /// - Parameter start: the offset of the response in the output.
    func keep(
        _ output: borrowing ByteBuffer, from start: Int, _ report: ReviewReport, for key: ReviewKey
    ) {
        guard report.error == nil else { return }
        let answer = output.withBytes { KnownAnswer(UnsafeBufferPointer(rebasing: $0[start...]), report) }
        answers.keep(answer, for: key.cacheKey, size: answer.size)
    }

    /// Parses a review, reusing values of an earlier review of the same workload where the text is identical.
    ///
    /// The pods of a workload differ in their names, a label or a volume. If less than half of the text is identical,
    /// the cached review is removed, so that the next one replaces it.
    ///
    /// - Returns: the review's value, and the cached review of its workload.
    func read(
        _ body: UnsafeBufferPointer<UInt8>, _ key: ReviewKey?
    ) throws(JSONError) -> (value: Value, known: KnownReview?) {
        let limits = Pipeline.reviewLimits
        guard let key, reviews.isOn else { return (try JSON.read(body, limits: limits), nil) }
        let workload = key.workload(in: body)
        if let known = reviews.answer(for: workload) {
            let (value, knownBytes) = try JSON.read(body, limits: limits, beside: known.body)
            if knownBytes < body.count / 2 { reviews.remove(workload) }
            return (value, known)
        }
        let (value, read) = try JSON.readKeeping(body, limits: limits)
        let known = KnownReview(read)
        reviews.keep(known, for: workload, size: known.size)
        return (value, known)
    }
}
