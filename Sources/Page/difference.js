// The rows of a difference: two texts beside each other, from the hunks of a unified difference.

export const same = 0, added = 1, removed = 2, changed = 3;

/// The rows of two texts. `diff` is a unified difference of them, empty where they are equal.
///
/// Answers `{kinds, left, right, starts}`: for each row its kind and the lines on both sides, from 0, -1 for none; and the
/// first row of each run of changes. With `isOneColumn` a line that was replaced is two rows, otherwise one.
export function rows(leftCount, rightCount, diff, isOneColumn) {
    const most = leftCount + rightCount;
    const result = { kinds: new Uint8Array(most), left: new Int32Array(most), right: new Int32Array(most), starts: [], count: 0 };
    let left = 0, right = 0;
    const push = (kind, leftLine, rightLine) => {
        const at = result.count;
        if (kind !== same && (at === 0 || result.kinds[at - 1] === same)) result.starts.push(at);
        result.kinds[at] = kind;
        result.left[at] = leftLine;
        result.right[at] = rightLine;
        result.count += 1;
    };
    const keep = (end) => {
        while (left < end && left < leftCount && right < rightCount) push(same, left++, right++);
    };
    let taken = 0, given = 0;
    const flush = () => {
        const pairs = isOneColumn ? 0 : Math.min(taken, given);
        for (let pair = 0; pair < pairs; pair += 1) push(changed, left++, right++);
        for (let line = pairs; line < taken; line += 1) push(removed, left++, -1);
        for (let line = pairs; line < given; line += 1) push(added, -1, right++);
        taken = given = 0;
    };
    // Only what a hunk's head announces is part of it: a removed line may itself begin with "-- ".
    let oldRest = 0, newRest = 0;
    for (let at = 0; at < diff.length;) {
        const next = diff.indexOf("\n", at);
        const end = next < 0 ? diff.length : next;
        const sign = diff[at];
        if (oldRest <= 0 && newRest <= 0) {
            const head = sign === "@" ? /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(diff.slice(at, Math.min(end, at + 80))) : null;
            if (head) {
                flush();
                oldRest = Number(head[2] ?? 1);
                newRest = Number(head[4] ?? 1);
                keep(oldRest === 0 ? Number(head[1]) : Number(head[1]) - 1);
            }
        } else if (sign === "+") {
            given += 1;
            newRest -= 1;
        } else if (sign === "-") {
            if (given > 0 && taken === 0) flush();
            taken += 1;
            oldRest -= 1;
        } else if (sign !== "\\") {
            flush();
            keep(left + 1);
            oldRest -= 1;
            newRest -= 1;
        }
        at = end + 1;
    }
    flush();
    keep(leftCount);
    return result;
}

/// The run of `origins` that has a line, from 1; null for none. They are in the order of their lines.
export function originOf(origins, line) {
    let low = 0, high = origins.length;
    while (low < high) {
        const middle = (low + high) >> 1;
        if (origins[middle].lines[0] <= line) low = middle + 1; else high = middle;
    }
    const found = origins[low - 1];
    return found && found.lines[1] >= line ? found : null;
}
