const { partners, rows, originOf } = await import("/page/difference.js");
const { Lines } = await import("/page/lines.js");

async function shown(left, right, isOne) {
    const [one, other] = [new Lines(left), new Lines(right)];
    const found = rows(await partners(one, other), other.count, isOne);
    return Array.from({ length: found.count }, (_, at) => [found.kinds[at], found.left[at], found.right[at]]);
}

test("equal texts are beside each other", async () => equal(await shown("a\nb\n", "a\nb", false), [[0, 0, 0], [0, 1, 1]]));
test("added lines have no partner", async () => equal(await shown("a\nc\n", "a\nb\nc\n", false), [[0, 0, 0], [1, -1, 1], [0, 1, 2]]));
test("removed lines have no partner", async () => equal(await shown("a\nb\nc\n", "a\nc\n", false), [[0, 0, 0], [2, 1, -1], [0, 2, 1]]));
test("replaced lines are one row side by side, two in one column", async () => {
    equal(await shown("a\n", "b\n", false), [[3, 0, 0]]);
    equal(await shown("a\n", "b\n", true), [[2, 0, -1], [1, -1, 0]]);
});
test("nothing and something", async () => equal([await shown("", "", true), await shown("", "a", true), await shown("a", "", true)], [[], [[1, -1, 0]], [[2, 0, -1]]]));
test("runs of changes have their beginnings", async () => {
    const [left, right] = [new Lines("a\nc\ne\n"), new Lines("b\nc\nd\ne\n")];
    equal(rows(await partners(left, right), right.count, true).starts, [0, 3]);
});
test("every line is in one row, in order, and what is called the same is", async () => {
    for (let round = 0; round < 150; round += 1) {
        const letters = "abcdefgh\n\n\n".slice(0, 4 + round % 8);
        const random = (length) => Array.from({ length }, () => letters[Math.floor(Math.random() * letters.length)]).join("");
        const [one, other] = [random(round * 3), random(round * 2)];
        const [left, right] = [new Lines(one), new Lines(other)];
        for (const isOne of [true, false]) {
            const found = rows(await partners(left, right), right.count, isOne);
            const lines = { left: [], right: [] };
            for (let at = 0; at < found.count; at += 1) {
                for (const side of ["left", "right"]) if (found[side][at] >= 0) lines[side].push(found[side][at]);
                if (found.kinds[at] === 0) equal(left.head(found.left[at]), right.head(found.right[at]));
            }
            equal(lines, { left: [...Array(left.count).keys()], right: [...Array(right.count).keys()] });
        }
    }
});
test("insertions into many workloads are found as they are", async () => {
    const workload = (name, more) => `---\nkind: Pod\nmetadata:\n  name: ${name}\nspec:\n${more}  containers:\n  - name: app\n`;
    const inserted = "  initContainers:\n  - name: init\n    image: x\n";
    const names = Array.from({ length: 3000 }, (_, index) => `app-${index}`);
    const [left, right] = [new Lines(names.map((name) => workload(name, "")).join("")), new Lines(names.map((name) => workload(name, inserted)).join(""))];
    const found = rows(await partners(left, right), right.count, true);
    const kinds = [0, 0, 0];
    for (let at = 0; at < found.count; at += 1) kinds[found.kinds[at]] += 1;
    equal(kinds, [left.count, 3 * 3000, 0]);
    equal(found.starts.length, 3000);
});
test("texts with nothing in common are replaced as a whole", async () => {
    const many = (prefix) => new Lines(Array.from({ length: 2000 }, (_, index) => `${prefix}${index}`).join("\n"));
    const found = rows(await partners(many("a"), many("b")), 2000, true);
    equal([found.count, found.starts.length], [4000, 1]);
});
test("work that is not wanted any more ends", async () => {
    const controller = new AbortController();
    const many = new Lines(Array.from({ length: 400_000 }, (_, index) => `line ${index % 7}`).join("\n"));
    const other = new Lines(many.text.replaceAll("line 3", "other"));
    const work = partners(many, other, controller.signal).then(() => "done", (error) => error.name);
    controller.abort();
    equal(await work, "AbortError");
});
test("the origin of a line", () => {
    const origins = [{ lines: [2, 3], by: 1 }, { lines: [5, 5], by: 2 }, { lines: [6, 9], by: 3 }];
    equal([1, 2, 3, 4, 5, 6, 9, 10].map((line) => originOf(origins, line)?.by ?? 0), [0, 1, 1, 0, 2, 3, 3, 0]);
    equal(originOf([], 1), null);
});
