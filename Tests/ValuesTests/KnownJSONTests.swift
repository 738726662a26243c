import Testing
import Values

/// JSON that is parsed with a known document, whose values are reused, has the same result as alone.
@Suite("Known JSON")
struct KnownJSONTests {
    private enum Outcome: Equatable {
        case value(Value)
        case error(JSONError)
    }

    private static func alone(_ text: [UInt8], _ limits: JSONLimits) -> Outcome {
        do { return .value(try JSON.read(text, limits: limits)) } catch { return .error(error) }
    }

    private static func beside(
        _ known: KnownJSON, _ text: [UInt8], _ limits: JSONLimits
    ) -> (outcome: Outcome, knownBytes: Int) {
        do {
            let (value, knownBytes) = try text.withUnsafeBufferPointer { text throws(JSONError) in
                try JSON.read(text, limits: limits, beside: known)
            }
            return (.value(value), knownBytes)
        } catch { return (.error(error), 0) }
    }

    private static func known(_ text: String, _ limits: JSONLimits = .standard) throws -> KnownJSON {
        try Array(text.utf8).withUnsafeBufferPointer { try JSON.readKeeping($0, limits: limits).known }
    }

    struct Case: Sendable {
        var before: String
        var now: String
        /// The texts that are reused from the known document.
        var known: [String]
    }

    private static let cases = [
        Case(before: #"{"a":{"b":1}}"#, now: #"{"a":{"b":1}}"#, known: [#"{"a":{"b":1}}"#]),
        Case(
            before: #"{"u":"1","a":{"b":1},"c":[2]}"#, now: #"{"u":"22","a":{"b":1},"c":[2]}"#,
            known: [#"{"b":1}"#, "[2]"]),
        // White space after a container is not part of it.
        Case(before: #"{"a":{"b":1} }"#, now: #"{"a":{"b":1}}"#, known: [#"{"b":1}"#]),
        Case(
            before: #"[{"n":1},{"n":2},{"n":3}]"#, now: #"[{"n":1},{"n":9},{"n":3}]"#,
            known: [#"{"n":1}"#, #"{"n":3}"#]),
        Case(before: #"[[1],[2],[3]]"#, now: #"[[2],[3]]"#, known: ["[2]", "[3]"]),
        // An added item shifts those after it until the list ends.
        Case(before: #"{"l":[[1],[2]],"m":[3]}"#, now: #"{"l":[[0],[1],[2]],"m":[3]}"#, known: ["[3]"]),
        Case(before: #"{"a":[],"b":{}}"#, now: #"{"x":1,"a":[],"b":{}}"#, known: ["[]", "{}"]),
        Case(before: #"{"a":{"a":{"a":[1]}}}"#, now: #"{"a":[1]}"#, known: []),
        Case(before: #"[1]"#, now: #"[1"#, known: []),
        Case(before: #"[1,[2]]"#, now: #"[1 [2]]"#, known: []),
        Case(before: #"7"#, now: #"[7]"#, known: []),
        Case(before: #"{"a":[1],"a":[2]}"#, now: #"{"a":[1],"a":[3]}"#, known: ["[1]"]),
    ]

    @Test("reused parts", arguments: cases)
    func parts(_ it: Case) throws {
        let (outcome, knownBytes) = Self.beside(try Self.known(it.before), Array(it.now.utf8), .standard)
        #expect(outcome == Self.alone(Array(it.now.utf8), .standard))
        #expect(knownBytes == it.known.reduce(0) { $0 + $1.utf8.count })
    }

    @Test("a text with random changes", arguments: 1...8)
    func changed(_ seed: UInt64) throws {
        var generator = ValueGenerator(seed: seed)
        var knownBytes = 0
        for _ in 0..<300 {
            let before = generator.value(depth: 5)
            let limits = JSONLimits(depth: 3 + generator.next(6))
            let text = JSON.text(before, style: generator.next(4) == 0 ? .pretty(1) : .compact)
            guard let known = try? Self.known(text, limits) else { continue }
            for _ in 0..<6 {
                var now = Array(JSON.text(generator.changed(before)).utf8)
                for _ in 0..<generator.next(3) where !now.isEmpty {
                    switch generator.next(3) {
                    case 0: now.remove(at: generator.next(now.count))
                    case 1:
                        now.insert(
                            Array(#"{}[],:"1a "#.utf8)[generator.next(10)], at: generator.next(now.count))
                    default: now[generator.next(now.count)] = UInt8(generator.next(256))
                    }
                }
                // Also with limits that are lower than those of the known text.
                let limits = generator.next(4) == 0 ? JSONLimits(depth: generator.next(5)) : limits
                let (outcome, bytes) = Self.beside(known, now, limits)
                #expect(
                    outcome == Self.alone(now, limits),
                    "\(String(decoding: now, as: UTF8.self)) beside \(text)")
                knownBytes += bytes
            }
        }
        #expect(knownBytes > 2_000)
    }

    @Test("the memory of a known text grows with it")
    func size() throws {
        let small = try Self.known(#"{"a":[1,2,3]}"#).size
        let large = try Self.known("[" + String(repeating: #"{"a":[1,2,3]},"#, count: 999) + "0]").size
        #expect(small > 13 && large > 900 * small && large < 1_100 * small)
    }
}
