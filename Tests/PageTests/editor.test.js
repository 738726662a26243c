const { Editor, editable } = await import("/page/editor.js");
const { Tabs } = await import("/page/tabs.js");

const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));

function made(options = {}) {
    const editor = new Editor({ label: "test", ...options });
    document.body.append(editor.element);
    return editor;
}

test("beyond the limit a text is read only, and stays as it is", () => {
    const editor = made();
    const long = "line\n".repeat(editable / 5 + 1);
    editor.value = long;
    equal([editor.value === long, editor.area.value, editor.box.hidden, editor.list.element.hidden], [true, "", true, false]);
    editor.value = "short";
    equal([editor.value, editor.area.value, editor.box.hidden, editor.list.element.hidden], ["short", "short", false, true]);
    editor.element.remove();
});
test("a paste that is too long becomes read only", () => {
    let changes = 0;
    const editor = made({ changed: () => { changes += 1; } });
    editor.value = "ab";
    editor.area.setSelectionRange(1, 1);
    const data = new DataTransfer();
    data.setData("text/plain", "x".repeat(editable));
    editor.area.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, cancelable: true }));
    equal([editor.value.length, editor.value[0], editor.value.at(-1), changes], [editable + 2, "a", "b", 1]);
    editor.element.remove();
});
test("marks are beside their lines", async () => {
    const editor = made();
    editor.value = "a\nb\nc\n";
    editor.mark([{ line: 2, kind: "bad", text: "wrong" }]);
    await frame();
    const [mark] = editor.gutter.querySelectorAll(".bad");
    equal([mark.textContent, mark.title, editor.area.getAttribute("aria-invalid")], ["✕2", "wrong", "true"]);
    editor.mark([]);
    await frame();
    equal([editor.gutter.querySelectorAll(".bad").length, editor.area.getAttribute("aria-invalid")], [0, "false"]);
    editor.element.remove();
});
test("only numbers in sight are elements", async () => {
    const editor = made();
    editor.value = "x\n".repeat(20_000);
    await frame();
    equal(editor.gutter.children.length < 60, true);
    editor.element.remove();
});
test("a line is revealed and selected", () => {
    const editor = made();
    editor.value = "one\ntwo\nthree";
    editor.reveal(2, true);
    equal(editor.area.value.slice(editor.area.selectionStart, editor.area.selectionEnd), "two");
    editor.element.remove();
});
test("arrows move between tabs, around the ends", () => {
    const changes = [];
    const panel = () => document.createElement("div");
    const tabs = new Tabs("test", [{ name: "a", title: "A", panel: panel() }, { name: "b", title: "B", panel: panel() }], (name) => changes.push(name));
    document.body.append(tabs.element);
    for (const key of ["ArrowRight", "ArrowRight", "ArrowLeft", "Home", "End"]) {
        tabs.element.querySelector("[aria-selected=true]").dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    }
    equal(changes, ["b", "a", "b", "a", "b"]);
    equal([...tabs.element.querySelectorAll("[role=tab]")].map((tab) => tab.tabIndex), [-1, 0]);
    tabs.element.remove();
});
