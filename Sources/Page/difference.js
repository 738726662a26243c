// The difference of two texts, line by line, as rows beside each other.
//
// Lines that are on both sides once are matched first (the longest run of them that is in order), what is between them
// by the longest common subsequence. So a thousand workloads take a time that grows with their number; and the work is
// done in slices, so that the page answers meanwhile.

import { firstAfter } from "./lines.js";

export const same = 0, added = 1, removed = 2, changed = 3;

/// Milliseconds of work until other things get their turn.
const slice = 20;
/// Pairs of lines up to which all of them are compared.
const mostPairs = 250_000;

/// Which line of the right text each line of the left one is, from 0; -1 for those that are gone.
///
/// Throws AbortError where `signal` ended it.
export async function partners(left, right, signal) {
    const turns = new Turns(signal);
    const numbers = new Map();
    const [one, other] = [await numbered(left, numbers, turns), await numbered(right, numbers, turns)];
    const partner = new Int32Array(left.count).fill(-1);
    const seen = { left: new Int32Array(numbers.size).fill(-1), right: new Int32Array(numbers.size).fill(-1) };
    const open = [[0, left.count, 0, right.count]];
    for (let range = open.pop(); range; range = open.pop()) {
        let [top, bottom, first, last] = range;
        while (top < bottom && first < last && one[top] === other[first]) partner[top++] = first++;
        while (top < bottom && first < last && one[bottom - 1] === other[last - 1]) partner[--bottom] = --last;
        if (top === bottom || first === last) continue;
        await turns.take((bottom - top) + (last - first));
        if ((bottom - top) * (last - first) <= mostPairs) {
            compareAll(one, other, top, bottom, first, last, partner);
            continue;
        }
        // What has no line in common that is there once is left as replaced: nobody could read it beside each other.
        const fixed = anchors(one, other, top, bottom, first, last, seen);
        for (const [at, match] of fixed) {
            open.push([top, at, first, match]);
            partner[at] = match;
            [top, first] = [at + 1, match + 1];
        }
        if (fixed.length > 0) open.push([top, bottom, first, last]);
    }
    return partner;
}

/// Lets other work go on whenever a slice is over.
class Turns {
    constructor(signal) {
        this.signal = signal;
        this.began = performance.now();
        this.steps = 0;
    }

    async take(steps) {
        this.steps += steps;
        if (this.steps < 2_000) return;
        this.steps = 0;
        if (performance.now() - this.began < slice) return;
        await new Promise((done) => setTimeout(done));
        this.signal?.throwIfAborted();
        this.began = performance.now();
    }
}

/// A number for each line; equal lines have the same.
async function numbered(lines, numbers, turns) {
    const result = new Int32Array(lines.count);
    for (let line = 0; line < result.length; line += 1) {
        const [start, end] = lines.range(line);
        const text = lines.text.slice(start, end);
        let number = numbers.get(text);
        if (number === undefined) numbers.set(text, number = numbers.size);
        result[line] = number;
        if (line % 2_000 === 1_999) await turns.take(2_000);
    }
    return result;
}

/// The pairs of lines that are on each side once, as many as are in order on both.
function anchors(one, other, top, bottom, first, last, seen) {
    // -1: not seen, -2: seen more than once.
    for (let at = top; at < bottom; at += 1) seen.left[one[at]] = seen.left[one[at]] === -1 ? at : -2;
    for (let at = first; at < last; at += 1) seen.right[other[at]] = seen.right[other[at]] === -1 ? at : -2;
    const pairs = [];
    for (let at = top; at < bottom; at += 1) {
        if (seen.left[one[at]] >= 0 && seen.right[one[at]] >= 0) pairs.push([at, seen.right[one[at]]]);
    }
    for (let at = top; at < bottom; at += 1) seen.left[one[at]] = -1;
    for (let at = first; at < last; at += 1) seen.right[other[at]] = -1;
    // The longest ascending subsequence: the last pair of each length, and the pair before each.
    const ends = [], before = new Array(pairs.length);
    pairs.forEach(([, match], index) => {
        const length = firstAfter(ends, match, (end) => pairs[end][1]);
        before[index] = length > 0 ? ends[length - 1] : -1;
        ends[length] = index;
    });
    const found = [];
    for (let index = ends.at(-1) ?? -1; index >= 0; index = before[index]) found.push(pairs[index]);
    return found.reverse();
}

/// Matches a longest common subsequence.
function compareAll(one, other, top, bottom, first, last, partner) {
    const [rows, columns] = [bottom - top, last - first];
    const width = columns + 1;
    // The length of the longest common subsequence of what is from here on.
    const lengths = new Uint16Array((rows + 1) * width);
    for (let row = rows - 1; row >= 0; row -= 1) {
        for (let column = columns - 1; column >= 0; column -= 1) {
            const at = row * width + column;
            lengths[at] = one[top + row] === other[first + column]
                ? lengths[at + width + 1] + 1 : Math.max(lengths[at + width], lengths[at + 1]);
        }
    }
    for (let row = 0, column = 0; row < rows && column < columns;) {
        const at = row * width + column;
        if (one[top + row] === other[first + column]) partner[top + row++] = first + column++;
        else if (lengths[at + width] >= lengths[at + 1]) row += 1;
        else column += 1;
    }
}

/// The rows of two texts, by the partners of the left one's lines.
///
/// Answers `{kinds, left, right, starts, count}`: for each row its kind and the lines on both sides, from 0, -1 for none; and
/// the first row of each run of changes. With `isOneColumn` a line that was replaced is two rows, otherwise one.
export function rows(partner, rightCount, isOneColumn) {
    const most = partner.length + rightCount;
    const result = { kinds: new Uint8Array(most), left: new Int32Array(most), right: new Int32Array(most), starts: [], count: 0 };
    const push = (kind, leftLine, rightLine) => {
        const at = result.count;
        if (kind !== same && (at === 0 || result.kinds[at - 1] === same)) result.starts.push(at);
        result.kinds[at] = kind;
        result.left[at] = leftLine;
        result.right[at] = rightLine;
        result.count += 1;
    };
    let left = 0, right = 0;
    while (left < partner.length || right < rightCount) {
        let gone = left;
        while (gone < partner.length && partner[gone] < 0) gone += 1;
        const come = gone < partner.length ? partner[gone] : rightCount;
        const pairs = isOneColumn ? 0 : Math.min(gone - left, come - right);
        for (let pair = 0; pair < pairs; pair += 1) push(changed, left++, right++);
        while (left < gone) push(removed, left++, -1);
        while (right < come) push(added, -1, right++);
        if (left < partner.length) push(same, left++, right++);
    }
    return result;
}

/// The run of `origins` that has a line, from 1; null for none. They are in the order of their lines.
export function originOf(origins, line) {
    const found = origins[firstAfter(origins, line, (origin) => origin.lines[0]) - 1];
    return found && found.lines[1] >= line ? found : null;
}
