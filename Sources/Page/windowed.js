// A list of which only the rows in sight are elements: a million rows cost as much as fifty.

import { el, id, visible, eachFrame } from "./dom.js";

const rowHeight = 20;
/// Rows above and below those in sight.
const margin = 12;
/// Browsers end an element at some 33 million pixels.
const tallest = 1_500_000;

/// Options: `label`, `draw(index)` gives a row's element, `describe(index)` its text for a screen reader, `moved(index)` is
/// called for the row that the pointer or the keyboard is on, `chosen(index)` for a click or Enter. With `fits` the list is
/// as high as its rows, up to that many pixels.
///
/// Keyboard: arrows, Page Up and Down, Home, End, Enter.
export class WindowedList {
    constructor({ label, draw, describe, moved, chosen, low, fits = 0 }) {
        Object.assign(this, { draw, describe, moved, chosen, fits });
        this.request = eachFrame(() => this.paint());
        this.prefix = id("row");
        this.count = 0;
        this.current = -1;
        this.rows = new Map();
        this.sizer = el("div", { class: "sizer", role: "presentation" });
        this.element = el(
            "div", {
                class: low ? "list low" : "list", tabindex: "0", role: "listbox", "aria-label": label,
                on: {
                    scroll: this.request, keydown: (event) => this.key(event), mousemove: (event) => this.hover(event),
                    click: (event) => this.hover(event, true),
                    focus: () => { if (this.current < 0 && this.count > 0) this.move(this.firstInSight(), false); },
                },
            }, this.sizer);
        new ResizeObserver(this.request).observe(this.element);
    }

    /// Shows other rows. `top` keeps the place where the list was scrolled to.
    set(count, { top = false, label } = {}) {
        this.count = Math.min(count, tallest);
        if (label) this.element.setAttribute("aria-label", label);
        this.current = -1;
        this.element.removeAttribute("aria-activedescendant");
        this.sizer.style.height = `${this.count * rowHeight}px`;
        // Borders, and a scroll bar where lines are long.
        if (this.fits) this.element.style.height = `${Math.min(this.fits, this.count * rowHeight + 18)}px`;
        if (!top) this.element.scrollTop = 0;
        this.refresh();
    }

    /// Draws the rows in sight again.
    refresh() {
        for (const row of this.rows.values()) row.remove();
        this.rows.clear();
        this.paint();
    }

    firstInSight() { return Math.min(this.count - 1, Math.ceil(this.element.scrollTop / rowHeight)); }

    paint() {
        const first = Math.max(0, Math.floor(this.element.scrollTop / rowHeight) - margin);
        const last = Math.min(
            this.count - 1, Math.ceil((this.element.scrollTop + this.element.clientHeight) / rowHeight) + margin);
        for (const [index, row] of this.rows) {
            if (index >= first && index <= last) continue;
            row.remove();
            this.rows.delete(index);
        }
        let added = [];
        for (let index = first; index <= last; index += 1) {
            if (this.rows.has(index)) continue;
            const row = this.draw(index);
            row.id = `${this.prefix}-${index}`;
            row.dataset.index = index;
            row.classList.add("row");
            row.style.transform = `translateY(${index * rowHeight}px)`;
            row.setAttribute("role", "option");
            row.setAttribute("aria-setsize", this.count);
            row.setAttribute("aria-posinset", index + 1);
            row.setAttribute("aria-selected", index === this.current);
            if (this.describe) row.setAttribute("aria-label", this.describe(index));
            row.classList.toggle("current", index === this.current);
            this.rows.set(index, row);
            added.push(row);
        }
        this.sizer.append(...added);
    }

    hover(event, isClick = false) {
        const row = event.target.closest?.(".row");
        if (!row) return;
        const index = Number(row.dataset.index);
        if (isClick || index !== this.current) this.move(index, false, event.target);
        if (isClick) this.chosen?.(index);
    }

    key(event) {
        if (event.key === "Enter" && this.current >= 0) this.chosen?.(this.current);
        const page = Math.max(1, Math.floor(this.element.clientHeight / rowHeight) - 1);
        const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[event.key];
        if (step === undefined || this.count === 0 || event.altKey || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        const from = this.current < 0 ? this.firstInSight() - Math.sign(step) : this.current;
        this.move(Math.max(0, Math.min(this.count - 1, from + step)));
    }

    /// Makes a row the current one.
    move(index, scrolls = true, target = null) {
        if (scrolls) this.reveal(index);
        const before = this.rows.get(this.current);
        before?.classList.remove("current");
        before?.setAttribute("aria-selected", "false");
        this.current = index;
        const row = this.rows.get(index);
        row?.classList.add("current");
        row?.setAttribute("aria-selected", "true");
        if (row) this.element.setAttribute("aria-activedescendant", row.id);
        this.moved?.(index, target);
    }

    /// Scrolls so that a row is in sight, in the middle where it was not.
    reveal(index) {
        const top = index * rowHeight;
        const height = this.element.clientHeight;
        if (top < this.element.scrollTop || top + rowHeight > this.element.scrollTop + height - 4) {
            const isNear = Math.abs(top - this.element.scrollTop) < height * 2 && index !== 0;
            const below = top + rowHeight > this.element.scrollTop + height - 4;
            this.element.scrollTop = isNear ? (below ? top + rowHeight * 2 - height : top - rowHeight) : top - height / 2;
        }
        this.paint();
    }
}

/// What a row has: its number, a sign unless it is null, and text, a string or what `Lines.head` gives.
export function parts(index, head, sign = null) {
    const { text = head, rest = 0 } = head;
    return [
        el("span", { class: "number", text: String(index + 1) }), sign === null ? null : el("span", { class: "sign", text: sign }),
        el("span", { class: "text", text: visible(text) }, rest > 0 ? el("span", { class: "cut", text: ` … ${rest} more characters` }) : null),
    ];
}
