// A text to edit, with line numbers and marks; beyond 256 KB a windowed text to read.

import { el, id, button, size, visible } from "./dom.js";
import { Lines } from "./lines.js";
import { WindowedList } from "./windowed.js";

/// Characters up to which a text is edited in the page. Browsers lay out a text area as a whole: a longer one would make
/// every key wait.
export const editable = 256 * 1024;
/// Characters of a paste that the browser inserts itself, with a way back; longer ones would take it seconds.
const longPaste = 16 * 1024;
const rowHeight = 20;

/// Options: `label`, `low` for few lines, `changed()` after every change by the user, `caret(line)` when the caret has moved
/// to another line, `pointed(line)` when the pointer has.
export class Editor {
    constructor({ label, low = false, changed = () => {}, caret = null, pointed = null }) {
        this.changed = changed;
        this.caret = caret;
        this.label = label;
        this.marks = new Map();
        this.large = null;
        this.area = el("textarea", {
            id: id("editor"), spellcheck: "false", autocapitalize: "off", autocomplete: "off", wrap: "off",
            on: {
                input: () => this.typed(), scroll: () => this.request(), paste: (event) => this.pasted(event),
                keyup: () => this.caretMoved(), click: () => this.caretMoved(),
                mousemove: pointed ? (event) => this.pointedAt(event, pointed) : null,
            },
        });
        this.gutter = el("div", { class: "gutter", "aria-hidden": "true" });
        this.box = el(
            "div", {
                class: low ? "editor low" : "editor",
                on: {
                    dragover: (event) => { event.preventDefault(); this.box.classList.add("dropping"); },
                    dragleave: () => this.box.classList.remove("dropping"), drop: (event) => this.dropped(event),
                },
            }, this.gutter, this.area);
        this.note = el("p", { class: "small", hidden: true });
        this.list = new WindowedList({
            label: `${label}, read only`, low, draw: (index) => this.drawLarge(index),
            moved: (index) => this.caret?.(index + 1),
        });
        this.list.element.hidden = true;
        this.element = el(
            "div", {}, el("label", { class: "label", for: this.area.id, text: label }), this.box, this.note,
            this.list.element);
        new ResizeObserver(() => this.request()).observe(this.box);
        this.count = 1;
    }

    get value() { return this.large ? this.large.text : this.area.value; }

    /// Replaces the text; nobody is told.
    set value(text) {
        this.marks.clear();
        if (text.length > editable) {
            this.large = new Lines(text);
            this.area.value = "";
            this.list.set(this.large.count);
            this.note.replaceChildren(
                `${size(text.length)} in ${this.large.count} lines: more than ${size(editable)} is shown read only. `,
                button("Clear", () => { this.value = ""; this.changed(); this.area.focus(); }));
        } else {
            this.large = null;
            this.list.set(0);
            this.area.value = text;
        }
        this.box.hidden = this.large !== null;
        this.list.element.hidden = this.note.hidden = this.large === null;
        this.recount();
    }

    typed() {
        if (this.area.value.length > editable) this.value = this.area.value;
        this.marks.clear();
        this.recount();
        this.changed();
    }

    pasted(event) {
        const text = event.clipboardData.getData("text/plain");
        if (text.length <= longPaste) return;
        event.preventDefault();
        const { selectionStart: from, selectionEnd: to, value } = this.area;
        const plain = text.replaceAll("\r\n", "\n");
        if (value.length - (to - from) + plain.length > editable) {
            this.value = value.slice(0, from) + plain + value.slice(to);
            this.changed();
        } else {
            this.area.setRangeText(plain, from, to, "end");
            this.typed();
        }
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

    recount() {
        let count = 1;
        if (!this.large) {
            const text = this.area.value;
            for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count += 1;
        }
        this.count = count;
        this.request();
    }

    request() {
        if (this.isRequested) return;
        this.isRequested = true;
        requestAnimationFrame(() => {
            this.isRequested = false;
            this.paint();
        });
    }

    paint() {
        if (this.large) return;
        const first = Math.max(1, Math.floor(this.area.scrollTop / rowHeight));
        const last = Math.min(this.count, first + Math.ceil(this.box.clientHeight / rowHeight) + 2);
        const numbers = [];
        for (let line = first; line <= last; line += 1) {
            const mark = this.marks.get(line);
            const row = el("div", { class: mark?.kind ?? "", title: mark?.text, text: `${mark?.sign ?? ""}${line}` });
            row.style.transform = `translateY(${(line - 1) * rowHeight - this.area.scrollTop}px)`;
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
        this.area.scrollTop = Math.max(0, (line - 1) * rowHeight - this.box.clientHeight / 2);
        if (focuses) {
            const lines = new Lines(this.area.value);
            const [start, end] = lines.range(Math.min(line, lines.starts.length) - 1);
            this.area.focus();
            this.area.setSelectionRange(start, end);
        }
        this.request();
    }

    /// Puts text in place of the selection.
    insert(text) {
        if (this.large) return;
        const { selectionStart: from, selectionEnd: to } = this.area;
        this.area.setRangeText(text, from, to, "end");
        this.area.focus();
        this.typed();
    }

    caretMoved() {
        if (!this.caret) return;
        const before = this.area.value.slice(0, this.area.selectionStart);
        let line = 1;
        for (let at = before.indexOf("\n"); at >= 0; at = before.indexOf("\n", at + 1)) line += 1;
        this.caret(line);
    }

    pointedAt(event, pointed) {
        const box = this.area.getBoundingClientRect();
        pointed(Math.min(this.count, Math.floor((event.clientY - box.top + this.area.scrollTop) / rowHeight) + 1));
    }

    drawLarge(index) {
        const { text, rest } = this.large.head(index);
        const mark = this.marks.get(index + 1);
        return el(
            "div", { class: mark?.kind ?? "" }, el("span", { class: "number", text: String(index + 1) }),
            el("span", { class: "text", text: visible(text) }, rest ? el("span", { class: "cut", text: ` … ${rest} more` }) : null));
    }
}
