import Values

/// A cache of answers about running pods, by everything that they depend on. The pods of one ReplicaSet differ in name,
/// node, status and the name of the token's volume, which no answer depends on.
///
/// For a pod that is received as text, the text is the key (`LiveKey`), which takes a fifth of the time of parsing it.
///
/// It belongs to one Snapshot, is bounded by bytes, and is thread-safe.
public final class LiveMemory: Sendable {
    private struct Known: Sendable {
        var answer: LiveAnswer
        /// The owner of a pod that was received as text.
        var owner: LiveOwner?
    }

    private let answers: BoundedCache<Known>

    /// - Parameter bytes: the maximum size of keys and answers; a key is a pod's JSON, about 5 KB. 0 disables the
    ///   cache.
    public init(bytes: Int = 8 << 20) { answers = BoundedCache(bytes: bytes) }

    /// The size of an answer without its pod and its differences.
    private static let answerBytes = 512

    /// The answer to the same question about a pod with the same text, and the pod's owner; nil on a cache miss.
    public func answer(to key: LiveKey, _ question: LiveQuestion) -> (answer: LiveAnswer, owner: LiveOwner)? {
        guard let known = answers.answer(for: Self.key(of: key, question)), let owner = known.owner else {
            return nil
        }
        return (known.answer, owner)
    }

    /// Returns the cached answer to the same question; calls `make` on a cache miss.
    ///
    /// - Parameter key: the key of the pod's text, if it was received as text.
    func answer(
        about pod: LivePod, _ question: LiveQuestion, text key: LiveKey?, _ make: () -> LiveAnswer
    ) -> LiveAnswer {
        // The key of a pod without a controlling workload lacks the pod's name, which is its owner's name.
        let owner = key == nil ? nil : LiveOwner(of: pod.pod)
        let isByText = owner.map { $0.kind != "Pod" } ?? false
        let cacheKey: CacheKey
        if let key, isByText {
            cacheKey = Self.key(of: key, question)
        } else {
            cacheKey = Self.key(of: pod, question)
            if let known = answers.answer(for: cacheKey) { return known.answer }
        }
        var answer = make()
        // The pod may be large, and no caller reads it from the cache.
        answer.expected = nil
        let bytes = answer.differences.reduce(Self.answerBytes) { sum, difference in
            sum + difference.pointer.utf8.count + Self.size(difference.found) + Self.size(difference.expected)
        }
        answers.keep(
            Known(answer: answer, owner: isByText ? owner : nil), for: cacheKey,
            size: bytes + (answer.error?.description.utf8.count ?? 0))
        return answer
    }

    private static func size(_ value: Value?) -> Int { 64 + (value.map { JSON.text($0).utf8.count } ?? 0) }

    private static func key(of pod: LivePod, _ question: LiveQuestion) -> CacheKey {
        var text = ByteBuffer(capacity: 8 << 10)
        text.append(UInt8(ascii: "p"))
        add(question, to: &text)
        JSON.write(.object(pod.pod.metadata), into: &text)
        JSON.write(.object(pod.pod.spec), into: &text)
        var bytes = text.bytes
        LiveKey.maskTokenVolumes(&bytes)
        return CacheKey(bytes)
    }

    private static func key(of key: LiveKey, _ question: LiveQuestion) -> CacheKey {
        var text = ByteBuffer(capacity: key.bytes.count + 512)
        text.append(UInt8(ascii: "t"))
        add(question, to: &text)
        text.append(key.bytes)
        return CacheKey(text.bytes)
    }

    private static func add(_ question: LiveQuestion, to text: inout ByteBuffer) {
        text.append(question.namespace)
        text.append(UInt8(ascii: "\n"))
        text.append(question.path)
        text.append(question.findsPlaces ? UInt8(ascii: "+") : UInt8(ascii: "-"))
        if let labels = question.namespaceLabels { JSON.write(.object(labels), into: &text) }
    }
}
