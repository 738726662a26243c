// The view Template: a template and data on the left, the output with the place of each piece on the right.

import { el, button, field, visible, copy, size, say, examplesOf, commandButtons, Disclosure } from "./dom.js";
import { ask } from "./api.js";
import { Editor } from "./editor.js";
import { Lines, firstAfter } from "./lines.js";
import { WindowedList } from "./windowed.js";
import { Runner, failureNotice } from "./runner.js";
import { FunctionList } from "./functions.js";
import { templates } from "./examples.js";
import { curl, pillion } from "./commands.js";
import { body, sections, places } from "./rendering.js";

const mainName = "main";

export class TemplateView {
    constructor(app) {
        this.app = app;
        this.shownRun = -1;
        this.makeInput();
        this.makeOutput();
        this.element = el("section", { class: "two", "aria-label": "Template" }, this.input, this.output);
    }

    makeInput() {
        const edited = () => this.edited();
        const options = (names) => names.map((name) => el("option", { value: name, text: name || "default" }));
        this.template = new Editor({
            label: "Template", changed: edited, caret: (line) => this.pointAt(line, true), pointed: (line) => this.pointAt(line, false),
        });
        this.data = new Editor({ label: "Data, YAML or JSON", low: true, changed: edited });
        this.more = new Editor({ label: "Further templates, each after a line --- NAME", low: true, changed: edited });
        this.moreDetails = new Disclosure("Further templates, partials", this.more.element);
        this.engine = el("select", { on: { change: () => { this.offer(); edited(); } } }, ...options(["gotemplate", "mustache"]));
        this.format = el("select", { on: { change: edited } }, ...options(["text", "yaml", "json"]));
        this.missingKey = el("select", { on: { change: edited } }, ...options(["", "zero", "error", "invalid"]));
        this.sets = el("fieldset", { class: "bar" });
        const example = examplesOf(templates, (index) => { this.state = templates[index][1]; edited(); });
        this.functions = new FunctionList((found) => this.insert(found));
        this.input = el(
            "div", {}, el("h2", { text: "Template and data" }),
            el(
                "div", { class: "fields" }, field("Examples", example), field("Engine", this.engine), field("Output is", this.format),
                field("A missing key is", this.missingKey)),
            this.sets, this.template.element, this.data.element, this.moreDetails.element, this.functions.element);
        this.engines = [{ name: "gotemplate", functionSets: ["sprig", "injection", "injection-classic", "helm"] }, { name: "mustache", functionSets: [] }];
        this.chosenSets = new Set();
        this.offer();
    }

    makeOutput() {
        this.list = new WindowedList({
            label: "Output", draw: (index) => this.draw(index), moved: (index, target) => this.moved(index, target),
        });
        this.problem = el("div", {});
        this.place = el("p", { class: "origin", "aria-live": "polite", text: "Point at the output to see what wrote it; put the caret in the template to see what it wrote." });
        this.meters = el("div", { class: "meters" });
        this.runner = new Runner({
            work: (signal) => this.render(signal), show: (answer) => this.show(answer), fail: (error) => this.fail(error),
        });
        this.output = el(
            "div", {}, el("h2", { text: "Output" }), this.runner.line, this.problem, this.list.element, this.place,
            el("h3", { text: "Limits used" }), this.meters,
            el(
                "div", { class: "bar" }, button("Copy output", (event) => copy(this.lines?.text ?? "", event.currentTarget)),
                ...commandButtons(() => curl(this.request()), () => this.command())));
    }

    // State

    get state() {
        const state = {
            engine: this.engine.value, template: this.template.value, data: this.data.value, more: this.more.value,
            functions: [...this.chosenSets].join(" "), format: this.format.value, missingKey: this.missingKey.value,
        };
        return Object.fromEntries(Object.entries(state).filter(([, value]) => value));
    }

    set state(given) {
        const state = Object.keys(given).length > 0 ? given : templates[0][1];
        const engine = state.engine ?? "gotemplate";
        this.offerEngine(engine);
        this.engine.value = engine;
        this.format.value = ["text", "yaml", "json"].includes(state.format) ? state.format : "text";
        this.missingKey.value = ["zero", "error", "invalid"].includes(state.missingKey) ? state.missingKey : "";
        this.template.value = state.template ?? "";
        this.data.value = state.data ?? "";
        this.more.value = state.more ?? "";
        this.moreDetails.open = Boolean(state.more);
        this.chosenSets = new Set((state.functions ?? "").split(" ").filter(Boolean));
        this.offer();
        this.isStale = true;
    }

