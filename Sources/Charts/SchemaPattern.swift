import CRE2

/// Matches the regular expressions of schemas with RE2. Matching takes linear time, so no pattern of a chart can hang
/// it.
enum SchemaPattern {
    /// The memory limit of one pattern and its automaton.
    private static let memory: Int64 = 4 << 20

    /// Whether a pattern matches anywhere in a text. A pattern that RE2 cannot compile matches everything.
    static func matches(_ pattern: String, _ text: String, _ steps: inout Int) -> Bool {
        steps -= 1 + (pattern.utf8.count + text.utf8.count) / 64
        var handle: OpaquePointer?
        var problem = [CChar](repeating: 0, count: 64)
        let bytes = Array(pattern.utf8)
        _ = bytes.withUnsafeBytes { raw in
            pillion_regex_compile(
                raw.baseAddress?.assumingMemoryBound(to: CChar.self), raw.count, memory, &handle, &problem,
                problem.count)
        }
        guard let handle else { return true }
        defer { pillion_regex_free(handle) }
        var offsets = [Int](repeating: -1, count: 2)
        let subject = Array(text.utf8)
        return subject.withUnsafeBytes { raw in
            pillion_regex_match(
                handle, raw.baseAddress?.assumingMemoryBound(to: CChar.self), raw.count, 0, &offsets, 1)
        } == 1
    }
}
