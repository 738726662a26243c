import GoTemplate
import PluginAPI
import TestSupport
import Testing
import Values

/// Calls every function with odd arguments; it must return a value or an error.
@Suite struct FunctionArgumentTests {
    private static let odd = [
        "nil", "0", "-1", "1", "7", "9223372036854775807", "(int64 \"-9223372036854775808\")", "2.5", "1e308",
        "true",
        "\"\"", "\"a\"", "\"é\\xff\"", "\"%\"", "\"[(\"", "\"a.b/c?d=%zz\"", "\"\\n x \\n\"", "\"-1h\"",
        "\"1.2-x+y\"",
        "(list)", "(list 1 nil \"a\")", "(dict)", "(dict \"a\" nil \"b\" (list 1))", "(until 3)",
        "(semver \"1\")",
        "(toDate \"2006\" \"2006\")", "(splitList \",\" \"a,\")", ".", ".a", ".Spec",
        "\"2006-01-02T15:04:05Z07:00 MST\"",
        "\"$\"", "\"$${0}\"", "(repeat 70 \"ab\")",
    ]

    /// Calls each function with each odd argument; a generator with a fixed seed chooses the other arguments.
    @Test(arguments: StandardFunctions.all.map(\.name)) func nothingCrashes(set: String) {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        func next() -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state >> 33)
        }
        var limits = RenderLimits.server
        limits.steps = 20_000
        limits.functionBytes = 100_000
        let data: Value = ["a": [1, "x", .null], "Spec": ["b": ["c": 2.5]]]
        let functions = GoTemplateRenderer().functions.filter { $0.set == set && $0.name != "derivePassword" }
        #expect(functions.count >= 10)
        var answered = 0
        for function in functions {
            for argument in Self.odd {
                var arguments = (0..<(1 + next() % 4)).map { _ in Self.odd[next() % Self.odd.count] }
                arguments[next() % arguments.count] = argument
                let call = "{{ \(function.name) \(arguments.joined(separator: " ")) }}"
                let (output, error) = rendered(call, sets: ["sprig", set], data: data, limits: limits)
                if error == nil || !output.isEmpty { answered += 1 }
            }
        }
        #expect(answered > functions.count)
    }
}
