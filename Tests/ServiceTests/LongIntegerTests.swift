import Service
import Testing
import Values
import YAML

/// Integers beyond 64 bits keep their digits through `--format`, and keys keep their text.
@Suite struct LongIntegerTests {
    private func yaml(_ text: String) throws -> String {
        let value = try YAMLReader.value(text, options: YAMLOptions(keepsKeys: true))
        return LongIntegers.text(of: value, in: Array(text.utf8)) { YAMLWriter.text($0, order: .asGiven) }
    }

    private func json(_ text: String) throws -> String {
        LongIntegers.text(of: try JSON.read(text), in: Array(text.utf8)) { JSON.text($0) }
    }

    @Test(arguments: [
        "a: 12345678901234567890\n", "- 123456789012345678901234567890\n- -98765432109876543210\n",
        "a:\n  b:\n  - 18446744073709551616\n  - integer0n\n", "a: 9223372036854775807\n",
        "a: 1.2345678901234568e+29\n", "integerxx: 18446744073709551617\n",
    ])
    func staysInYAML(_ text: String) throws {
        #expect(try yaml(text) == text)
    }

    @Test(arguments: [
        #"{"a":12345678901234567890}"#, #"[123456789012345678901234567890,{"a\"b":-98765432109876543210}]"#,
        #"["integer0n",18446744073709551616,"12345678901234567890"]"#, #"{"a":9223372036854775807}"#,
        "18446744073709551616",
    ])
    func staysInJSON(_ text: String) throws {
        #expect(try json(text) == text)
    }

    @Test(arguments: ["on", "yes", "null", "1.5", "0x10", "12345678901234567890", "~", "true"])
    func keepsKeys(_ key: String) throws {
        for text in ["\(key): 1\n", "a: {\(key): 1}\n", "# c\n---\n\(key): 1 # libyaml's way: \u{e4}\n"] {
            let value = try YAMLReader.documents(Array(text.utf8), options: YAMLOptions(keepsKeys: true))
                .first { !$0.isEmpty }?.value
            #expect((value?["a"] ?? value)?[key] == 1, "\(text)")
        }
    }
}
