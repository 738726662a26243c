// A text to edit, with line numbers and marks; beyond 256 KB a windowed text to read.

import { el, id, button, size, eachFrame } from "./dom.js";
import { Lines } from "./lines.js";
import { LongText, wholeCharacters, wholeLines } from "./longtext.js";
import { WindowedList, parts } from "./windowed.js";

/// Characters up to which a text is edited in the page.
export const editable = 256 * 1024;
const rowHeight = 20;

/// Options: `label`, `low` for few lines, `changed()` after every change by the user, `caret(line)` when the caret has moved
/// to another line, `pointed(line)` when the pointer has.
export class Editor {
    constructor({ label, low = false, changed = () => {}, caret = null, pointed = null }) {
        this.changed = changed;
        this.caret = caret;
        this.request = eachFrame(() => this.paint());
        this.marks = new Map();
        this.large = null;
        this.area = el("textarea", {
            id: id("editor"), spellcheck: "false", autocapitalize: "off", autocomplete: "off", wrap: "off",
            on: {
                input: () => this.typed(), scroll: this.request, paste: (event) => this.pasted(event),
                keyup: () => this.caretMoved(), click: () => this.caretMoved(),
                mousemove: pointed ? (event) => this.pointedAt(event, pointed) : null,
            },
        });
        this.gutter = el("div", { class: "gutter", "aria-hidden": "true" });
        this.view = el("div", { class: "view", on: { scroll: this.request } }, this.area);
        this.long = new LongText(this.view, this.area, () => this.edited());
        this.box = el("div", { class: low ? "editor low" : "editor" }, this.gutter, this.view);
        this.note = el("p", { class: "small", hidden: true });
        this.list = new WindowedList({
            label: `${label}, read only`, low, draw: (index) => this.drawLarge(index),
            moved: (index) => this.caret?.(index + 1),
        });
        this.list.element.hidden = true;
        this.element = el(
            "div", {
                on: {
                    dragover: (event) => { event.preventDefault(); this.box.classList.add("dropping"); },
                    dragleave: () => this.box.classList.remove("dropping"), drop: (event) => this.dropped(event),
                },
            }, el("label", { class: "label", for: this.area.id, text: label }), this.box, this.note,
            this.list.element);
        new ResizeObserver(this.request).observe(this.box);
    }

    get value() { return this.large?.text ?? (this.long.isOn ? this.long.text : this.area.value); }

    /// Replaces the text; nobody is told.
    set value(text) { this.show(text); }

    /// Shows a text in the way for its length: with the caret there, and undo going back to `before`, if they are given.
    show(text, caret, before) {
        const hasFocus = document.activeElement === this.area;
        this.marks.clear();
        this.large = text.length > editable ? new Lines(text) : null;
        const plain = unixLines(text);
        const isLong = !this.large && isTooLong(plain.length, countOf(plain));
        this.box.classList.toggle("long", isLong);
        this.box.hidden = this.large !== null;
        this.list.element.hidden = this.note.hidden = this.large === null;
        if (isLong) {
            this.long.begin(plain, caret, before);
        } else {
            this.long.end();
            this.area.value = this.large ? "" : plain;
            if (caret !== undefined && !this.large) this.area.setSelectionRange(caret, caret);
        }
        this.list.set(this.large?.count ?? 0);
        if (this.large) {
            this.note.replaceChildren(
                `${size(text.length)} in ${this.large.count} lines: more than ${size(editable)} is shown read only. `,
                button("Clear", () => { this.value = ""; this.changed(); this.area.focus(); }));
            if (hasFocus) this.list.element.focus();
        }
        this.request();
    }

    typed() {
        if (this.long.isOn) this.long.typed();
        this.edited();
    }

    /// After every change by the user: shows the text in the way for its length.
    edited() {
        const { value, count } = this;
        // A text that becomes shorter stays long until it is half as long.
        const factor = this.long.isOn ? 2 : 1;
        if (value.length > editable || this.long.isOn !== isTooLong(value.length * factor, count * factor)) {
            this.show(value, this.long.isOn ? this.long.caret : this.area.selectionEnd);
        }
        this.marks.clear();
        this.request();
        this.changed();
    }

