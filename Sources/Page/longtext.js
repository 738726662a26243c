// A long text in a text area that holds only the lines around those in sight: browsers lay out a text area as a whole, and
// some thousand lines take them longer than a frame.
//
// The whole text and its selection are here. What the browser does to the area's slice is taken over; what concerns more
// than the slice is done here: select all, pages, both ends, undo.

import { Lines } from "./lines.js";

const rowHeight = 20;
/// Lines above and below those in sight; and lines at the ends of the slice that the caret does not come into.
const margin = 40, edge = 8;
/// Lines of a slice that grew by typing, until it is cut again.
const mostLines = 300;
/// Texts that are kept for undo, and milliseconds between keys that are undone together.
const mostUndo = 30, together = 1000;

/// Characters and lines up to which a text area holds the whole text: the browser lays it out within three frames.
export const wholeCharacters = 16 * 1024, wholeLines = 500;

export class LongText {
    /// `view` scrolls and has the text area `area` in it; `edited()` is called after changes that are made here.
    constructor(view, area, edited) {
        Object.assign(this, { view, area, edited, isOn: false });
        this.space = document.createElement("div");
        view.append(this.space);
        const actions = {
            keydown: this.key, beforeinput: this.beforeInput, copy: this.copied, cut: this.copied, mousedown: this.hold,
            compositionstart: () => { this.isComposing = true; }, compositionend: () => { this.isComposing = false; },
        };
        for (const [name, action] of Object.entries(actions)) {
            area.addEventListener(name, (event) => { if (this.isOn) action.call(this, event); });
        }
    }

    /// Shows a text with the caret at a place. With `before`, `{text, place}`, undo goes back to that, and further.
    begin(text, caret = 0, before = null) {
        const done = before ? [...this.isOn ? this.done : [], before].slice(-mostUndo) : [];
        Object.assign(this, { isOn: true, isComposing: false, isHeld: false, done, undone: [], typedTo: -1 });
        this.area.style.minWidth = "";
        this.take(text);
        if (!before) this.view.scrollTop = this.view.scrollLeft = 0;
        this.choose(caret);
    }

    /// Leaves the area to others.
    end() {
        if (!this.isOn) return;
        this.isOn = false;
        this.area.removeAttribute("style");
        this.space.removeAttribute("style");
    }

    take(text) {
        this.text = text;
        this.lines = new Lines(text, true);
        this.space.style.height = `${this.lines.count * rowHeight}px`;
    }

    // The slice

    /// Has the lines in sight, and some around them, in the area.
    cover() {
        const [top, bottom] = this.inSight();
        const isCovered = this.first <= Math.max(0, top - edge) && this.last >= Math.min(this.lines.count, bottom + edge);
        if (isCovered || this.isHeld || this.isComposing) return;
        this.sync();
        this.cut();
    }

    inSight() {
        const { scrollTop, clientHeight } = this.view;
        return [scrollTop, scrollTop + clientHeight].map((height) => Math.min(this.lines.count, Math.floor(height / rowHeight)));
    }

    cut() {
        const [top, bottom] = this.inSight();
        this.first = Math.max(0, top - margin);
        this.last = Math.min(this.lines.count, bottom + margin);
        this.start = this.lines.starts[this.first];
        this.stop = this.lines.range(this.last - 1)[1];
        this.area.value = this.text.slice(this.start, this.stop);
        const { from, to, isBack } = this.place;
        this.shown = [from, to].map((at) => Math.min(Math.max(at, this.start), this.stop) - this.start);
        this.area.setSelectionRange(...this.shown, isBack ? "backward" : "forward");
        this.fit();
    }

    /// Makes the area as large as its text.
    fit() {
        const { style } = this.area;
        style.top = `${this.first * rowHeight}px`;
        style.height = `${(this.last - this.first) * rowHeight}px`;
        const { scrollWidth, clientWidth, scrollLeft } = this.area;
        if (scrollWidth <= clientWidth) return;
        style.minWidth = `${scrollWidth}px`;
        this.view.scrollLeft += scrollLeft;
    }

    // The selection

    get caret() { return this.place.isBack ? this.place.from : this.place.to; }
    /// Whether more is selected than the slice has.
    get isCut() { return this.place.from < this.start || this.place.to > this.stop; }

    /// Takes over what the browser has selected since. The whole slice is what "select all" selects.
    sync() {
        const { selectionStart, selectionEnd, selectionDirection, value } = this.area;
        const [from, to] = this.shown;
        if (selectionStart === from && selectionEnd === to) return;
        const { place, start, stop, text } = this;
        const isRange = selectionStart < selectionEnd;
        const isAll = isRange && selectionStart === 0 && selectionEnd === value.length;
        this.shown = [selectionStart, selectionEnd];
        this.place = isAll ? { from: 0, to: text.length } : {
            from: isRange && selectionStart === from ? Math.min(place.from, start + from) : start + selectionStart,
            to: isRange && selectionEnd === to ? Math.max(place.to, Math.min(stop, start + to)) : start + selectionEnd,
            isBack: selectionDirection === "backward",
        };
    }

