// Elements and text. Text reaches the document only as text nodes: no function here or elsewhere takes markup.

/// Makes an element.
///
/// properties: `class`, `text`, `on` (listeners by event), `hidden`, `disabled`, `value`, `checked`; everything else is an
/// attribute, left out where it is null or false. Children are elements or strings; null is left out.
export function el(name, properties = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
        if (value === null || value === undefined) continue;
        if (key === "class") element.className = value;
        else if (key === "text") element.textContent = value;
        else if (key === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
        else if (["hidden", "disabled", "value", "checked", "open"].includes(key)) element[key] = value;
        else if (value !== false) element.setAttribute(key, value === true ? "" : value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
}

/// A sentence in a frame of its own.
export function notice(text, kind = "") { return el("div", { class: `notice ${kind}` }, el("p", { text: visible(text) })); }

/// A table with its heads, of rows that are elements.
export function table(heads, rows) {
    return el(
        "table", {}, el("thead", {}, el("tr", {}, ...heads.map((text) => el("th", { scope: "col", text })))), el("tbody", {}, ...rows));
}

/// A select of examples, `[[name, …]]`; `take(index)` is called for the one that is chosen.
export function examplesOf(examples, take) {
    const select = el(
        "select", { on: { change: () => { take(Number(select.value)); select.value = ""; } } }, el("option", { value: "", text: "Choose…" }),
        ...examples.map(([name], index) => el("option", { value: index, text: name })));
    return select;
}

/// A function that has the action done with the next frame, once however often it is called.
export function eachFrame(action) {
    let isRequested = false;
    return () => {
        if (isRequested) return;
        isRequested = true;
        requestAnimationFrame(() => {
            isRequested = false;
            action();
        });
    };
}

let lastId = 0;
/// A new id for an element that another one names.
export function id(prefix) {
    lastId += 1;
    return `${prefix}-${lastId}`;
}

/// A label over a control.
export function field(label, control, properties = {}) {
    control.id ||= id("field");
    return el("div", { class: `field ${properties.class ?? ""}` }, el("label", { for: control.id, text: label }), control);
}

export function button(text, action, properties = {}) {
    return el("button", { type: "button", text, on: { click: action }, ...properties });
}

/// A part that is shown on demand. Not `<details>`: while one is closed, Chromium takes seconds to select a long text in
/// any text area of the page.
export class Disclosure {
    constructor(title, ...children) {
        this.sign = el("span", { class: "sign", "aria-hidden": "true" });
        this.panel = el("div", { id: id("part") }, ...children);
        this.button = el(
            "button", { type: "button", class: "plain summary", "aria-controls": this.panel.id, on: { click: () => { this.open = !this.open; } } },
            this.sign, el("span", { text: title }));
        this.element = el("div", { class: "disclosure" }, this.button, this.panel);
        this.open = false;
    }

    get open() { return !this.panel.hidden; }
    set open(isOpen) {
        this.panel.hidden = !isOpen;
        this.sign.textContent = isOpen ? "▾" : "▸";
        this.button.setAttribute("aria-expanded", isOpen);
    }
}

// Control characters, marks that turn the direction of text, and what is no character at all.
const unseen = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]/g;

/// Text in which nothing is hidden: characters that are not seen, or that reorder others, are written as `⟨U+202E⟩`.
export function visible(text) {
    return text.replace(unseen, (sign) => `⟨U+${sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);
}

/// Bytes of a text in UTF-8.
export function byteLength(text) {
    return new TextEncoder().encode(text).length;
}

/// Lets the browser draw and take input before what follows.
export function turn() {
    return new Promise((done) => setTimeout(done));
}

/// A size for people: `12.3 KB`.
export function size(bytes) {
    if (bytes < 1024) return `${bytes} B`;
    if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KB`;
    return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

/// Says something to a screen reader, without a change that is seen.
export function say(text) {
    document.getElementById("said").textContent = text;
}

/// Copies text and says so in place of the button's own text for a while.
export async function copy(text, trigger) {
    const label = trigger.textContent;
    let done = "Copied";
    try {
        await navigator.clipboard.writeText(text);
    } catch {
        done = copyOldWay(text) ? "Copied" : "Not allowed by the browser";
    }
    say(`${label}: ${done}`);
    trigger.textContent = done;
    setTimeout(() => { trigger.textContent = label; }, 1500);
}

/// Buttons that copy what is shown as commands; `curl()` and `pillion()` give each, or a promise of it.
export function commandButtons(curl, pillion) {
    return [["curl", curl], ["pillion command", pillion]].map(([name, command]) => button(`Copy as ${name}`, async ({ currentTarget }) => {
        await copy(await command(), currentTarget);
    }));
}

// Plain HTTP from another machine has no clipboard of its own.
function copyOldWay(text) {
    const area = el("textarea", { class: "hidden", value: text, "aria-label": "text to copy" });
    document.body.append(area);
    area.select();
    const isDone = document.execCommand("copy");
    area.remove();
    return isDone;
}
