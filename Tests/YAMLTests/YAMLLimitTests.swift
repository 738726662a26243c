import Testing
import Values
import YAML

@Suite("Hostile YAML")
struct YAMLLimitTests {
    private func code(_ text: String, _ limits: YAMLLimits = YAMLLimits()) -> YAMLError.Code? {
        do {
            _ = try YAMLReader.value(text, options: YAMLOptions(limits: limits))
            return nil
        } catch {
            return error.code
        }
    }

    @Test("the nesting of collections has a limit")
    func depth() {
        let flow = { (count: Int) in
            String(repeating: "[", count: count) + String(repeating: "]", count: count)
        }
        #expect(code(flow(100)) == nil)
        #expect(code(flow(101)) == .tooDeep)
        #expect(code(String(repeating: "[", count: 10_000)) == .tooDeep)
        #expect(code(String(repeating: "- ", count: 10_000) + "a") == .tooDeep)
        #expect(code(String(repeating: "? ", count: 10_000) + "a") != nil)
        #expect(code(String(repeating: "{a: ", count: 10_000)) == .tooDeep)
    }

    @Test("expanding aliases of aliases has a limit")
    func billionLaughs() {
        var text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
        for level in 1...30 {
            let row = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(row)]\n"
        }
        #expect(code(text) == .excessiveAliasing)
        #expect(code("a: &a {x: 1}\n" + (0..<500).map { "b\($0): *a\n" }.joined()) == nil)
    }

    @Test("merging aliases has a limit")
    func mergeLaughs() {
        var text = "a0: &a0 {" + (0..<50).map { "k\($0): 1" }.joined(separator: ", ") + "}\n"
        for level in 1...30 {
            text += "a\(level): &a\(level)\n"
            for _ in 0..<9 { text += "  <<: *a\(level - 1)\n" }
        }
        #expect(code(text) == .excessiveAliasing)
    }

    @Test("the number of values has a limit")
    func nodes() {
        let limits = YAMLLimits(nodes: 100)
        #expect(code("[" + String(repeating: "[], ", count: 200) + "]", limits) == .tooManyNodes)
        #expect(code("[" + String(repeating: "a, ", count: 200) + "]", limits) == .tooManyNodes)
        #expect(code("[" + String(repeating: "a, ", count: 50) + "]", limits) == nil)
    }

    @Test("directives are counted for each document, before libyaml reads them")
    func directives() {
        func tags(_ count: Int, _ end: String = "\n") -> String {
            (0..<count).map { "%TAG !\($0)! x\(end)" }.joined()
        }
        #expect(code(tags(15) + "---\na: 1\n") == nil)
        #expect(code(tags(16) + "---\na: 1\n") == nil)
        #expect(code(tags(17) + "---\na: 1\n") == .tooManyDirectives)
        #expect(code("# c\n\n" + tags(17) + "---\na: 1\n") == .tooManyDirectives)
        #expect(code("\u{FEFF}" + tags(17) + "---\n") == .tooManyDirectives)
        for end in ["\r", "\r\n", "\u{85}", "\u{2028}", "\u{2029}", "\n# c\n", "\n \n"] {
            #expect(code(tags(17, end) + "---\na: 1\n") == .tooManyDirectives, "\(end.debugDescription)")
        }
        func documents(_ text: String) -> YAMLError.Code? {
            do throws(YAMLError) {
                _ = try YAMLReader.documents(Array(text.utf8))
                return nil
            } catch {
                return error.code
            }
        }
        let two = tags(16) + "---\na: 1\n...\n" + tags(16) + "---\nb: 1\n"
        #expect(documents(two) == nil)
        #expect(documents("a: 1\n...\n" + tags(17) + "---\nb: 1\n") == .tooManyDirectives)
        #expect(documents("{}\n" + tags(17) + "---\nb: 1\n") == .tooManyDirectives)
        // Text that begins with a percent sign is not a directive.
        #expect(code("a: |\n" + String(repeating: "  % b\n", count: 40)) == nil)
    }

    @Test("all documents of a text share a limit, and each counts")
    func nodesOfAllDocuments() {
        func code(_ count: Int) -> YAMLError.Code? {
            let text = String(repeating: "---\naaaaaaaaaa\n", count: count)
            let limits = YAMLLimits(textNodes: 90)
            do throws(YAMLError) {
                _ = try YAMLReader.documents(Array(text.utf8), options: YAMLOptions(limits: limits))
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code(9) == nil)
        #expect(code(10) == nil)
        #expect(code(11) == .tooManyNodes)
    }

    @Test("the paths of positions have a limit, and so have the keys in errors")
    func places() throws {
        let limits = YAMLLimits(pathBytes: 10)
        let documents = try YAMLReader.documents(
            Array("a:\n  bcd: 1\n  efg: 2\n".utf8), options: YAMLOptions(positions: true, limits: limits))
        #expect(documents[0].value == ["a": ["bcd": 1, "efg": 2]])
        #expect(documents[0].positions?.keys.sorted() == ["", "/a", "/a/bcd"])
        #expect(throws: YAMLError.self) {
            do {
                let text = String(repeating: "a: 1\n", count: 1_000)
                _ = try YAMLReader.value(text, options: YAMLOptions(strict: true))
            } catch let error as YAMLError {
                #expect(error.message.hasSuffix("  and 899 more"))
                throw error
            }
        }
    }

    @Test("many keys do not take quadratic time, and the last of equal ones wins")
    func manyKeys() throws {
        let text = (0..<20_000).map { "k\($0 % 10_000): \($0)\n" }.joined()
        let object = try #require(try YAMLReader.value(text).object)
        #expect(object.count == 10_000)
        #expect(object.members[3] == Member("k3", 10_003))
    }

    @Test("a text cut at any byte is read or refused")
    func truncated() {
        let text = Array(
            """
            # é
            a: &x {b: [1, "2\\u00e9", 'c'], <<: {d: 1}}
            e: |+
              text
            f: >-
              é
            ? [k]
            : *x
            --- !!map
            g: !!binary aGk=
            ...
            """.utf8)
        for length in 0...text.count {
            _ = try? YAMLReader.documents(
                Array(text[..<length]), options: YAMLOptions(strict: true, positions: true))
            _ = try? YAMLReader.documents(Array(text[(text.count - length)...]))
        }
    }

    @Test("simple texts, which are parsed without libyaml, have the same result as with libyaml")
    func shortWay() throws {
        let text = Array(
            """
            a:
            - b: |
                x

                 y
              "c": |-
                z
            - - 1
              - yes # no
            # e
            -
              - "q\"\n"
              - {f: [g, 'h'], i: "j", }
            k: 'it''s'
            1: http://x:80/#f
            l: {
              m.io/n: o,
            }

            """.utf8)
        #expect(try agree(text))
        for place in text.indices {
            for byte in " \n:-#'\"|{}[],>&*!?%@.x1~\\\t".utf8 {
                #expect(try agree(text[..<place] + [byte] + text[place...]), "\(byte) before \(place)")
                #expect(try agree(text[..<place] + [byte] + text[(place + 1)...]), "\(byte) at \(place)")
            }
            #expect(try agree(text[..<place] + text[(place + 1)...]), "without \(place)")
            #expect(try agree(Array(text[..<place])), "up to \(place)")
        }
    }

    /// Whether both parsers give the same result; strict parsing always uses libyaml.
    private func agree(_ text: some Collection<UInt8>) throws -> Bool {
        let bytes = Array(text)
        let value = try? YAMLReader.value(bytes)
        do throws(YAMLError) {
            return try YAMLReader.value(bytes, options: YAMLOptions(strict: true)) == value
        } catch {
            return error.code == .duplicateKey || value == nil
        }
    }

    @Test("a written value parses to the same value")
    func roundTrip() throws {
        var random = Generator(state: 7)
        for _ in 0..<400 {
            let value = random.value(depth: 4)
            for order in [YAMLWriter.Order.sorted, .asGiven] {
                for width in [20, 80, Int.max] {
                    let text = YAMLWriter.text(value, order: order, width: width)
                    #expect(try YAMLReader.value(text) == value, "\(text)")
                }
            }
        }
    }

    /// Random values of every kind, the same in every run.
    private struct Generator {
        var state: UInt64

        mutating func next(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(limit))
        }

        private static let pieces = [
            "a", "b", " ", "  ", "\n", "\n\n", ":", ": ", "#", " #", "-", "- ", "'", "\"", "\\", "é", "😀",
            "1", "yes",
            "~", "{", "]", ",", "&", "*", "!", "|", "\t", "\u{7F}", "\u{85}", "word", "\u{0}", "\u{FEFF}",
            "\r", "%", "=",
        ]

        mutating func text() -> String {
            (0..<next(next(4) == 0 ? 40 : 5)).map { _ in Self.pieces[next(Self.pieces.count)] }.joined()
        }

        mutating func value(depth: Int) -> Value {
            switch next(depth > 0 ? 8 : 5) {
            case 0: return .null
            case 1: return .bool(next(2) == 0)
            case 2: return .int(Int64(next(100_000)) - 50_000)
            case 3: return .double(Double(next(1_000)) + 0.5)
            case 4: return .string(text())
            case 5: return .array((0..<next(4)).map { _ in value(depth: depth - 1) })
            default:
                return .object(
                    Object(lastWins: (0..<next(4)).map { _ in Member(text(), value(depth: depth - 1)) }))
            }
        }
    }
}
