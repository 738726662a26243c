const { body, sections, places } = await import("/page/rendering.js");

test("JSON stays as it is written", () => equal(
    body({ template: "x", more: undefined }, "{\"a\": 2.0}").text, "{\"template\":\"x\",\"data\":{\"a\": 2.0}}"));
test("YAML is indented", () => equal(
    body({ template: "a\nb" }, "---\na: 1\nb:\n  - x\n"),
    { type: "application/yaml", text: "template: \"a\\nb\"\ndata:\n\n  a: 1\n  b:\n    - x\n", dataLine: 3 }));
test("no data is no member", () => equal(body({ template: "" }, " \n").text, "{\"template\":\"\"}"));
test("further templates", () => equal(
    sections("--- one\na\nb\n--- two\nc"), { templates: { one: "a\nb\n", two: "c\n" }, lines: { one: 1, two: 4 } }));
test("no further templates", () => equal(sections("x\n").templates, undefined));
test("bytes become characters", () => {
    const found = places("aä🙂z", [{ start: 7, length: 1 }, { start: 0, length: 3 }, { start: 3, length: 4 }]);
    equal([found.starts, found.ends], [[0, 2, 4], [2, 4, 5]]);
});
