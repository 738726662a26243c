import Testing
import Values

@Suite("Reading JSON")
struct JSONReaderTests {
    private func error(_ text: String) -> String? {
        do {
            _ = try JSON.read(text)
            return nil
        } catch {
            return "\(error.code.rawValue) \(error.offset): \(error.message)"
        }
    }

    static let kinds: [(String, Value)] = [
        ("null", Value.null), (" true ", .bool(true)), ("false", .bool(false)), ("0", .int(0)),
        ("-0", .int(0)),
        ("-12", .int(-12)), ("9223372036854775807", .int(.max)), ("-9223372036854775808", .int(.min)),
        ("9223372036854775808", .double(9_223_372_036_854_775_808)), ("1.0", .double(1)),
        ("1e3", .double(1000)),
        ("-0.0", .double(-0.0)), ("1E-2", .double(0.01)), ("5e-324", .double(.leastNonzeroMagnitude)),
        ("1e-400", .double(0)),
        ("1.7976931348623157e308", .double(.greatestFiniteMagnitude)), ("\"\"", ""),
        ("\"a\\nb\"", "a\nb"),
        ("\"\\u00e9\"", "é"), ("\"\\ud83d\\ude00\"", "😀"), ("[]", []), ("{}", [:]),
        ("[1,[2,{}],3]", [1, [2, [:]], 3]),
        ("{\"a\":1,\"b\":{\"c\":[]}}", ["a": 1, "b": ["c": []]]), ("\t[ 1 ,\r\n2 ] ", [1, 2]),
    ]

    @Test("values of every kind", arguments: kinds)
    func everyKind(text: String, expected: Value) throws { #expect(try JSON.read(text) == expected) }

    @Test("halves of surrogate pairs and bad bytes become U+FFFD, one each")
    func repairs() throws {
        #expect(try JSON.read("\"\\ud83d\"") == "\u{FFFD}")
        #expect(try JSON.read("\"\\ude00x\"") == "\u{FFFD}x")
        #expect(try JSON.read("\"\\ud83d\\u0041\"") == "\u{FFFD}A")
        #expect(try JSON.read("\"\\ud83d\\ud83d\\ude00\"") == "\u{FFFD}😀")
        #expect(try JSON.read([0x22, 0xFF, 0xE2, 0x82, 0x22]) == "\u{FFFD}\u{FFFD}\u{FFFD}")
        #expect(try JSON.read([0x22, 0xED, 0xA0, 0x80, 0x22]) == "\u{FFFD}\u{FFFD}\u{FFFD}")
    }

    @Test("of equal keys the last value wins at the first place")
    func repeatedKeys() throws {
        #expect(JSON.text(try JSON.read("{\"a\":1,\"b\":2,\"a\":3}")) == "{\"a\":3,\"b\":2}")
        #expect(JSON.text(try JSON.read("{\"ab\":1,\"a\\u0062\":2}")) == "{\"ab\":2}")
        // Keys that are canonically equivalent in Unicode but have other bytes are two keys.
        #expect(try JSON.read("{\"\\u00e9\":1,\"e\\u0301\":2}").object?.count == 2)
        let many = (0..<40).map { "\"k\($0 % 20)\":\($0)" }.joined(separator: ",")
        let object = try #require(try JSON.read("{\(many)}").object)
        #expect(object.count == 20)
        #expect(object["k3"] == 23)
    }

    @Test(
        "errors say what was found and what was expected",
        arguments: [
            ("", "unexpected_end 0: found the end of the text, expected a value"),
            ("{\"a\":}", "unexpected_byte 5: found '}', expected a value"),
            ("[1,]", "unexpected_byte 3: found ']', expected a value"),
            ("[1 2]", "unexpected_byte 3: found '2', expected ',' or ']'"),
            ("{\"a\" 1}", "unexpected_byte 5: found '1', expected ':'"),
            ("{,}", "unexpected_byte 1: found ',', expected a key or '}'"),
            ("{\"a\":1,}", "unexpected_byte 7: found '}', expected a key"),
            ("1 x", "unexpected_byte 2: found 'x', expected the end of the text"),
            ("nul", "unexpected_end 3: found the end of the text, expected 'null'"),
            ("nulx", "unexpected_byte 3: found 'x', expected 'null'"),
            ("01", "bad_number 1: found '1', expected no digit after a leading zero"),
            ("1.", "unexpected_end 2: found the end of the text, expected a digit after '.'"),
            ("1.x", "bad_number 2: found 'x', expected a digit after '.'"),
            ("-x", "bad_number 1: found 'x', expected a digit after '-'"),
            ("1e400", "bad_number 0: found '1', expected a number of at most 1.7976931348623157e308"),
            ("\"a", "unexpected_end 2: found the end of the text, expected '\"' at the end of a string"),
            (
                "\"\\x\"",
                "bad_escape 1: found '\\' before 'x', expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u"
            ),
            ("\"\\u12g4\"", "bad_escape 5: found 'g', expected four hexadecimal digits after \\u"),
            ("\"\t\"", "control_character 1: found byte 0x09 in a string, expected it escaped"),
            ("\u{FEFF}1", "unexpected_byte 0: found a byte order mark, expected a value"),
        ])
    func errors(text: String, expected: String) { #expect(error(text) == expected) }

    @Test("depth has a limit that costs no stack")
    func depth() {
        let open = String(repeating: "[", count: 1_001)
        #expect(error(open)?.hasPrefix("too_deep 1000:") == true)
        let shallow = JSONLimits(depth: 2)
        #expect(throws: Never.self) { try JSON.read("[[1]]", limits: shallow) }
        #expect(throws: JSONError.self) { try JSON.read("[[{}]]", limits: shallow) }
    }

    @Test("a text longer than its limit is refused")
    func size() {
        #expect(throws: JSONError(code: .tooLong, offset: 3, message: "found 4 bytes, expected at most 3")) {
            try JSON.read("1234", limits: JSONLimits(bytes: 3))
        }
    }
}
