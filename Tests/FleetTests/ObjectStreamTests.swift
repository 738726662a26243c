import Fleet
import Testing
import Values
import YAML

/// Parses streams of JSON and YAML that arrive in pieces of any size (`ObjectStream`).
@Suite struct ObjectStreamTests {
    /// Objects and problems of a text that arrives in pieces of that many bytes.
    static func parts(_ text: String, piece: Int) -> [String] {
        var stream = ObjectStream(name: "pods")
        var found: [String] = []
        func take(_ part: ObjectStream.Part) {
            switch part {
            case .text(let text): take(text.parsed())
            case .object(let value, let line): found.append("\(line): \(JSON.text(value))")
            case .problem(let message): found.append(message)
            }
        }
        let bytes = Array(text.utf8)
        do throws(StreamError) {
            for start in stride(from: 0, to: bytes.count, by: piece) {
                try bytes[start..<min(start + piece, bytes.count)].withUnsafeBufferPointer {
                    bytes throws(StreamError) in try stream.read(bytes, take)
                }
            }
            try stream.end(take)
        } catch {
            found.append(error.description)
        }
        return found
    }

    static let texts: [(text: String, parts: [String])] = [
        ("", []),
        ("  \n", []),
        (#"{"kind":"Pod"}"#, [#"1: {"kind":"Pod"}"#]),
        ("{\"a\":1}\n{\"a\":2}\n---\n{\"a\":3}", [#"1: {"a":1}"#, #"2: {"a":2}"#, #"4: {"a":3}"#]),
        (
            #"{"apiVersion":"v1","items":[{"a":"]}\""},{"items":[1]}],"kind":"List","metadata":{"x":[]}} {"b":1}"#,
            [#"1: {"a":"]}\""}"#, #"1: {"items":[1]}"#, #"1: {"b":1}"#]
        ),
        (
            #"{"metadata":{"items":[{"a":1}]},"spec":"items"}"#,
            [#"1: {"metadata":{"items":[{"a":1}]},"spec":"items"}"#]
        ),
        (#"[{"a":1}, {"a":2}]"#, [#"1: {"a":1}"#, #"1: {"a":2}"#]),
        (#"{"items":[]}"#, []),
        (#"{"items":null,"kind":"List"}"#, [#"1: {"items":null,"kind":"List"}"#]),
        (
            #"{"items":[{"a":tru},{"a":1}]}"#,
            ["pods:1: the object is not JSON: found 't', expected 'true'", #"1: {"a":1}"#]
        ),
        (
            #"{"items":[{"a":1}"#,
            [#"1: {"a":1}"#, "pods:1: found the end of the text, expected the rest of an object"]
        ),
        (#"{"items":["a"]}"#, [#"pods:1: items is not a valid list: found '"', expected an object"#]),
        (#"{} x"#, ["1: {}", "pods:1: the text is not JSON: found 'x', expected an object"]),
        ("a: 1\n---\n# none\n---\nb: 2\n", [#"1: {"a":1}"#, #"5: {"b":2}"#]),
        (
            "apiVersion: v1\nitems:\n- a: 1\n  b: |\n    - c\n\n    x\n- a: 2\n# end\nkind: List\n---\nc: 3\n",
            [#"3: {"a":1,"b":"- c\n\nx\n"}"#, #"8: {"a":2}"#, #"12: {"c":3}"#]
        ),
        ("items: # two\n  - a: 1\n  - - b\nkind: List\n", [#"2: {"a":1}"#, #"3: ["b"]"#]),
        ("items: []\nkind: List\n", [#"1: {"items":[],"kind":"List"}"#]),
        ("items:\nkind: List\n", []),
        ("items:\n- a: [\n- a: 1\n", []),
    ]

    @Test(arguments: texts.indices, [1, 2, 7, 4_096])
    func streams(_ index: Int, piece: Int) {
        let (text, expected) = Self.texts[index]
        var found = Self.parts(text, piece: piece)
        if index == Self.texts.count - 1 {
            // The message is libyaml's; the place and the next item are ours.
            #expect(
                found.count == 2 && found[0].hasPrefix("pods:3: the object is not YAML: ")
                    && found[1] == #"3: {"a":1}"#, "\(found)")
            return
        }
        if let first = found.first, let wanted = expected.first,
            first.hasPrefix("pods:1: the object is not JSON"),
            wanted.hasPrefix("pods:1: the object is not JSON")
        {
            found[0] = wanted
        }
        #expect(found == expected, "\(text)")
    }

    @Test(arguments: ["{\"a\":\"", "items:\n- a: \""])
    func longObjects(start: String) {
        let text = start + String(repeating: "x", count: ObjectStream.objectBytes + 10) + "\"}\n"
        let parts = Self.parts(text, piece: 1 << 20)
        #expect(parts.count == 1)
        #expect(
            parts.first?.contains(
                "an object is too long: found more than 8388608 bytes, expected at most that") == true)
    }
}
