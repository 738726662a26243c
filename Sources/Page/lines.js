// The lines of a text, without a string for each of them.

/// Characters of a line that are shown; a line may have a million.
export const shownCharacters = 2_000;

export class Lines {
    /// What ends with a line break has no further line, unless `hasLast`: where it is edited the caret can be there.
    constructor(text, hasLast = false) {
        this.text = text;
        const starts = [0];
        for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
        if (!hasLast && starts.length > 1 && starts[starts.length - 1] === text.length) starts.pop();
        this.starts = starts;
    }

    get count() { return this.text === "" ? 0 : this.starts.length; }

    /// Where the text of a line is, from 0, without its line break.
    range(index) {
        const start = this.starts[index];
        let end = index + 1 < this.starts.length ? this.starts[index + 1] - 1 : this.text.length;
        if (end > start && this.text[end - 1] === "\n") end -= 1;
        if (end > start && this.text[end - 1] === "\r") end -= 1;
        return [start, end];
    }

    /// The first characters of a line, and how many more it has.
    head(index, limit = shownCharacters) {
        const [start, end] = this.range(index);
        const rest = Math.max(0, end - start - limit);
        return { text: this.text.slice(start, end - rest), rest };
    }

    /// The line of a character, from 0.
    lineOf(offset) { return Math.max(firstAfter(this.starts, offset) - 1, 0); }
}

/// The index of the first of ascending values that is greater than the limit.
export function firstAfter(values, limit, number = (value) => value) {
    let low = 0, high = values.length;
    while (low < high) {
        const middle = (low + high) >> 1;
        if (number(values[middle]) <= limit) low = middle + 1; else high = middle;
    }
    return low;
}
