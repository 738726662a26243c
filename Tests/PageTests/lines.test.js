const { Lines } = await import("/page/lines.js");

test("an empty text has no lines", () => equal(new Lines("").count, 0));
test("a line break at the end begins no line", () => equal([new Lines("a\n").count, new Lines("a\nb").count, new Lines("\n").count], [1, 2, 1]));
test("a line is without its line break", () => {
    const lines = new Lines("one\r\ntwo\n\nfour");
    equal([0, 1, 2, 3].map((line) => lines.head(line).text), ["one", "two", "", "four"]);
});
test("a long line is cut, and says how much is missing", () => equal(new Lines("x".repeat(5000)).head(0, 10), { text: "xxxxxxxxxx", rest: 4990 }));
test("the line of a character", () => {
    const lines = new Lines("ab\nc\n\nd");
    equal([0, 1, 2, 3, 4, 5, 6].map((offset) => lines.lineOf(offset)), [0, 0, 0, 1, 1, 2, 3]);
});
test("lines put together are the text", () => {
    for (let round = 0; round < 200; round += 1) {
        const text = Array.from({ length: round }, () => "ab\n"[Math.floor(Math.random() * 3)]).join("");
        const lines = new Lines(text);
        const joined = Array.from({ length: lines.count }, (_, line) => lines.head(line).text).join("\n");
        equal(joined + (text.endsWith("\n") ? "\n" : ""), text);
    }
});
