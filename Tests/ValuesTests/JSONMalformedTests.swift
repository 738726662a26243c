import Testing
import Values

/// JSON that must be accepted (y), must be refused (n), or may be either (i), for which this test records the choice.
@Suite("Malformed and unusual JSON")
struct JSONMalformedTests {
    private func isRead(_ bytes: [UInt8]) -> Bool { (try? JSON.read(bytes)) != nil }

    @Test(
        "y: must be read",
        arguments: [
            "[[]   ]", "[\"\"]", "[]", "[\"a\"]", "[false]", "[null, 1, \"1\", {}]", "[null]", "[1\n]",
            " [1]",
            "[1,null,null,null,2]", "[2] ", "[123e65]", "[0e+1]", "[0e1]", "[ 4]", "[-0]", "[-123]", "[-1]",
            "[-0]",
            "[1E22]", "[1E-2]", "[1E+2]", "[123e45]", "[123.456e78]", "[1e-2]", "[1e+2]", "[123]",
            "[123.456789]",
            "[-0.000000000000000000000000000000000000000000000000000000000000000000000000000000001]",
            "{\"asd\":\"sdf\", \"dfg\":\"fgh\"}", "{\"a\":\"b\",\"a\":\"c\"}", "{}", "{\"\":0}",
            "{\"foo\\u0000bar\": 42}",
            "{ \"min\": -1.0e+28, \"max\": 1.0e+28 }", "{\"a\":[]}", "{\n\"a\": \"b\"\n}",
            "[\"\\u0060\\u012a\\u12AB\"]",
            "[\"\\uD801\\udc37\"]", "[\"\\ud83d\\ude39\\ud83d\\udc8d\"]", "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]",
            "[\"\\\\u0000\"]", "[\"\\\"\"]", "[\"a/*b*/c/*d//e\"]", "[\"\\\\a\"]", "[\"\\\\n\"]",
            "[\"\\u0012\"]",
            "[\"\\uFFFF\"]", "[ \"asd\"]", "[\"\\uDBFF\\uDFFF\"]", "[\"new\\u00A0line\"]", "[\"\u{10FFFF}\"]",
            "[\"\u{FFFF}\"]", "[\"\\u0000\"]", "[\"\\u002c\"]", "[\"π\"]", "[\"\u{2028}\"]", "[\"\u{2029}\"]",
            "[\"\u{7F}\"]", "[\"aa\u{7F}\"]", "false", "42", "-0.1", "null", "\"asd\"", "true", "\"\"",
            "[true]", " [] ",
            "\r\n\t 1 \r\n\t",
        ])
    func mustRead(text: String) { #expect(isRead(Array(text.utf8))) }

    @Test(
        "n: must be refused",
        arguments: [
            "[1 true]", "[\"\": 1]", "[\"\"],", "[,1]", "[1,,2]", "[\"x\",,]", "[\"x\"]]", "[\"\",]",
            "[\"x\"", "[3[4]]",
            "[1:2]", "[,]", "[-]", "[   , \"\"]", "[1,]", "[1,,]", "[*]", "[\"\"", "[1,", "[", "[{}",
            "[fals]", "[nul]",
            "[tru]", "[++1234]", "[+1]", "[+Inf]", "[-01]", "[-1.0.]", "[-2.]", "[-NaN]", "[.-1]", "[.2e-3]",
            "[0.1.2]",
            "[0.3e+]", "[0.3e]", "[0.e1]", "[0E+]", "[0E]", "[0e+]", "[0e]", "[1.0e+]", "[1.0e-]", "[1.0e]",
            "[1 000.0]",
            "[1eE2]", "[2.e+3]", "[2.e-3]", "[2.e3]", "[9.e+]", "[Inf]", "[NaN]", "[１]", "[1+2]", "[0x1]",
            "[0x42]",
            "[Infinity]", "[0e+-1]", "[-123.123foo]", "[-Infinity]", "[-foo]", "[- 1]", "[-012]", "[-.123]",
            "[1ea]",
            "[1.]", "[.123]", "[1.2a-3]", "[1.8011670033376514H-308]", "[012]", "[\"x\", truth]",
            "{[: \"x\"}",
            "{\"x\", null}", "{\"x\"::\"b\"}", "{\"a\":\"a\" 123}", "{key: 'value'}", "{\"a\" b}", "{:\"b\"}",
            "{\"a\"",
            "{\"a\":", "{1:1}", "{9999E9999:1}", "{null:null,null:null}", "{\"id\":0,,,,,}", "{'a':0}",
            "{\"id\":0,}",
            "{\"a\":\"b\"}/**/", "{\"a\":\"b\"}//", "{\"a\":\"b\",,\"c\":\"d\"}", "{a: \"b\"}", "{\"a\":\"a",
            "{ \"foo\" : \"bar\", \"a\" }", "{\"a\":\"b\"}#", " ", "[\"\\uD800\\\"]", "[\"\\uD800\\u\"]",
            "[\"\\uD800\\u1\"]", "[\"\\uD800\\u1x\"]", "[é]", "[\"\\x00\"]", "[\"\\\\\\\"]", "[\"\\\t\"]",
            "[\"\\🌀\"]",
            "[\"\\\"]", "[\"\\u00A\"]", "[\"\\uD834\\uDd\"]", "[\"\\a\"]", "[\"\\uqqqq\"]", "[\"\\", "[\\n]",
            "\"", "['x']",
            "abc", "[\"a\u{0}a\"]", "[\"new\nline\"]", "[\"\t\"]", "\"\\UA66D\"", "<.>", "[<null>]", "[1]x",
            "[1]]",
            "[\"asd]", "aå", "[True]", "1]", "{\"x\": true,", "[][]", "]", "{}}", "", "2@", "{\"\":", "{",
            "{\"a", "{[",
            "{,", "{'a'", "[\"\\{[\"\\{[\"\\{[\"\\{", "*", "{\"a\":\"b\"}#{}", "[\\u000A\"\"]", "[\u{C}]",
            "[\u{2060}]",
            "\u{FEFF}", "\u{FEFF}{}", "1e999", "-1e999", "truefalse", "nullx", "1 2", "\u{0}", "[1]\u{0}",
        ])
    func mustRefuse(text: String) { #expect(!isRead(Array(text.utf8))) }

    @Test("i: numbers lose digits, bad bytes and halves of pairs become U+FFFD, 500 levels are read")
    func mayBeEither() throws {
        #expect(try JSON.read("[-1e-9999]") == [.double(-0.0)])
        #expect(try JSON.read("[100000000000000000000]") == [.double(1e20)])
        #expect(!isRead(Array("[0.4e00669999999999999999999999999999999999999999999999999]".utf8)))
        for bytes: [UInt8] in [
            [0xFF], [0xE0, 0x80, 0xAF], [0xC0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x81], [0xE9],
        ] {
            let text = try JSON.read([0x22] + bytes + [0x22])
            #expect(text == .string(String(repeating: "\u{FFFD}", count: bytes.count)))
        }
        #expect(!isRead([0xFF, 0xFE, 0x5B, 0x00, 0x5D, 0x00]))
        #expect(isRead(Array((String(repeating: "[", count: 500) + String(repeating: "]", count: 500)).utf8)))
        #expect(!isRead(Array(String(repeating: "[", count: 100_000).utf8)))
        #expect(!isRead(Array(String(repeating: "[{\"\":", count: 50_000).utf8)))
    }

    @Test("a text cut at any byte is refused, unless the rest is complete")
    func truncated() throws {
        let text = Array(#" {"a\u00e9\n": [1, -2.5e3, true, null, "é😀", {"b": {}}], "": []}"#.utf8)
        for length in 0..<text.count { #expect(!isRead(Array(text[..<length])), "\(length)") }
        #expect(isRead(text))
    }

    @Test("texts with any byte at any place are parsed or refused")
    func mutated() throws {
        let text = Array(#"{"a":[1.5e3,"\u00e9",true,null],"b":{}}"#.utf8)
        for place in text.indices {
            for byte in 0...UInt8.max {
                var changed = text
                changed[place] = byte
                if let value = try? JSON.read(changed) {
                    #expect(try JSON.read(JSON.text(value)).isEqual(value, numbersByValue: true))
                }
            }
        }
    }

    @Test("a written value parses to the same value")
    func roundTrip() throws {
        var random = ValueGenerator(seed: 11)
        for _ in 0..<500 {
            let value = random.value(depth: 5)
            for style in [JSONStyle.compact, .pretty(2), .pretty(0)] {
                for escapesHTML in [false, true] {
                    let text = JSON.text(value, style: style, escapesHTML: escapesHTML)
                    #expect(try JSON.read(text).isEqual(value, numbersByValue: true), "\(text)")
                }
            }
        }
    }

    @Test(
        "large fractions are written with their shortest digits, which parse as an integer of the same size")
    func largeFractions() throws {
        let value = try JSON.read("[9223023720364775424e0, -4e17]")
        #expect(JSON.text(value) == "[9223023720364775000,-400000000000000000]")
        #expect(try JSON.read(JSON.text(value)).isEqual(value, numbersByValue: true))
        #expect(try JSON.read(JSON.text(value)) != value)
    }

    @Test("100,000 keys, many of them equal, do not take quadratic time")
    func manyKeys() throws {
        let text = "{" + (0..<100_000).map { "\"k\($0 % 90_000)\":\($0)" }.joined(separator: ",") + "}"
        let object = try #require(try JSON.read(text).object)
        #expect(object.count == 90_000)
        #expect(object.members[5] == Member("k5", 90_005))
        #expect(Value.object(object) == Value.object(Object(object.members.reversed())))
    }
}
