// The view Inject: a manifest and its namespace on the left, what becomes of it on the right.

import { el, field, say, examplesOf, commandButtons, Disclosure } from "./dom.js";
import { ask } from "./api.js";
import { Editor } from "./editor.js";
import { Runner } from "./runner.js";
import { Tabs } from "./tabs.js";
import { DecisionPanel } from "./decision.js";
import { ResultPanel } from "./result.js";
import { PatchPanel } from "./patch.js";
import { manifests } from "./examples.js";
import { curl, pillion, configurationOptions } from "./commands.js";

/// Characters of a manifest beyond which the server explains one workload at a time.
const longForAll = 64 * 1024;

export class InjectView {
    /// app: `changed()` after every change of the state, `openReason(code)`.
    constructor(app) {
        this.app = app;
        this.version = 0;
        this.undoStack = [];
        this.makeInput();
        this.makeOutput();
        this.element = el("section", { class: "two", "aria-label": "Inject" }, this.input, this.output);
    }

    makeInput() {
        const edited = () => this.edited();
        this.manifest = new Editor({ label: "Manifest, YAML or JSON", changed: edited });
        this.webhook = new Editor({ label: "MutatingWebhookConfiguration", low: true, changed: edited });
        this.namespace = el("input", { placeholder: "default", spellcheck: "false", autocomplete: "off", on: { input: edited } });
        this.labelsKnown = el(
            "select", { on: { change: edited } }, el("option", { value: "no", text: "not known" }),
            el("option", { value: "none", text: "none" }), el("option", { value: "yes", text: "these:" }));
        this.labels = el("input", {
            placeholder: "istio-injection=enabled", "aria-label": "Labels of the namespace", spellcheck: "false", autocomplete: "off",
            on: { input: () => { this.labelsKnown.value = this.labels.value.trim() ? "yes" : "no"; edited(); } },
        });
        const example = examplesOf(manifests, (index) => { this.manifest.value = manifests[index][1]; edited(); });
        const file = el("input", {
            type: "file", accept: ".yaml,.yml,.json", on: { change: () => { if (file.files[0]) this.manifest.read(file.files[0]); file.value = ""; } },
        });
        this.webhookDetails = new Disclosure("Webhook configuration of the API server (optional)", this.webhook.element);
        this.input = el(
            "div", {}, el("h2", { text: "What is applied" }),
            el("div", { class: "fields" }, field("Examples", example), field("File (or drop one below)", file)),
            this.manifest.element,
            el(
                "div", { class: "fields" }, field("Namespace of objects without one", this.namespace),
                field("Its labels", this.labelsKnown), el("div", { class: "field wide" }, this.labels)),
            this.webhookDetails.element);
    }

    makeOutput() {
        const reveal = (line) => {
            this.manifest.mark([{ line, kind: "here", text: "what the rule found" }]);
            this.manifest.reveal(line, true);
        };
        this.panels = {
            decision: new DecisionPanel({
                reveal, apply: (change) => this.apply(change), undo: () => this.undo(),
                openReason: (code) => this.app.openReason(code), explain: () => this.runners.decision.run(),
                showWebhook: () => { this.webhookDetails.open = true; this.webhook.reveal(1, true); },
            }),
            result: new ResultPanel({ reveal }),
            patch: new PatchPanel(),
        };
        this.runners = {};
        const work = {
            decision: (signal) => this.decide(signal),
            result: (signal) => this.panels.result.work((request) => ask(request, signal), this.manifestRequests(), signal),
            patch: (signal) => ask(this.manifestRequests().patch, signal),
        };
        const tabs = ["decision", "result", "patch"].map((name) => {
            const panel = this.panels[name];
            this.runners[name] = new Runner({
                work: work[name],
                show: (answer) => { panel.show(answer, this.skipped); this.markProblem(null); },
                fail: (error) => { panel.fail(error); this.markProblem(error); say(error.message); },
            });
            return {
                name, title: name[0].toUpperCase() + name.slice(1),
                panel: el("div", {}, this.runners[name].line, panel.element),
            };
        });
        this.tabs = new Tabs("What becomes of it", tabs, () => { this.app.changed(); this.runIfStale(); });
        this.output = el(
            "div", { class: "answer" }, el("h2", { text: "What becomes of it" }), this.tabs.element,
            el("div", { class: "bar" }, ...commandButtons(() => this.curlCommand(), () => this.pillionCommand())));
        this.ran = {};
    }

    // State

    get state() {
        const state = {
            tab: this.tabs.name, manifest: this.manifest.value, namespace: this.namespace.value,
            labels: this.labels.value, labelsKnown: this.labelsKnown.value, webhook: this.webhook.value,
        };
        if (state.labelsKnown === "no") delete state.labelsKnown;
        if (state.tab === "decision") delete state.tab;
        return Object.fromEntries(Object.entries(state).filter(([, value]) => value));
    }

    set state(state) {
        this.manifest.value = state.manifest ?? "";
        this.namespace.value = state.namespace ?? "";
        this.labels.value = state.labels ?? "";
        this.labelsKnown.value = ["none", "yes"].includes(state.labelsKnown) ? state.labelsKnown : "no";
        this.webhook.value = state.webhook ?? "";
        this.webhookDetails.open = Boolean(state.webhook);
        if (this.runners[state.tab]) this.tabs.show(state.tab);
        this.undoStack = [];
        this.panels.decision.showApplied(null);
        this.version += 1;
    }

    edited() {
        this.version += 1;
        this.undoStack = [];
        this.panels.decision.showApplied(null);
        this.app.changed();
        this.ran[this.tabs.name] = this.version;
        this.runners[this.tabs.name].schedule();
    }

