const { rows, originOf } = await import("/page/difference.js");

function shown(left, right, diff, isOne) {
    const found = rows(left, right, diff, isOne);
    return Array.from({ length: found.count }, (_, at) => [found.kinds[at], found.left[at], found.right[at]]);
}

test("equal texts are beside each other", () => equal(shown(2, 2, "", false), [[0, 0, 0], [0, 1, 1]]));
test("added lines have no partner", () => equal(
    shown(2, 3, "--- a\n+++ a\n@@ -1,2 +1,3 @@\n a\n+b\n c\n", false), [[0, 0, 0], [1, -1, 1], [0, 1, 2]]));
test("replaced lines are one row side by side, two in one column", () => {
    const diff = "--- a\n+++ a\n@@ -1 +1 @@\n-a\n+b\n";
    equal(shown(1, 1, diff, false), [[3, 0, 0]]);
    equal(shown(1, 1, diff, true), [[2, 0, -1], [1, -1, 0]]);
});
test("what is between hunks stays", () => equal(
    shown(5, 6, "--- a\n+++ a\n@@ -1 +1 @@\n-a\n+b\n@@ -5 +5,2 @@\n e\n+f\n", true),
    [[2, 0, -1], [1, -1, 0], [0, 1, 1], [0, 2, 2], [0, 3, 3], [0, 4, 4], [1, -1, 5]]));
test("lines that look like heads are lines", () => equal(
    shown(2, 2, "--- a\n+++ a\n@@ -1,2 +1,2 @@\n--- x\n+++ y\n same\n", true), [[2, 0, -1], [1, -1, 0], [0, 1, 1]]));
test("a hunk of no lines is after the line it names", () => equal(
    shown(1, 2, "--- a\n+++ a\n@@ -1,0 +2 @@\n+b\n", true), [[0, 0, 0], [1, -1, 1]]));
test("a missing line break at the end is no line", () => equal(
    shown(1, 1, "--- a\n+++ a\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n", true), [[2, 0, -1], [1, -1, 0]]));
test("runs of changes have their beginnings", () => equal(
    rows(3, 4, "--- a\n+++ a\n@@ -1,3 +1,4 @@\n-a\n+b\n c\n+d\n e\n", true).starts, [0, 3]));
test("the origin of a line", () => {
    const origins = [{ lines: [2, 3], by: 1 }, { lines: [5, 5], by: 2 }, { lines: [6, 9], by: 3 }];
    equal([1, 2, 3, 4, 5, 6, 9, 10].map((line) => originOf(origins, line)?.by ?? 0), [0, 1, 1, 0, 2, 3, 3, 0]);
    equal(originOf([], 1), null);
});