    offerEngine(name) {
        if ([...this.engine.options].every((option) => option.value !== name)) this.engine.append(el("option", { value: name, text: name }));
    }

    get engineSets() { return this.engines.find((engine) => engine.name === this.engine.value)?.functionSets ?? []; }

    /// Offers the function sets of the engine.
    offer() {
        const sets = this.engineSets;
        this.sets.hidden = sets.length === 0;
        this.sets.replaceChildren(el("legend", { class: "small", text: "Function sets" }), ...sets.map((set) => el(
            "label", {}, el("input", {
                type: "checkbox", checked: this.chosenSets.has(set), on: {
                    change: (event) => {
                        if (event.target.checked) this.chosenSets.add(set); else this.chosenSets.delete(set);
                        this.edited();
                    },
                },
            }), ` ${set} `)));
        this.functions.showEngine(this.engine.value);
    }

    insert(found) {
        if (found.set !== "built-in" && !this.chosenSets.has(found.set)) {
            this.chosenSets.add(found.set);
            this.offer();
        }
        this.template.insert(found.example?.template ?? `{{ ${found.name} }}`);
    }

    edited() {
        this.app.changed();
        this.runner.schedule();
    }

    async activate() {
        this.functions.load();
        if (!this.isStale) return;
        this.isStale = false;
        ask({ path: "/engines" }).then(({ json }) => {
            this.engines = json;
            for (const { name } of json) this.offerEngine(name);
            this.offer();
        }, () => {});
        await this.runner.run();
    }

    again() { return this.runner.run(); }

    // Requests

    request() {
        const functions = this.engineSets.filter((set) => this.chosenSets.has(set));
        const members = {
            engine: this.engine.value, template: this.template.value, templates: sections(this.more.value).templates,
            functions: functions.length > 0 ? functions : undefined, format: this.format.value,
            options: this.engine.value === "gotemplate" && this.missingKey.value ? { missingKey: this.missingKey.value } : undefined,
            sourceMap: true,
        };
        const made = body(members, this.data.value);
        this.dataLine = made.dataLine;
        return { method: "POST", path: "/render", type: made.type, accept: "application/json", body: made.text };
    }

    async render(signal) {
        this.limits ??= ask({ path: "/debug/config" }).then(({ json }) => json.renderLimits ?? {}, () => ({}));
        const answer = await ask(this.request(), signal);
        return { ...answer.json, limits: await this.limits };
    }

    command() {
        const options = [["-e", this.engine.value]];
        for (const set of this.chosenSets) options.push(["--function-set", set]);
        if (this.missingKey.value) options.push(["--missing-key", this.missingKey.value]);
        if (this.format.value !== "text") options.push(["--format", this.format.value]);
        options.push(["-t", "-"]);
        const command = pillion("render", options, this.template.value, { "-d": this.data.value });
        const more = Object.keys(sections(this.more.value).templates ?? {});
        if (more.length === 0) return command;
        return `# Further templates go by their file names: save ${more.join(", ")}, and add -t FILE for each.\n${command}`;
    }

    // Output

    show(answer) {
        this.problem.replaceChildren();
        this.clearMarks();
        this.showOutput(answer.output, answer.sourceMap ?? []);
        this.showUsage(answer.usage, answer.limits);
        say(`Rendered ${this.lines.count} lines.`);
    }

    showOutput(text, map) {
        this.lines = new Lines(text);
        this.runs = places(text, map);
        this.badLine = -1;
        this.hereLine = 0;
        this.shownRun = -1;
        this.list.set(this.lines.count, { top: true, label: `Output, ${this.lines.count} lines` });
    }

    fail(error) {
        const problem = error.problem ?? {};
        this.clearMarks();
        this.problem.replaceChildren(failureNotice(error));
        this.markTemplate(problem.template, "bad", error.message);
        this.markData(error);
        if (problem.rendered?.writtenBy) this.markTemplate(problem.rendered.writtenBy, "bad", error.message);
        this.showOutput(problem.partialOutput ?? "", []);
        if (problem.rendered && this.lines.count > 0) {
            this.badLine = problem.rendered.line - 1;
            this.list.refresh();
            this.list.reveal(Math.min(this.badLine, this.lines.count - 1));
        }
        if (problem.limit) {
            this.problem.append(el("p", {
                text: `The limit ${problem.limit.name} is ${problem.limit.value}${problem.limit.flag ? `; the server's flag is ${problem.limit.flag}` : ""}.`,
            }));
        }
        say(error.message);
    }

