const { WindowedList } = await import("/page/windowed.js");

const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));

function list(count, more = {}) {
    const found = new WindowedList({
        label: "test", draw: (index) => { const row = document.createElement("div"); row.textContent = `row ${index}`; return row; }, ...more,
    });
    document.body.append(found.element);
    found.set(count);
    return found;
}

test("only rows in sight are elements", async () => {
    const rows = list(1_000_000);
    equal(rows.element.querySelectorAll(".row").length < 60, true);
    rows.element.scrollTop = 10_000_000;
    await frame();
    equal(rows.element.querySelectorAll(".row").length < 80, true);
    equal(rows.element.querySelector(".row") !== null && rows.rows.has(500_000), true);
    rows.element.remove();
});
test("keys move and say where", () => {
    const places = [];
    const rows = list(1000, { moved: (index) => places.push(index) });
    rows.element.focus();
    for (const key of ["ArrowDown", "End", "ArrowUp", "Home"]) {
        rows.element.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    }
    equal(places, [0, 1, 999, 998, 0]);
    const current = document.getElementById(rows.element.getAttribute("aria-activedescendant"));
    equal([current.textContent, current.getAttribute("aria-posinset"), current.getAttribute("aria-setsize"), current.getAttribute("aria-selected")],
        ["row 0", "1", "1000", "true"]);
    rows.element.remove();
});
test("an empty list takes keys", () => {
    const rows = list(0);
    rows.element.dispatchEvent(new KeyboardEvent("keydown", { key: "End", bubbles: true }));
    equal(rows.current, -1);
    rows.element.remove();
});
