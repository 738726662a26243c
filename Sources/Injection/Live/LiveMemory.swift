import Values

/// Answers about pods that run, by all that they depend on: the pods of one ReplicaSet differ in name, node, status and
/// the name of the token's volume, which no answer depends on.
///
/// A pod that comes as text has its text as the key (`LiveKey`), which takes a fifth of the time of parsing it.
///
/// For one Snapshot. Bounded by bytes; used by one thread at a time or several.
public final class LiveMemory: Sendable {
    private struct Known: Sendable {
        var answer: LiveAnswer
        /// Of a pod that came as text.
        var owner: LiveOwner?
    }

    private let answers: BoundedCache<Known>

    /// - Parameter bytes: of keys and answers; a key is a pod's JSON, about 5 KB. 0 remembers nothing.
    public init(bytes: Int = 8 << 20) { answers = BoundedCache(bytes: bytes) }

    /// Bytes that an answer without its pod takes, besides its differences.
    private static let answerBytes = 512

    /// The answer to the same question about a pod with the same text, and the pod's owner; nil if it was not asked.
    public func answer(to key: LiveKey, _ question: LiveQuestion) -> (answer: LiveAnswer, owner: LiveOwner)? {
        guard let known = answers.answer(for: Self.key(of: key, question)), let owner = known.owner else {
            return nil
        }
        return (known.answer, owner)
    }

    /// The answer to the same question, or the one that is made.
    ///
    /// - Parameter key: of the pod's text, if it came as text.
    func answer(
        about pod: LivePod, _ question: LiveQuestion, text key: LiveKey?, _ make: () -> LiveAnswer
    ) -> LiveAnswer {
        // The text of a pod that owns itself lacks the name, which is its owner's.
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
        // The pod may be large, and nobody asks for it again.
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
