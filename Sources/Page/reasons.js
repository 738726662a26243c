// The view Reasons: the codes of decisions and errors, what each means and what to do about it.

import { el, field, visible, table, commandButtons } from "./dom.js";
import { ask } from "./api.js";
import { Runner, failureNotice } from "./runner.js";
import { curl, pillion } from "./commands.js";

const request = { path: "/reasons" };

export class ReasonsView {
    constructor(app) {
        this.app = app;
        this.input = el("input", {
            type: "search", spellcheck: "false", autocomplete: "off",
            on: { input: () => { this.filter(); app.changed(); } },
        });
        this.count = el("p", { class: "small", role: "status" });
        this.table = el("div", { class: "scroll" });
        this.runner = new Runner({
            work: async (signal) => (await ask(request, signal)).json,
            show: (reasons) => this.show(reasons), fail: (error) => this.table.replaceChildren(failureNotice(error)),
        });
        this.element = el(
            "section", { "aria-label": "Reasons" },
            el(
                "div", {}, el("h2", { text: "Reasons" }),
                el("div", { class: "fields" }, field("Search codes and sentences", this.input, { class: "wide" })),
                this.count, this.runner.line, this.table,
                el("div", { class: "bar" }, ...commandButtons(() => curl(request), () => this.command()))));
    }

    get state() { return this.input.value ? { search: this.input.value } : {}; }
    set state(state) {
        this.input.value = state.search ?? "";
        if (this.rows) this.filter();
    }

    activate() { return this.rows ? null : this.runner.run(); }
    again() { return this.runner.run(); }

    search(text) {
        this.input.value = text;
        if (this.rows) this.filter();
        this.app.changed();
        this.input.focus();
    }

    command() {
        const code = this.input.value.trim();
        return this.rows?.some((row) => row.text.startsWith(`${code} `)) ? pillion("explain", [[code]]) : pillion("reasons", []);
    }

    show(reasons) {
        this.rows = reasons.map((reason) => ({
            text: `${reason.code} ${reason.kind} ${reason.sentence} ${reason.remedy ?? ""} ${reason.documentation}`.toLowerCase(),
            element: el(
                "tr", {}, el("th", { scope: "row" }, el("code", { text: reason.code })), el("td", { text: reason.kind }),
                el("td", { text: visible(reason.sentence) }), el("td", { text: visible(reason.remedy ?? "") }),
                el("td", { class: "small", text: visible(reason.documentation) })),
        }));
        this.table.replaceChildren(table(["Code", "Kind", "Sentence", "Remedy", "More"], this.rows.map((row) => row.element)));
        this.filter();
    }

    filter() {
        const words = this.input.value.toLowerCase().split(/\s+/).filter(Boolean);
        let shown = 0;
        for (const row of this.rows ?? []) {
            row.element.hidden = !words.every((word) => row.text.includes(word));
            shown += row.element.hidden ? 0 : 1;
        }
        this.count.textContent = `${shown} of ${this.rows?.length ?? 0} codes`;
    }
}
