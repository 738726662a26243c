// The view Configuration: what the server answers by, since when, and how the last attempt to load it went.

import { el, button, visible, copy, size, notice, table } from "./dom.js";
import { ask } from "./api.js";
import { Lines } from "./lines.js";
import { WindowedList, parts } from "./windowed.js";
import { Runner, failureNotice } from "./runner.js";
import { Tabs } from "./tabs.js";
import { curl } from "./commands.js";

/// The tabs, each with its request and what it makes of the answer.
const tabs = [
    ["state", "State", { path: "/debug/config" }], ["policy", "Policy", { path: "/debug/policy" }],
    ["templates", "Templates", { path: "/debug/inject", accept: "application/json" }],
    ["values", "Values", { path: "/debug/policy" }], ["mesh", "Mesh", { path: "/debug/mesh" }],
    ["taint", "Open channels", { path: "/debug/policy?channels" }],
];

export class ConfigurationView {
    constructor(app) {
        this.app = app;
        this.runners = {};
        this.contents = {};
        const made = tabs.map(([name, title, request]) => {
            this.contents[name] = el("div", {});
            this.runners[name] = new Runner({
                work: async (signal) => (await ask(request, signal)).json,
                show: (json) => this.contents[name].replaceChildren(...draw[name](json)),
                fail: (error) => this.contents[name].replaceChildren(failureNotice(error)),
            });
            return { name, title, panel: el("div", {}, this.runners[name].line, this.contents[name]) };
        });
        this.tabs = new Tabs("Configuration", made, () => { app.changed(); this.again(); });
        this.element = el(
            "section", { "aria-label": "Configuration" },
            el(
                "div", {}, el("h2", { text: "Configuration" }), this.tabs.element,
                el(
                    "div", { class: "bar" }, button("Ask again", () => this.again()),
                    button("Copy as curl", (event) => copy(this.command(), event.currentTarget)))));
    }

    get state() { return this.tabs.name === "state" ? {} : { tab: this.tabs.name }; }
    set state(state) { if (this.runners[state.tab]) this.tabs.show(state.tab); }

    activate() { return this.again(); }
    again() { return this.runners[this.tabs.name].run(); }

    command() { return curl(tabs.find(([name]) => name === this.tabs.name)[2]); }
}

/// What each tab shows of its answer.
const draw = {
    *state(json) {
        const attempt = json.lastAttempt;
        yield el(
            "div", { class: `verdict ${attempt.ok ? "yes" : "no"}` },
            el("span", { class: "sign", "aria-hidden": "true", text: attempt.ok ? "✓" : "✕" }),
            el("p", {}, el("strong", {
                text: attempt.ok ? "The last attempt to load it succeeded" : "The last attempt to load it failed: the one before is in use",
            }), ` (${attempt.at})`));
        for (const error of attempt.errors) yield notice(error, "error");
        for (const warning of json.warnings) yield notice(warning, "warn");
        yield list([
            ["Generation", json.generation], ["Loaded at", json.loadedAt], ["Hash", json.hash], ["Form", json.form],
            ["Files", json.files.join(", ")], ["Templates", json.templates.join(", ")],
            ["Templates for /render", json.namedTemplates.join(", ") || "no folder of templates"],
        ]);
    },

    *policy(json) {
        yield list([
            ["Form", json.form], ["Policy", json.policy], ["Revision", json.revision || "the default one"], ["File", json.file],
            ["Default templates", json.defaultTemplates.join(", ")],
            ...Object.entries(json.aliases).map(([name, names]) => [`Alias ${name}`, names.join(", ")]),
        ]);
        for (const name of ["neverInjectSelector", "alwaysInjectSelector"]) {
            yield el("h3", { text: name });
            if (json[name].length === 0) yield el("p", { class: "small", text: "none" });
            json[name].forEach((selector, index) => { json[name][index] = `line ${json.lines[`${name}/${index}`] ?? "?"}: ${JSON.stringify(selector)}`; });
            if (json[name].length > 0) yield text(json[name].join("\n"), name);
        }
        yield el("h3", { text: "Truth table" });
        for (const note of json.notes) yield el("p", { class: "small", text: visible(note) });
        const heads = Object.keys(json.truthTable[0] ?? {});
        yield el("div", { class: "scroll" }, table(heads, json.truthTable.map((row) => el("tr", {}, ...heads.map((head) => el("td", {
            text: visible(head === "inject" ? (row.inject ? "✓ inject" : "✕ skip") : String(row[head])),
        }))))));
    },

    *templates(json) {
        for (const [name, source] of Object.entries(json)) {
            yield el("h3", { text: `${visible(name)}, ${size(source.length)}` });
            yield text(source, `Template ${name}`);
        }
    },

    *values(json) { yield* tree(json.values, "Values", "Possible secrets are redacted."); },
    *mesh(json) { yield* tree(json, "Mesh configuration", "With its defaults; possible secrets are redacted."); },

    *taint(json) {
        const channels = json.openChannels;
        if (channels.length === 0) {
            yield el("p", { text: "No text of a pod can change the structure of what is injected." });
            return;
        }
        yield el("p", { text: `${channels.length} expressions write a pod's text as YAML. Pods whose text would change the structure there are refused. Cure: write the value with quote or toJSON.` });
        yield el("div", { class: "scroll" }, table(["What the pod says", "Template", "Such as"], channels.map((channel) => el(
            "tr", {}, el("td", { text: visible(channel.name) }),
            el("td", { text: visible(`${channel.template}:${channel.line}:${channel.column ?? 1}`) }),
            el("td", {}, el("code", { text: JSON.stringify(channel.example) }))))));
    },
};

function* tree(value, label, note) {
    yield el("p", { class: "small", text: note });
    yield text(JSON.stringify(value, null, 2), label);
}

function list(rows) {
    return el("dl", {}, ...rows.flatMap(([name, value]) => [el("dt", { text: name }), el("dd", { text: visible(String(value)) })]));
}

/// A text with line numbers, windowed.
function text(source, label) {
    const lines = new Lines(source);
    const shown = new WindowedList({ label, fits: 420, draw: (index) => el("div", {}, ...parts(index, lines.head(index))) });
    shown.set(lines.count);
    return shown.element;
}
