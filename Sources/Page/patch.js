// The tab Patch: the operations of the JSON patch, what each adds, and sizes.

import { el, visible, size, byteLength, say } from "./dom.js";
import { Lines } from "./lines.js";
import { WindowedList, parts } from "./windowed.js";
import { failureNotice } from "./runner.js";

const signs = { add: "+", remove: "−", replace: "±", move: "→", copy: "=", test: "?" };

export class PatchPanel {
    constructor() {
        this.summary = el("p", { class: "small" });
        this.operations = [];
        this.list = new WindowedList({
            label: "Operations", fits: 420, draw: (index) => this.draw(index), describe: (index) => this.describe(index),
            moved: (index) => this.open(index),
        });
        this.valueLines = new Lines("");
        this.title = el("p", { class: "small" });
        this.value = new WindowedList({
            label: "Value of the operation", fits: 420, draw: (index) => el("div", {}, ...parts(index, this.valueLines.head(index))),
        });
        this.problem = el("div", {});
        this.content = el("div", {}, this.summary, this.list.element, el("h3", { text: "What it adds" }), this.title, this.value.element);
        this.content.hidden = true;
        this.element = el("div", {}, this.problem, this.content);
    }

    fail(error) {
        this.content.hidden = true;
        this.problem.replaceChildren(failureNotice(error));
    }

    show(answer) {
        this.problem.replaceChildren();
        this.content.hidden = false;
        const documents = answer.json;
        this.operations = documents.flatMap((document) => document.patch.map((operation) => ({
            operation, owner: `${document.kind} ${document.name}`,
        })));
        // The answer is the patches and what says whose they are.
        const around = documents.map(({ document, line, kind, name }) => JSON.stringify({ document, line, kind, name, patch: 0 }).length);
        const whole = around.reduce((rest, length) => rest - length, answer.text.trim().length - 1);
        const encoded = Math.ceil(whole / 3) * 4;
        this.summary.textContent = this.operations.length === 0
            ? "There is no patch: the injection changes nothing."
            : `${this.operations.length} operations in ${documents.length} ${documents.length === 1 ? "object" : "objects"}, `
                + `${size(whole)}; ${size(encoded)} in base64, as an AdmissionReview carries it.`;
        this.list.set(this.operations.length);
        this.valueLines = new Lines("");
        this.value.set(0);
        this.title.textContent = this.operations.length > 0 ? "Choose an operation." : "";
        if (this.operations.length > 0) this.list.move(0, false);
        say(this.summary.textContent);
    }

    draw(index) {
        const { operation } = this.operations[index];
        const bytes = byteLength(JSON.stringify(operation));
        return el(
            "div", { class: { add: "added", remove: "removed" }[operation.op] ?? "" },
            ...parts(index, `${operation.op} ${operation.path}  ${this.brief(operation)}  ${size(bytes)}`, signs[operation.op] ?? ""));
    }

    brief({ value }) {
        if (value === undefined) return "";
        if (Array.isArray(value)) return `[${value.length} items]`;
        if (value && typeof value === "object") return value.name ? `{name: ${value.name}, …}` : `{${Object.keys(value).length} members}`;
        return JSON.stringify(value).slice(0, 120);
    }

    describe(index) {
        const { operation, owner } = this.operations[index];
        return visible(`${operation.op} ${operation.path} of ${owner}, ${size(byteLength(JSON.stringify(operation)))}`);
    }

    open(index) {
        const { operation, owner } = this.operations[index];
        this.title.textContent = visible(`${operation.op} ${operation.path} of ${owner}`);
        this.valueLines = new Lines(operation.value === undefined ? "" : JSON.stringify(operation.value, null, 2));
        this.value.set(this.valueLines.count);
    }
}
