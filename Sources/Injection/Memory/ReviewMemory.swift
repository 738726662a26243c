import PluginAPI
import Values

/// What is remembered between the reviews of one Snapshot, so that a pod like an earlier one costs less.
///
/// None of it changes an answer. A reader who wants to know what Pillion does may take every function here for one that
/// finds nothing; what each cache saves is in docs/performance.md.
struct ReviewMemory: Sendable {
    /// Responses, by everything in the request that they depend on.
    private let answers: BoundedCache<KnownAnswer>
    /// One review of each workload, for the reviews of its other pods.
    private let reviews: BoundedCache<KnownReview>
    /// Parts of rendered texts that were decoded.
    let blocks: BoundedCache<DecodedBlock>

    /// - Parameters:
    ///   - bytes: for all caches together; 0 remembers nothing.
    ///   - isPure: whether the same request always has the same answer. It has another one each time where a template
    ///     reads the clock or random numbers.
    init(bytes: Int, counters: CacheCounters, isPure: Bool) {
        let share = bytes / CacheCounters.kinds
        answers = BoundedCache(bytes: isPure ? share : 0, counters.answers)
        reviews = BoundedCache(bytes: share, counters.reviews)
        blocks = BoundedCache(bytes: share, counters.blocks)
    }

    /// The key of a review; nil where it is not remembered.
    func key(
        of body: UnsafeBufferPointer<UInt8>, path: String, options: ReviewOptions
    ) -> ReviewKey? {
        guard answers.isOn || reviews.isOn, options.takesKnownAnswers else { return nil }
        return ReviewKey(body, path: path)
    }

    /// Writes the response to an earlier review that differs in nothing that is read, with this one's uid; nil where
    /// there was no such review.
    func answer(
        _ body: UnsafeBufferPointer<UInt8>, _ key: ReviewKey, into output: inout ByteBuffer
    ) -> ReviewReport? {
        guard let known = answers.answer(for: key.cacheKey) else { return nil }
        return known.write(uid: UnsafeBufferPointer(rebasing: body[key.uid]), into: &output)
    }

    /// Remembers a response, unless it is an error.
    ///
    /// - Parameter start: where the response begins in the output.
    func keep(
        _ output: borrowing ByteBuffer, from start: Int, _ report: ReviewReport, for key: ReviewKey
    ) {
        guard report.error == nil else { return }
        let answer = output.withBytes { KnownAnswer(UnsafeBufferPointer(rebasing: $0[start...]), report) }
        answers.keep(answer, for: key.cacheKey, size: answer.size)
    }

    /// Parses a review, reusing values of the last review of the same workload where the text is identical.
    ///
    /// The pods of a workload differ in their names, a label, a volume. Where less than half of the text is identical,
    /// the remembered review is forgotten, and the next one takes its place.
    ///
    /// - Returns: the review's value, and what is remembered of its workload.
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
