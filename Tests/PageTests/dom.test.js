const { el, visible, size, byteLength } = await import("/page/dom.js");

test("text is text", () => {
    const element = el("p", { text: "<b>x</b>", title: "<i>" }, "<img src=x>");
    equal([element.children.length, element.textContent, element.getAttribute("title")], [0, "<b>x</b><img src=x>", "<i>"]);
});
test("what is null or false is left out", () => equal(el("p", { a: null, b: false, c: true, d: 0 }).outerHTML, "<p c=\"\" d=\"0\"></p>"));
test("what is not seen is written out", () => equal(visible("a\u202eb\u0000\ufeff\tc\n"), "a⟨U+202E⟩b⟨U+0000⟩⟨U+FEFF⟩\tc\n"));
test("letters of any script stay", () => equal(visible("äβ中עא🙂"), "äβ中עא🙂"));
test("sizes", () => equal([size(5), size(2048), size(3 << 20), byteLength("ä🙂")], ["5 B", "2.0 KB", "3.0 MB", 6]));
