import Charts
import Testing
import Values

/// Compares the values of `--set` and similar options with those of Helm 4.3.1.
@Suite struct SetValueTests {
    @Test(arguments: [
        ("tag=1.10", #"{"tag":"1.10"}"#), ("id=0474915", #"{"id":"0474915"}"#), ("a=1e3", #"{"a":"1e3"}"#),
        ("a=-1", #"{"a":-1}"#), ("a=+1", #"{"a":1}"#), ("a=0x10", #"{"a":"0x10"}"#),
        ("a=TRUE", #"{"a":true}"#),
        ("a=null", #"{"a":null}"#), ("a=", #"{"a":""}"#), (#"a=x\,y"#, #"{"a":"x,y"}"#),
        ("a={x,y}", #"{"a":["x","y"]}"#), ("a={1,true,null}", #"{"a":[1,true,null]}"#),
        ("a={}", #"{"a":[""]}"#),
        ("a[2]=x", #"{"a":[null,null,"x"]}"#), (#"a\.b=c"#, #"{"a.b":"c"}"#),
        ("a.b=1,c.d=2", #"{"a":{"b":1},"c":{"d":2}}"#), ("a[0][1]=x", #"{"a":[[null,"x"]]}"#),
        ("a.b[0].c=x", #"{"a":{"b":[{"c":"x"}]}}"#), ("=x", "{}"), ("a[0=1", "{}"),
        ("a=b=c", #"{"a":"b=c"}"#),
        ("a=99999999999999999999", #"{"a":"99999999999999999999"}"#), ("a=0", #"{"a":0}"#),
        ("a=-0", #"{"a":0}"#),
        ("a=00", #"{"a":"00"}"#), ("a=1_000", #"{"a":"1_000"}"#), ("a={x},b=1", #"{"a":["x"],"b":1}"#),
        ("a[0].b=1,a[1].b=2", #"{"a":[{"b":1},{"b":2}]}"#), (#"a=x\"#, #"{"a":"x"}"#), (".a=1", "{}"),
    ])
    func sets(_ text: String, _ expected: String) throws {
        var values = Value.null
        try SetValue.apply(text, as: .set, to: &values)
        #expect(JSON.text(values) == expected)
    }

    @Test(arguments: [
        ("a", #"key "a" has no value"#), ("a=1,b", #"key "b" has no value"#),
        ("a[x]=1", #"error parsing index: strconv.Atoi: parsing "x": invalid syntax"#),
        ("a[-1]=1", "negative -1 index not allowed"), ("a={a", "list must terminate with '}'"),
        ("a[65537]=1", "index of 65537 is greater than maximum supported index of 65536"),
        ("a..b=1", #"key map "a" has no value"#), ("a=1,,b=2", #"key "" has no value (cannot end with ,)"#),
        ("a={x}y", #"key "y" has no value"#),
    ])
    func refuses(_ text: String, _ message: String) {
        var values = Value.null
        let error = #expect(throws: SetValue.Problem.self) { try SetValue.apply(text, as: .set, to: &values) }
        #expect(error?.message == message)
    }

    @Test func setsTextJSONAndLiterals() throws {
        var values: Value = ["a": ["b": 1]]
        try SetValue.apply("a.c=1,a.d=true", as: .string, to: &values)
        try SetValue.apply(#"a.e={"x":[1,2]},f=[3]"#, as: .json, to: &values)
        try SetValue.apply(#"{"a":{"b":null}}"#, as: .json, to: &values)
        try SetValue.apply(#"g=a,b\c"#, as: .literal, to: &values)
        #expect(
            JSON.text(values)
                == #"{"a":{"b":null,"c":"1","d":"true","e":{"x":[1,2]}},"f":[3],"g":"a,b\\c"}"#)
    }
}
