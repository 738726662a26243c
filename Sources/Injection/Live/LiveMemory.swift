import Values

/// Answers about pods that run, by all that they depend on: the pods of one ReplicaSet differ in name, node, status and
/// the name of the token's volume, which no answer depends on.
///
/// For one Snapshot. Bounded by bytes; used by one thread at a time or several.
public final class LiveMemory: Sendable {
    private let answers: BoundedCache<LiveAnswer>

    /// - Parameter bytes: of keys and answers; a key is a pod's JSON, about 5 KB. 0 remembers nothing.
    public init(bytes: Int = 8 << 20) { answers = BoundedCache(bytes: bytes) }

    /// Bytes that an answer without its pod takes, besides its differences.
    private static let answerBytes = 512

    /// The answer to the same question, or the one that is made.
    func answer(about pod: LivePod, _ question: LiveQuestion, _ make: () -> LiveAnswer) -> LiveAnswer {
        let key = Self.key(of: pod, question)
        if let known = answers.answer(for: key) { return known }
        var answer = make()
        // The pod may be large, and nobody asks for it again.
        answer.expected = nil
        let bytes = answer.differences.reduce(Self.answerBytes) { sum, difference in
            sum + difference.pointer.utf8.count + Self.size(difference.found) + Self.size(difference.expected)
        }
        answers.keep(answer, for: key, size: bytes + (answer.error?.description.utf8.count ?? 0))
        return answer
    }

    private static func size(_ value: Value?) -> Int { 64 + (value.map { JSON.text($0).utf8.count } ?? 0) }

    private static func key(of pod: LivePod, _ question: LiveQuestion) -> CacheKey {
        var text = ByteBuffer(capacity: 8 << 10)
        text.append(question.namespace)
        text.append(UInt8(ascii: "\n"))
        text.append(question.path)
        text.append(question.findsPlaces ? UInt8(ascii: "+") : UInt8(ascii: "-"))
        if let labels = question.namespaceLabels { JSON.write(.object(labels), into: &text) }
        JSON.write(.object(pod.pod.metadata), into: &text)
        JSON.write(.object(pod.pod.spec), into: &text)
        var bytes = text.bytes
        mask(&bytes)
        return CacheKey(bytes)
    }

    private static let tokenVolume = Array("\"kube-api-access-".utf8)

    /// Makes the five random letters after the name of a token's volume the same.
    private static func mask(_ bytes: inout [UInt8]) {
        var index = 0
        let count = bytes.count
        while index + tokenVolume.count + 5 <= count {
            guard let found = ByteSearch.index(of: tokenVolume, in: bytes, from: index),
                found + tokenVolume.count + 5 <= count
            else { return }
            for place in 0..<5 { bytes[found + tokenVolume.count + place] = UInt8(ascii: "x") }
            index = found + tokenVolume.count + 5
        }
    }
}