    pasted(event) {
        const text = event.clipboardData.getData("text/plain");
        if (!this.long.isOn && !isTooLong(text.length, countOf(text))) return;
        event.preventDefault();
        if (this.long.isOn) this.long.sync();
        const { value } = this;
        const { from, to } = this.long.isOn ? this.long.place : { from: this.area.selectionStart, to: this.area.selectionEnd };
        const plain = unixLines(text);
        this.show(value.slice(0, from) + plain + value.slice(to), from + plain.length, { text: value, place: { from, to } });
        this.changed();
    }

    async dropped(event) {
        this.box.classList.remove("dropping");
        const file = event.dataTransfer.files[0];
        if (!file) return;
        event.preventDefault();
        await this.read(file);
    }

    /// Takes the text of a file.
    async read(file) {
        this.value = await file.text();
        this.changed();
    }

    get count() { return this.long.isOn ? this.long.lines.count : countOf(this.area.value); }

    paint() {
        if (this.large) return;
        if (this.long.isOn) this.long.cover();
        const { scrollTop } = this.scroller;
        const first = Math.max(1, Math.floor(scrollTop / rowHeight));
        const last = Math.min(this.count, first + Math.ceil(this.box.clientHeight / rowHeight) + 2);
        const numbers = [];
        for (let line = first; line <= last; line += 1) {
            const mark = this.marks.get(line);
            const row = el("div", { class: mark?.kind ?? "", title: mark?.text, text: `${mark?.sign ?? ""}${line}` });
            row.style.transform = `translateY(${(line - 1) * rowHeight - scrollTop}px)`;
            numbers.push(row);
        }
        this.gutter.replaceChildren(...numbers);
    }

    /// Marks lines: `{line, kind, text}` with the kinds `bad`, `warn` and `here`.
    mark(marks) {
        this.marks.clear();
        const signs = { bad: "✕", warn: "!", here: "▸" };
        for (const { line, kind, text } of marks) this.marks.set(line, { kind, text, sign: signs[kind] });
        this.area.setAttribute("aria-invalid", marks.some((mark) => mark.kind === "bad"));
        if (this.large) this.list.refresh(); else this.request();
    }

    /// Scrolls to a line; with `focuses` the caret goes there.
    reveal(line, focuses = false) {
        if (this.large) {
            this.list.move(Math.min(line, this.large.count) - 1);
            if (focuses) this.list.element.focus();
            return;
        }
        this.scroller.scrollTop = Math.max(0, (line - 1) * rowHeight - this.box.clientHeight / 2);
        if (focuses) {
            const lines = new Lines(this.value);
            const [start, end] = lines.range(Math.min(line, lines.starts.length) - 1);
            this.area.focus({ preventScroll: this.long.isOn });
            if (this.long.isOn) this.long.choose(start, end); else this.area.setSelectionRange(start, end);
        }
        this.request();
    }

    /// Puts text in place of the selection.
    insert(text) {
        if (this.large) return;
        this.area.focus({ preventScroll: this.long.isOn });
        if (this.long.isOn) {
            this.long.insert(text);
            return;
        }
        this.area.setRangeText(text, this.area.selectionStart, this.area.selectionEnd, "end");
        this.typed();
    }

    caretMoved() {
        if (!this.caret) return;
        const before = this.area.value.slice(0, this.area.selectionStart);
        this.caret(countOf(before) + (this.long.isOn ? this.long.first : 0));
    }

    /// What scrolls the text: the area itself, or what is around it.
    get scroller() { return this.long.isOn ? this.view : this.area; }

    pointedAt(event, pointed) {
        const { top } = this.view.getBoundingClientRect();
        pointed(Math.min(this.count, Math.floor((event.clientY - top + this.scroller.scrollTop) / rowHeight) + 1));
    }

    drawLarge(index) {
        return el("div", { class: this.marks.get(index + 1)?.kind ?? "" }, ...parts(index, this.large.head(index)));
    }
}

/// A text with the line breaks that a text area has.
function unixLines(text) { return text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text; }

function countOf(text) {
    let count = 1;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count += 1;
    return count;
}

/// Whether a text area is not to hold a text as a whole.
function isTooLong(length, count) { return length > wholeCharacters || count > wholeLines; }
