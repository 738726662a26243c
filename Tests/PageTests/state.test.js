const { fragment, fromFragment, checked, longestFragment } = await import("/page/state.js");

const state = { view: "inject", inject: { manifest: "kind: Pod\nä🙂\u202e", namespace: "shop" }, template: { template: "{{ . }}" } };

test("a link brings back the state", async () => equal(await fromFragment(await fragment(state)), state));
test("a view without state is its name", async () => equal([await fragment({ view: "reasons" }), await fromFragment("reasons")], ["reasons", { view: "reasons" }]));
test("a link of another page holds no state", async () => equal([await fromFragment(""), await fromFragment("nosuch/1abc")], [null, null]));
test("a link that is not whole says so", async () => {
    const code = await fragment(state);
    equal((await fromFragment(code.slice(0, -9))).isBroken, true);
    equal((await fromFragment("inject/1!!")).isBroken, true);
});
test("only members of the right kind are taken", () => equal(
    checked({ view: "nosuch", inject: { manifest: 5, tab: "result", other: "x", __proto__: { namespace: "y" } }, more: 1 }),
    { view: "inject", inject: { tab: "result", namespace: "y" } }));
test("a state that is too long has no link", async () => {
    const bytes = crypto.getRandomValues(new Uint8Array(40_000));
    const text = Array.from(bytes, (byte) => String.fromCharCode(33 + byte % 90)).join("");
    equal(await fragment({ view: "inject", inject: { manifest: text } }), null);
});
test("a link that would fill the memory is refused", async () => {
    const code = await fragment({ view: "inject", inject: { manifest: "x".repeat(9 << 20) } });
    equal(code.length < longestFragment, true);
    equal((await fromFragment(code)).isBroken, true);
});
test("links of any text come back", async () => {
    for (let round = 0; round < 30; round += 1) {
        const manifest = Array.from({ length: round * 7 + 1 }, () => String.fromCodePoint(1 + Math.floor(Math.random() * 0xd7fe))).join("");
        equal(await fromFragment(await fragment({ view: "inject", inject: { manifest } })), { view: "inject", inject: { manifest } });
    }
});