    clearMarks() { for (const editor of [this.template, this.more, this.data]) editor.mark([]); }

    /// Marks a place in the editor that has the template.
    markTemplate(place, kind, text, focuses = false) {
        if (!place) return;
        const isMain = place.name === mainName || place.template === mainName;
        const first = isMain ? 0 : sections(this.more.value).lines[place.name ?? place.template];
        if (first === undefined) return;
        const editor = isMain ? this.template : this.more;
        editor.mark([{ line: place.line + first, kind, text }]);
        editor.reveal(place.line + first, focuses);
    }

    /// A body that is not YAML: the line of it is a line of the data.
    markData(error) {
        const place = /^the body is not (?:YAML|JSON): line (\d+), column (\d+)/.exec(error.message);
        if (!place || Number(place[1]) < this.dataLine) return;
        const line = Number(place[1]) - this.dataLine + 1;
        this.data.mark([{ line, kind: "bad", text: error.message }]);
        this.data.reveal(line);
        this.problem.append(el("p", { text: `That is line ${line} of the data.` }));
    }

    showUsage(usage, limits) {
        const names = { steps: "Steps", outputBytes: "Output", depth: "Depth" };
        this.meters.replaceChildren(...Object.entries(names).flatMap(([key, name]) => {
            const most = limits[key];
            const shown = key === "outputBytes" ? size : (value) => value.toLocaleString("en");
            const text = most ? `${shown(usage[key])} of ${shown(most)}` : shown(usage[key]);
            return [
                el("span", { text: name }),
                most ? el("meter", { min: 0, max: most, low: most * 0.7, high: most * 0.9, optimum: 0, value: usage[key], "aria-label": `${name}: ${text}` })
                    : el("span", {}),
                el("span", { class: "small", text }),
            ];
        }));
    }

    // Places

    draw(index) {
        const [start] = this.lines.range(index);
        const { text, rest } = this.lines.head(index);
        const row = el(
            "div", { class: index === this.badLine ? "bad" : "" }, el("span", { class: "number", text: String(index + 1) }),
            el("span", { class: "sign", text: index === this.badLine ? "✕" : "" }));
        const content = el("span", { class: "text" });
        const { starts, ends, entries } = this.runs;
        let at = start;
        for (let run = firstAfter(ends, start); run < starts.length && starts[run] < start + text.length; run += 1) {
            const from = Math.max(starts[run], start), to = Math.min(ends[run], start + text.length);
            if (from >= to) continue;
            if (from > at) content.append(visible(text.slice(at - start, from - start)));
            const entry = entries[run];
            const isHere = run === this.shownRun || (this.hereLine > 0 && entry.template === mainName && entry.line === this.hereLine);
            content.append(el("span", { class: `run ${entry.kind}${isHere ? " here" : ""}`, "data-run": run, text: visible(text.slice(from - start, to - start)) }));
            at = to;
        }
        if (at < start + text.length) content.append(visible(text.slice(at - start)));
        if (rest > 0) content.append(el("span", { class: "cut", text: ` … ${rest} more characters` }));
        row.append(content);
        return row;
    }

    /// The output's place under the pointer, or the first of the line that the keyboard is on.
    moved(index, target) {
        const { starts, ends, entries } = this.runs;
        let run = Number(target?.closest?.("[data-run]")?.dataset.run ?? -1);
        if (run < 0) {
            const [start, end] = this.lines.range(index);
            run = firstAfter(ends, start);
            if (!(starts[run] < Math.max(end, start + 1))) return;
        }
        this.shownRun = run;
        this.hereLine = 0;
        const entry = entries[run];
        const what = entry.kind === "value" ? "a value" : "literal text";
        this.place.textContent = visible(`Line ${index + 1} of the output: ${what} of template ${entry.template}, line ${entry.line}, column ${entry.column}`);
        this.markTemplate(entry, "here", this.place.textContent);
    }

    /// Shows in the output what a line of the template wrote.
    pointAt(line, scrolls) {
        if (!this.runs || line === this.hereLine) return;
        this.hereLine = line;
        this.shownRun = -1;
        const { starts, entries } = this.runs;
        const run = entries.findIndex((entry) => entry.template === mainName && entry.line === line);
        this.list.refresh();
        if (run < 0) {
            this.place.textContent = `Line ${line} of the template wrote nothing.`;
            return;
        }
        const first = this.lines.lineOf(starts[run]);
        this.place.textContent = `Line ${line} of the template wrote line ${first + 1} of the output.`;
        if (scrolls) this.list.reveal(first);
    }
}
