// The functions of templates: searched, explained, put into the template.

import { el, button, field, visible, Disclosure } from "./dom.js";
import { ask } from "./api.js";
import { failureNotice } from "./runner.js";

/// Functions that are listed at once.
const most = 40;

export class FunctionList {
    /// insert(function) puts its example into the template.
    constructor(insert) {
        this.insert = insert;
        this.engine = "gotemplate";
        this.input = el("input", { type: "search", spellcheck: "false", autocomplete: "off", on: { input: () => this.filter() } });
        this.count = el("p", { class: "small", role: "status" });
        this.list = el("ul", { class: "functions" });
        this.element = new Disclosure(
            "Functions", el("div", { class: "fields" }, field("Search functions", this.input, { class: "wide" })), this.count,
            this.list).element;
    }

    async load() {
        if (this.functions) return;
        try {
            this.functions = (await ask({ path: "/functions" })).json;
            this.filter();
        } catch (error) {
            this.list.replaceChildren(el("li", {}, failureNotice(error)));
        }
    }

    showEngine(name) {
        this.engine = name;
        this.element.hidden = name === "mustache";
        this.filter();
    }

    filter() {
        const words = this.input.value.toLowerCase().split(/\s+/).filter(Boolean);
        const found = (this.functions ?? []).filter((row) => row.engine === this.engine
            && words.every((word) => `${row.name} ${row.set} ${row.summary ?? ""}`.toLowerCase().includes(word)));
        // Those that begin with what was typed come first.
        if (words.length > 0) found.sort((one, other) => other.name.toLowerCase().startsWith(words[0]) - one.name.toLowerCase().startsWith(words[0]));
        this.count.textContent = found.length > most ? `${found.length} functions, the first ${most} are shown` : `${found.length} functions`;
        this.list.replaceChildren(...found.slice(0, most).map((row) => this.row(row)));
    }

    row(row) {
        return el(
            "li", {},
            el("p", {}, el("code", {}, el("strong", { text: row.name }), ` ${row.signature.replace(/^func/, "")}`), " ",
                el("span", { class: "badge", text: row.set })),
            row.summary ? el("p", { text: visible(row.summary) }) : null,
            row.example ? el("p", {}, el("code", { text: row.example.template }), " → ", el("code", { text: visible(row.example.output) })) : null,
            button("Put the example into the template", () => this.insert(row), { "aria-label": `put the example of ${row.name} into the template` }));
    }
}
