const { Editor, editable } = await import("/page/editor.js");
const { wholeCharacters, wholeLines } = await import("/page/longtext.js");

const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
const rows = (count) => Array.from({ length: count }, (_, index) => `line ${index}`).join("\n");

let changes = 0;
function made(text) {
    const editor = new Editor({ label: "test", changed: () => { changes += 1; } });
    document.body.append(editor.element);
    editor.value = text;
    editor.area.focus();
    return editor;
}

const key = (editor, key, more = {}) => editor.area.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
/// Types as a browser does: sends `keydown` and `beforeinput`, replaces the selected text, and sends `input`.
function type(editor, text, inputType = "insertText") {
    key(editor, text[0] ?? "Delete");
    const event = new InputEvent("beforeinput", { inputType, data: text, bubbles: true, cancelable: true });
    if (!editor.area.dispatchEvent(event)) return;
    const { area } = editor;
    area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new InputEvent("input", { inputType, data: text, bubbles: true }));
}

test("the area holds the lines around those in sight, and what is scrolled to", async () => {
    const text = rows(5000);
    const editor = made(text);
    const count = () => editor.area.value.split("\n").length;
    equal([editor.value === text, editor.long.isOn, count() < 150], [true, true, true]);
    editor.view.scrollTop = 2000 * 20;
    await frame();
    equal([editor.area.value.includes("line 2010\n"), count() < 150, editor.area.style.top], [true, true, `${editor.long.first * 20}px`]);
    equal(editor.gutter.firstChild.textContent, "2000");
    editor.view.scrollTop = 1e9;
    await frame();
    equal(editor.area.value.endsWith("line 4998\nline 4999"), true);
    editor.element.remove();
});
test("few lines and few characters are held as a whole", () => {
    const editor = made(rows(wholeLines));
    equal([editor.long.isOn, editor.area.value.split("\n").length], [false, wholeLines]);
    editor.value = "\n".repeat(wholeLines);
    equal(editor.long.isOn, true);
    editor.value = "x".repeat(wholeCharacters + 1);
    equal([editor.long.isOn, editor.area.value.length], [true, wholeCharacters + 1]);
    editor.value = "x";
    equal([editor.long.isOn, editor.area.value, editor.area.style.height], [false, "x", ""]);
    editor.element.remove();
});
test("what is typed far away from the caret goes to the caret", async () => {
    const editor = made(rows(3000));
    editor.reveal(1500, true);
    await frame();
    editor.view.scrollTop = 0;
    await frame();
    equal(editor.area.value.startsWith("line 0\n"), true);
    changes = 0;
    type(editor, "X");
    equal([editor.value.split("\n")[1499], editor.value.split("\n").length, changes], ["X", 3000, 1]);
    equal(editor.value, rows(3000).replace("\nline 1499\n", "\nX\n"));
    editor.element.remove();
});
test("select all selects the whole text, not the slice", () => {
    const editor = made(rows(3000));
    editor.area.select();
    const data = new DataTransfer();
    editor.area.dispatchEvent(new ClipboardEvent("copy", { clipboardData: data, bubbles: true, cancelable: true }));
    equal(data.getData("text/plain") === rows(3000), true);
    type(editor, "short");
    equal([editor.value, editor.long.isOn, editor.area.value, editor.area.selectionStart], ["short", false, "short", 5]);
    editor.element.remove();
});
test("keys select over the slice's ends", () => {
    const editor = made(rows(3000));
    editor.reveal(1000, true);
    key(editor, "End", { ctrlKey: true, shiftKey: true });
    type(editor, "", "deleteContentBackward");
    equal(editor.value, `${rows(999)}\n`);
    key(editor, "z", { ctrlKey: true });
    equal(editor.value, rows(3000));
    key(editor, "Home", { ctrlKey: true });
    key(editor, "PageDown");
    const page = editor.long.lines.lineOf(editor.long.caret);
    key(editor, "PageUp", { shiftKey: true });
    equal([page > 5, editor.long.place.from, editor.long.place.to === editor.long.lines.starts[page]], [true, 0, true]);
    editor.element.remove();
});
test("undo and redo, a paste included", () => {
    const editor = made("before");
    editor.area.select();
    const data = new DataTransfer();
    data.setData("text/plain", rows(4000).replaceAll("\n", "\r\n"));
    editor.area.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, cancelable: true }));
    equal([editor.value === rows(4000), editor.long.caret], [true, rows(4000).length]);
    type(editor, "a");
    type(editor, "b");
    equal(editor.value, `${rows(4000)}ab`);
    key(editor, "z", { ctrlKey: true });
    equal(editor.value, rows(4000));
    key(editor, "y", { ctrlKey: true });
    equal(editor.value, `${rows(4000)}ab`);
    key(editor, "z", { ctrlKey: true });
    key(editor, "z", { ctrlKey: true });
    equal([editor.value, editor.long.isOn], ["before", false]);
    editor.element.remove();
});
test("what grows beyond the limit is read only", () => {
    const editor = made("x\n".repeat(editable / 2 - 1));
    key(editor, "End", { ctrlKey: true });
    type(editor, "long");
    equal([editor.large !== null, editor.value.length, editor.area.value], [true, editable + 2, ""]);
    equal(document.activeElement === editor.list.element, true);
    editor.element.remove();
});
test("random edits anywhere are those of the whole text", async () => {
    const editor = made(rows(1200));
    let expected = rows(1200);
    for (let round = 0; round < 60; round += 1) {
        const from = Math.floor(Math.random() * expected.length);
        const to = Math.min(expected.length, from + [0, 1, 30, 5000][round % 4]);
        editor.long.choose(from, to, round % 3 === 0);
        if (round % 2 === 0) editor.view.scrollTop = Math.random() * 24_000;
        if (round % 5 === 0) await frame();
        const text = ["x", "a\nb", "\n".repeat(400), "", "é🙂"][round % 5];
        if (text === "" && from === to) continue;
        type(editor, text, text === "" ? "deleteContentBackward" : "insertText");
        expected = expected.slice(0, from) + text + expected.slice(to);
        equal([round, editor.value === expected], [round, true]);
        if (!editor.long.isOn) editor.value = expected = rows(1200);
    }
    editor.element.remove();
});