    /// No other slice while the pointer selects.
    hold() {
        this.isHeld = true;
        window.addEventListener("mouseup", () => {
            this.isHeld = false;
            if (this.isOn) this.cover();
        }, { once: true });
    }

    /// Selects, and scrolls to the caret.
    choose(from, to = from, isBack = false) {
        this.place = { from, to, isBack };
        this.reveal();
    }

    reveal() {
        const top = this.lines.lineOf(this.caret) * rowHeight;
        const { scrollTop, clientHeight } = this.view;
        if (top < scrollTop || top + rowHeight > scrollTop + clientHeight) this.view.scrollTop = top - clientHeight / 2;
        this.cut();
    }

    // What people do

    key(event) {
        this.sync();
        const { key, shiftKey } = event;
        const isCommand = event.ctrlKey || event.metaKey;
        const at = this.target(event, isCommand);
        if (isCommand && /^[zy]$/i.test(key)) {
            event.preventDefault();
            this.back(shiftKey || /y/i.test(key));
        } else if (at !== null) {
            event.preventDefault();
            const { from, to, isBack } = this.place;
            const anchor = !shiftKey ? at : isBack ? to : from;
            this.choose(Math.min(at, anchor), Math.max(at, anchor), at < anchor);
        } else if ((key.length === 1 && !isCommand) || /^(Arrow|Home|End|Back|Del|Enter|Process|Unid)/.test(key)) {
            const line = this.lines.lineOf(this.caret), { first, last } = this;
            if ((line < first + edge && first > 0) || (line >= last - edge && last < this.lines.count)) this.reveal();
        }
    }

    /// Where a key moves the caret to; null where the browser does it.
    target({ key, metaKey, shiftKey }, isCommand) {
        if ((isCommand && key === "Home") || (metaKey && key === "ArrowUp")) return 0;
        if ((isCommand && key === "End") || (metaKey && key === "ArrowDown")) return this.text.length;
        if (this.isCut && !shiftKey && key.startsWith("Arrow")) return /Left|Up/.test(key) ? this.place.from : this.place.to;
        if (key !== "PageUp" && key !== "PageDown") return null;
        const page = Math.max(1, Math.floor(this.view.clientHeight / rowHeight) - 1) * (key === "PageUp" ? -1 : 1);
        const line = this.lines.lineOf(this.caret);
        const [start, end] = this.lines.range(Math.max(0, Math.min(this.lines.count - 1, line + page)));
        return Math.min(end, start + this.caret - this.lines.starts[line]);
    }

    beforeInput(event) {
        this.sync();
        const { inputType, data } = event;
        if (/^history/.test(inputType)) {
            event.preventDefault();
            this.back(inputType === "historyRedo");
        } else if (this.isCut && event.cancelable) {
            event.preventDefault();
            this.insert(inputType === "insertLineBreak" ? "\n" : data ?? event.dataTransfer?.getData("text/plain") ?? "");
        }
    }

    copied(event) {
        this.sync();
        if (!this.isCut) return;
        event.preventDefault();
        event.clipboardData.setData("text/plain", this.text.slice(this.place.from, this.place.to));
        if (event.type === "cut") this.insert("");
    }

    // Changes

    /// Takes over what the browser has done to the slice.
    typed() {
        const now = performance.now();
        if (this.place.to !== this.typedTo || now - this.typedAt > together) this.keep();
        this.typedAt = now;
        const { value, selectionStart, selectionEnd } = this.area;
        this.take(this.text.slice(0, this.start) + value + this.text.slice(this.stop));
        this.stop = this.start + value.length;
        this.last = this.lines.lineOf(this.stop) + 1;
        this.shown = [selectionStart, selectionEnd];
        this.place = { from: this.start + selectionStart, to: this.start + selectionEnd };
        this.typedTo = this.place.to;
        if (this.last - this.first > mostLines && !this.isComposing) this.reveal(); else this.fit();
    }

    /// Puts text in place of the selection.
    insert(text) {
        this.sync();
        this.keep();
        this.typedTo = -1;
        const { from, to } = this.place;
        this.take(this.text.slice(0, from) + text + this.text.slice(to));
        this.choose(from + text.length);
        this.edited();
    }

    /// Keeps the text for undo.
    keep() {
        this.undone = [];
        this.done.push({ text: this.text, place: this.place });
        if (this.done.length > mostUndo) this.done.shift();
    }

    /// Takes the last change back, or makes it again.
    back(isAgain) {
        const [source, other] = isAgain ? [this.undone, this.done] : [this.done, this.undone];
        const kept = source.pop();
        if (!kept) return;
        other.push({ text: this.text, place: this.place });
        this.typedTo = -1;
        this.take(kept.text);
        this.place = kept.place;
        this.reveal();
        this.edited();
    }
}
