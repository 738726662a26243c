import Testing
import Values

@Suite("JSON patches")
struct JSONPatchTests {
    private func text(_ operations: [JSONPatch.Operation]) -> String {
        var output = ByteBuffer()
        JSONPatch.write(operations, into: &output)
        return output.text
    }

    private func diff(_ old: String, _ new: String) throws -> String {
        text(JSONPatch.diff(from: try JSON.read(old), to: try JSON.read(new)))
    }

    @Test(
        "the difference of two values",
        arguments: [
            ("{}", "{}", "[]"),
            ("1", "2", #"[{"op":"replace","path":"","value":2}]"#),
            (#"{"a":1,"b":2}"#, #"{"b":2,"a":1}"#, "[]"),
            (#"{"a":1}"#, #"{"a":null}"#, #"[{"op":"replace","path":"/a","value":null}]"#),
            (#"{"a":1}"#, "{}", #"[{"op":"remove","path":"/a"}]"#),
            ("{}", #"{"a/b":{"~":1}}"#, #"[{"op":"add","path":"/a~1b","value":{"~":1}}]"#),
            (
                #"{"a/b":{"~":1}}"#, #"{"a/b":{"~":2}}"#,
                #"[{"op":"replace","path":"/a~1b/~0","value":2}]"#
            ),
            // A missing parent is added once, with all its content.
            (
                #"{"metadata":{}}"#, #"{"metadata":{"labels":{"a":"1","b":"2"}}}"#,
                #"[{"op":"add","path":"/metadata/labels","value":{"a":"1","b":"2"}}]"#
            ),
            // Lists: after the end with '-', otherwise by index.
            ("[1,2]", "[1,2,3]", #"[{"op":"add","path":"/-","value":3}]"#),
            ("[1,2]", "[0,1,2]", #"[{"op":"add","path":"/0","value":0}]"#),
            ("[1,2,3]", "[1,3]", #"[{"op":"remove","path":"/1"}]"#),
            ("[1,2,3]", "[1,9,3]", #"[{"op":"replace","path":"/1","value":9}]"#),
            (
                "[1,2,3]", "[]",
                #"[{"op":"remove","path":"/0"},{"op":"remove","path":"/0"},{"op":"remove","path":"/0"}]"#
            ),
            (
                "[]", "[1,2]",
                #"[{"op":"add","path":"/-","value":1},{"op":"add","path":"/-","value":2}]"#
            ),
            (
                "[1,2,3,4,5]", "[2,9,3,5]",
                #"[{"op":"remove","path":"/0"},{"op":"add","path":"/1","value":9},{"op":"remove","path":"/3"}]"#
            ),
            // Items with the same name are the same item at any position.
            (
                #"[{"name":"app","x":1},{"name":"log"}]"#,
                #"[{"name":"proxy"},{"name":"app","x":2},{"name":"log"}]"#,
                #"[{"op":"add","path":"/0","value":{"name":"proxy"}},{"op":"replace","path":"/1/x","value":2}]"#
            ),
            (
                #"[{"name":"a"},{"name":"b"}]"#, #"[{"name":"b"},{"name":"a"}]"#,
                #"[{"op":"add","path":"/0","value":{"name":"b"}},{"op":"remove","path":"/2"}]"#
            ),
            // If two items have one name, names do not identify items.
            (
                #"[{"name":"v","p":"a"},{"name":"v","p":"b"}]"#,
                #"[{"name":"v","p":"a"},{"name":"v","p":"c"}]"#,
                #"[{"op":"replace","path":"/1/p","value":"c"}]"#
            ),
            (#"{"a":[1]}"#, #"{"a":{"0":1}}"#, #"[{"op":"replace","path":"/a","value":{"0":1}}]"#),
        ])
    func differences(old: String, new: String, patch: String) throws {
        #expect(try diff(old, new) == patch)
        #expect(
            try JSONPatch.apply(JSONPatch.operations(JSON.read(patch)), to: JSON.read(old)) == JSON.read(new))
    }

    @Test(
        "patches are applied",
        arguments: [
            (
                #"{"foo":"bar"}"#, #"[{"op":"add","path":"/baz","value":"qux"}]"#,
                #"{"foo":"bar","baz":"qux"}"#
            ),
            (
                #"{"foo":["a","c"]}"#, #"[{"op":"add","path":"/foo/1","value":"b"}]"#,
                #"{"foo":["a","b","c"]}"#
            ),
            (#"{"a":1}"#, #"[{"op":"add","path":"","value":[2]}]"#, "[2]"),
            (#"{"a":1}"#, #"[{"op":"add","path":"/a","value":2}]"#, #"{"a":2}"#),
            (#"{"a":1,"b":2}"#, #"[{"op":"remove","path":"/a"}]"#, #"{"b":2}"#),
            (
                #"{"a":{"x":1,"y":2},"b":{}}"#, #"[{"op":"move","from":"/a/x","path":"/b/z"}]"#,
                #"{"a":{"y":2},"b":{"z":1}}"#
            ),
            ("[1,2,3]", #"[{"op":"move","from":"/0","path":"/2"}]"#, "[2,3,1]"),
            (#"{"a":[1]}"#, #"[{"op":"copy","from":"/a","path":"/b"}]"#, #"{"a":[1],"b":[1]}"#),
            (
                #"{"a":[1,{"b":2}]}"#, #"[{"op":"test","path":"/a","value":[1.0,{"b":2}]}]"#,
                #"{"a":[1,{"b":2}]}"#
            ),
            (#"{"/":9,"~1":10}"#, #"[{"op":"test","path":"/~01","value":10}]"#, #"{"/":9,"~1":10}"#),
            (#"{"":1}"#, #"[{"op":"replace","path":"/","value":2}]"#, #"{"":2}"#),
            (#"{"a":1}"#, #"[{"op":"add","path":"/b","value":null,"xyz":1}]"#, #"{"a":1,"b":null}"#),
        ])
    func applied(document: String, patch: String, expected: String) throws {
        let result = try JSONPatch.apply(JSONPatch.operations(JSON.read(patch)), to: JSON.read(document))
        #expect(JSON.text(result) == expected)
    }

    @Test(
        "what cannot be applied is an error",
        arguments: [
            (#"[{"op":"remove","path":"/x"}]"#, #"patch: "/x": found nothing there"#),
            (#"[{"op":"replace","path":"/x","value":1}]"#, #"patch: "/x": found nothing there"#),
            (#"[{"op":"add","path":"/x/y","value":1}]"#, #"patch: "/x/y": found nothing there"#),
            (#"[{"op":"add","path":"/a/b","value":1}]"#, #"patch: "/a/b": found nothing there"#),
            (
                #"[{"op":"add","path":"/l/3","value":1}]"#,
                #"patch: "/l/3": found index 3, expected one of a list of 2 items"#
            ),
            (
                #"[{"op":"add","path":"/l/01","value":1}]"#,
                #"patch: "/l/01": found "01", expected an index of a list"#
            ),
            (#"[{"op":"remove","path":"/l/-"}]"#, #"patch: "/l/-": found "-", expected an index of a list"#),
            (
                #"[{"op":"remove","path":"/l/99999999999999999999"}]"#,
                #"patch: "/l/99999999999999999999": found "99999999999999999999", expected an index of a list"#
            ),
            (
                #"[{"op":"test","path":"/a","value":2}]"#,
                #"patch: "/a": found another value than the test expects"#
            ),
            (#"[{"op":"test","path":"/x","value":null}]"#, #"patch: "/x": found nothing there"#),
            (
                #"[{"op":"move","from":"/o","path":"/o/p"}]"#,
                #"patch: "/o/p": found a place within "/o", which is to be moved there"#
            ),
            (#"[{"op":"copy","path":"/b"}]"#, #"patch: "/b": found copy without from"#),
            (#"[{"op":"add","path":"/b"}]"#, #"patch: "/b": found add without a value"#),
            (#"[{"op":"add","value":1}]"#, #"patch: "": found an operation without a path"#),
            (
                #"[{"op":"sub","path":"/b"}]"#,
                #"patch: "/b": found op "sub", expected add, remove, replace, move, copy or test"#
            ),
            (#"[{"op":"remove","path":"b"}]"#, #"patch: "b": found a pointer that does not begin with '/'"#),
            (#"[{"op":"remove","path":"/~2"}]"#, #"patch: "/~2": found '~' before neither '0' nor '1'"#),
            (#"{"op":"remove"}"#, #"patch: "": found no list of operations"#),
        ])
    func errors(patch: String, expected: String) throws {
        let document: Value = ["a": 1, "l": [1, 2], "o": ["p": 1]]
        #expect(throws: JSONPatchError.self) {
            do {
                _ = try JSONPatch.apply(JSONPatch.operations(JSON.read(patch)), to: document)
            } catch let error as JSONPatchError {
                #expect(error.description == expected)
                throw error
            }
        }
    }

    @Test("copies of copies have a limit")
    func copies() throws {
        var operations: [JSONPatch.Operation] = []
        for _ in 0..<100 { operations.append(.init(.copy, ["a", "-"], from: ["a"])) }
        #expect(throws: JSONPatchError.self) { try JSONPatch.apply(operations, to: ["a": [1]]) }
        let deep = JSONPointer(Array(repeating: "a", count: 300))
        #expect(throws: JSONPatchError.self) { try JSONPatch.apply([.init(.remove, deep)], to: [:]) }
    }

    @Test("applying a difference gives the other value")
    func roundTrip() throws {
        var random = ValueGenerator(seed: 3)
        for _ in 0..<500 {
            let old = random.value(depth: 4)
            let new = random.changed(old)
            let operations = JSONPatch.diff(from: old, to: new)
            #expect(try JSONPatch.apply(operations, to: old) == new)
            let written = try JSONPatch.operations(JSON.read(text(operations)))
            // A whole floating-point number is an integer once it was written.
            #expect(try JSONPatch.apply(written, to: old).isEqual(new, numbersByValue: true))
            #expect(JSONPatch.diff(from: new, to: new).isEmpty)
        }
    }

    @Test("values below the depth limit of the difference are replaced, and long lists stay cheap")
    func large() throws {
        let nested = { (last: Int) in
            try JSON.read(
                String(repeating: "[", count: 900) + "\(last)" + String(repeating: "]", count: 900))
        }
        let operations = JSONPatch.diff(from: try nested(1), to: try nested(2))
        #expect(operations.count == 1)
        #expect(try JSONPatch.apply(operations, to: nested(1)) == nested(2))

        let old = Value.array((0..<3_000).map { .int(Int64($0)) })
        let new = Value.array((0..<3_000).map { .int(Int64($0 * 7 % 3_000)) })
        #expect(try JSONPatch.apply(JSONPatch.diff(from: old, to: new), to: old) == new)
    }

    @Test("paths are written as JSON strings of pointers")
    func writtenPaths() throws {
        let pointer = JSONPointer(["a/b", "c~d", "e\"f\\g", "h\n", "é", ""])
        var output = ByteBuffer()
        JSONPatch.write([JSONPatch.Operation(.remove, pointer)], into: &output)
        #expect(output.text == #"[{"op":"remove","path":"/a~1b/c~0d/e\"f\\g/h\n/é/"}]"#)
        #expect(try JSONPatch.operations(JSON.read(output.text)).first?.path == pointer)
    }
}
