import Values

extension Snapshot {
    /// Reads a review's body beside the last one of the same workload that was read as a whole.
    ///
    /// The pods of a workload differ in their names, a label, a volume: the rest has been read already. Where less than
    /// half is known, that body is forgotten, and the next one takes its place.
    ///
    /// - Parameter workload: nil where nothing is to be remembered.
    func read(
        _ body: UnsafeBufferPointer<UInt8>, of workload: CacheKey?
    ) throws(JSONError) -> Value {
        let limits = JSONLimits(depth: Pipeline.maximumDepth)
        guard let workload, reviews.isOn else { return try JSON.read(body, limits: limits) }
        if let known = reviews.answer(for: workload) {
            let (value, knownBytes) = try JSON.read(body, limits: limits, beside: known)
            if knownBytes < body.count / 2 { reviews.remove(workload) }
            return value
        }
        let (value, known) = try JSON.readKeeping(body, limits: limits)
        reviews.keep(known, for: workload, size: known.size)
        return value
    }
}