    /// Runs the chosen tab, unless it shows what belongs to the current input.
    runIfStale() {
        if (this.ran[this.tabs.name] === this.version) return null;
        this.ran[this.tabs.name] = this.version;
        return this.runners[this.tabs.name].run();
    }

    activate() { return this.runIfStale(); }
    again() { return this.runners[this.tabs.name].run(); }

    // Requests

    get labelsObject() {
        if (this.labelsKnown.value === "no") return undefined;
        if (this.labelsKnown.value === "none") return {};
        const pairs = this.labels.value.split(/[\s,]+/).filter(Boolean).map((pair) => {
            const at = pair.indexOf("=");
            return at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
        });
        return Object.fromEntries(pairs);
    }

    set labelsObject(labels) {
        const pairs = Object.entries(labels ?? {});
        this.labels.value = pairs.map(([key, value]) => `${key}=${value}`).join(", ");
        this.labelsKnown.value = labels === undefined ? "no" : pairs.length === 0 ? "none" : "yes";
    }

    decideRequest(edits) {
        return {
            method: "POST", path: "/decide", type: "application/json", body: JSON.stringify({
                manifest: this.manifest.value, namespace: this.namespace.value.trim() || undefined,
                namespaceLabels: this.labelsObject, webhook: this.webhook.value.trim() ? this.webhook.value : undefined,
                explain: true, edits, detail: this.manifest.value.length > longForAll ? this.panels.decision.detail : undefined,
            }),
        };
    }

    /// The requests about the manifest as it is.
    manifestRequests() {
        const body = this.manifest.value;
        const type = /^\s*[[{]/.test(body) ? "application/json" : "application/yaml";
        const namespace = this.namespace.value.trim();
        const path = (query) => `/inject?${query}${namespace ? `&namespace=${encodeURIComponent(namespace)}` : ""}`;
        const post = (query) => ({ method: "POST", path: path(query), type, body });
        return { explain: post("explain=true"), patch: post("diff=json"), original: body };
    }

    async decide(signal) {
        if (this.manifest.value.trim() === "") return { decisions: [] };
        const { version } = this;
        const { json } = await ask(this.decideRequest(), signal);
        this.decided = { version, count: json.decisions.filter((decision) => decision.workload && !decision.inject).length };
        return json;
    }

    /// How many workloads the policy leaves alone, as far as the tab Decision has asked.
    get skipped() { return this.decided?.version === this.version ? this.decided.count : 0; }

    /// Marks the line of the manifest that cannot be read.
    markProblem(error) {
        const place = error?.problem?.manifest;
        this.manifest.mark(place ? [{ line: place.line, kind: "bad", text: error.message }] : []);
        if (place) this.manifest.reveal(place.line);
    }

    // Counterfactuals

    /// Makes a change and runs again.
    async apply(change) {
        const before = { state: this.state, version: this.version };
        const inManifest = change.edits.filter((edit) => edit.in === "manifest");
        let manifest = this.manifest.value;
        try {
            if (inManifest.length > 0) manifest = (await ask(this.decideRequest(inManifest))).json.manifest;
        } catch (error) {
            this.panels.decision.fail(error);
            return;
        }
        if (before.version !== this.version) {
            say("The manifest was edited meanwhile: nothing was changed.");
            return;
        }
        this.manifest.value = manifest;
        for (const edit of change.edits) {
            if (edit.in === "namespace") this.namespace.value = edit.value;
            if (edit.in !== "namespaceLabels") continue;
            const labels = { ...this.labelsObject };
            const key = edit.pointer.slice(1).replaceAll("~1", "/").replaceAll("~0", "~");
            if (edit.value === undefined) delete labels[key]; else labels[key] = edit.value;
            this.labelsObject = labels;
        }
        this.version += 1;
        this.undoStack.push(before.state);
        this.panels.decision.showApplied(change.change);
        this.app.changed();
        await this.runIfStale();
        this.tabs.tabs[0].panel.focus();
    }

    async undo() {
        const stack = this.undoStack;
        const state = stack.pop();
        if (!state) return;
        this.state = { ...state, tab: this.tabs.name };
        this.undoStack = stack;
        this.app.changed();
        await this.runIfStale();
        this.tabs.tabs[0].panel.focus();
    }

    // Commands

    curlCommand() {
        const requests = this.manifestRequests();
        const request = { decision: this.decideRequest(), result: requests.explain, patch: requests.patch }[this.tabs.name];
        return curl(request);
    }

    async pillionCommand() {
        const options = [["-f", "-"]];
        const namespace = this.namespace.value.trim();
        if (namespace) options.push(["-n", namespace]);
        let files = [];
        try {
            files = (await ask({ path: "/debug/config" })).json.files;
        } catch {
            // Another machine's files could not be read here anyway.
        }
        const text = this.manifest.value;
        if (this.tabs.name !== "decision") {
            options.push(...configurationOptions(files, {
                config: "--injectConfigFile", values: "--valuesFile", mesh: "--meshConfigFile",
            }));
            options.push([this.tabs.name === "patch" ? "--diff" : "--blame"]);
            if (files.includes("built-in")) options.push(["--builtInConfig"]);
            return pillion("kube-inject", options, text);
        }
        options.push(...configurationOptions(files, { config: "--injectConfig" }));
        const labels = this.labelsObject;
        if (labels) {
            const pairs = Object.entries(labels).map(([key, value]) => ["--namespace-labels", `${key}=${value}`]);
            options.push(...(pairs.length > 0 ? pairs : [["--namespace-labels", ""]]));
        }
        options.push(["--explain"]);
        return pillion("decide", options, text, this.webhook.value.trim() ? { "--webhookConfig": this.webhook.value } : {});
    }
}
