// The tab Result: the injected manifest beside the original, and where each injected line comes from.

import { el, button, visible, size, say, turn, notice } from "./dom.js";
import { ask } from "./api.js";
import { Lines } from "./lines.js";
import { WindowedList, parts } from "./windowed.js";
import { failureNotice } from "./runner.js";
import { partners, rows, originOf, same, added, removed, changed } from "./difference.js";

/// Messages that are shown above the difference.
const mostNotices = 20;
const signs = ["", "+", "−", "±"];
const spoken = ["", "added: ", "removed: ", "changed: "];

export class ResultPanel {
    /// actions: `reveal(line)` shows a line of the manifest.
    constructor(actions) {
        this.actions = actions;
        this.wide = matchMedia("(min-width: 1440px)");
        this.wide.addEventListener("change", () => { if (!this.columns.value) this.layOut(); });
        this.columns = el(
            "select", { "aria-label": "Columns", on: { change: () => this.layOut() } },
            el("option", { value: "", text: "Columns by width" }), el("option", { value: "two", text: "Side by side" }),
            el("option", { value: "one", text: "One column" }));
        this.summary = el("p", { class: "small" });
        this.notes = el("div", {});
        this.list = new WindowedList({
            label: "Injected manifest", draw: (index) => this.draw(index), describe: (index) => this.describe(index),
            moved: (index) => this.moved(index),
        });
        this.sourceList = new WindowedList({ label: "Template", draw: (index) => this.drawSource(index) });
        this.sourceList.element.hidden = true;
        this.originText = el("p", {});
        this.origin = el(
            "div", { class: "origin", role: "region", "aria-label": "Where the line comes from", "aria-live": "polite" },
            this.originText, this.sourceList.element);
        this.problem = el("div", {});
        this.content = el(
            "div", {}, this.summary, this.notes,
            el(
                "div", { class: "bar" }, button("Previous change", () => this.step(-1)), button("Next change", () => this.step(1)),
                this.columns),
            this.list.element, this.origin);
        this.content.hidden = true;
        this.element = el("div", {}, this.problem, this.content);
    }

    /// Asks for the injected manifest with its origins, and for the templates; and compares.
    async work(send, requests, signal) {
        if (requests.original.trim() === "") return null;
        const templates = ask({ path: "/debug/inject", accept: "application/json" }).then((answer) => answer.json, () => ({}));
        const answer = (await send(requests.explain)).json;
        await turn();
        const [left, right] = [new Lines(requests.original), new Lines(answer.output)];
        return { ...answer, left, right, partners: await partners(left, right, signal), templates: await templates };
    }

    /// skipped: how many workloads the policy leaves alone.
    show(answer, skipped) {
        this.problem.replaceChildren();
        this.content.hidden = answer === null;
        if (answer === null) {
            this.problem.replaceChildren(notice("There is no object in the manifest."));
            return;
        }
        this.answer = answer;
        this.left = answer.left;
        this.right = answer.right;
        this.shownSource = null;
        this.sourceList.element.hidden = true;
        this.showNotes();
        this.layOut();
        if (skipped > 0 && this.rows.starts.length > 0) {
            this.notes.prepend(notice(`The decision leaves ${skipped} ${skipped === 1 ? "workload" : "workloads"} alone. A manifest is injected all the same, as kube-inject does it: this is what a sidecar would look like.`));
        }
    }

    fail(error) {
        this.content.hidden = true;
        this.problem.replaceChildren(failureNotice(error));
    }

    layOut() {
        if (!this.answer) return;
        const { answer } = this;
        this.isOne = this.columns.value ? this.columns.value === "one" : !this.wide.matches;
        this.rows = rows(answer.partners, this.right.count, this.isOne);
        let more = 0;
        for (let at = 0; at < this.rows.count; at += 1) more += this.rows.kinds[at] === added || this.rows.kinds[at] === changed ? 1 : 0;
        this.summary.textContent = more === 0
            ? "The injection changes nothing."
            : `${more} lines of ${this.right.count} are from the injection, ${size(answer.output.length)} in all.`;
        this.originText.textContent = "Point at an injected line, or move to it with the arrow keys.";
        this.list.set(this.rows.count, { label: `Injected manifest, ${this.rows.count} lines` });
        if (this.rows.starts.length > 0) this.list.reveal(this.rows.starts[0]);
        say(this.summary.textContent);
    }

    // Workloads

    showNotes() {
        this.noted = new Map();
        this.notedResult = new Map();
        this.documents = null;
        const notices = [];
        let count = 0;
        const add = (make) => { if (count++ < mostNotices) notices.push(make()); };
        for (const workload of this.answer.workloads) {
            const { decision, line } = workload;
            const owner = visible(`${workload.kind} ${workload.name}`);
            for (const note of new Set([...workload.warnings, ...workload.notes])) {
                const place = count < mostNotices ? this.placeOf(note, workload) : -1;
                if (place >= 0) this.notedResult.set(place, note); else this.noted.set(line - 1, note);
                add(() => el("div", { class: "notice warn" }, el(
                    "p", {}, el("strong", { text: "! " }), `${owner}: ${visible(note)} `,
                    place >= 0 ? button(`line ${place + 1} of the result`, () => this.showLine(place), { class: "plain" })
                        : button(`line ${line}`, () => this.actions.reveal(line), { class: "plain" }))));
            }
            if (!decision.inject) add(() => notice(`✕ ${owner} is not injected: ${decision.message}`));
        }
        if (count > mostNotices) notices.push(el("p", { class: "small", text: `… and ${count - mostNotices} more` }));
        this.notes.replaceChildren(...notices);
    }

    /// The line of the result that a message is about: where the container that it names begins; -1 for none.
    placeOf(message, workload) {
        const name = /container "([^"]+)"/.exec(message)?.[1];
        if (!name) return -1;
        const { text } = this.right;
        this.documents ??= beginnings(text);
        const start = this.documents[workload.document] ?? 0;
        const end = this.documents[workload.document + 1] ?? text.length;
        for (const form of [`name: ${name}`, `name: "${name}"`, `"name": "${name}"`]) {
            for (let at = text.indexOf(form, start); at >= 0 && at < end; at = text.indexOf(form, at + 1)) {
                if (/[\s,}]/.test(text[at + form.length] ?? "\n")) return this.right.lineOf(at);
            }
        }
        return -1;
    }

    /// Moves to a line of the result.
    showLine(line) {
        const row = this.rows.right.subarray(0, this.rows.count).indexOf(line);
        this.list.move(row);
        this.list.element.focus();
    }

    // Rows

    draw(index) {
        const kind = this.rows.kinds[index];
        const [left, right] = [this.rows.left[index], this.rows.right[index]];
        if (this.isOne) {
            const [lines, line] = kind === removed ? [this.left, left] : [this.right, right];
            const row = el(
                "div", { class: ["", "added", "removed"][kind] },
                ...parts(line, lines.head(line), this.noteSign(left, right) || signs[kind]));
            if (this.noteSign(left, right)) row.classList.add("warn");
            return row;
        }
        const isChanged = kind === changed;
        return el(
            "div", { class: "halves" },
            half(this.left, left, left < 0 ? "none" : kind === removed || isChanged ? "removed" : "", this.noteSign(left, -1) || (kind === same ? "" : "−")),
            half(this.right, right, right < 0 ? "none" : kind === added || isChanged ? "added" : "", this.noteSign(-1, right) || (kind === same ? "" : "+")));
    }

    noteSign(left, right) { return this.noted.has(left) || this.notedResult.has(right) ? "!" : ""; }

    describe(index) {
        const kind = this.rows.kinds[index];
        const isLeft = kind === removed;
        const line = isLeft ? this.rows.left[index] : this.rows.right[index];
        const head = (isLeft ? this.left : this.right).head(line, 200).text.trim();
        const note = this.notedResult.get(this.rows.right[index]) ?? this.noted.get(this.rows.left[index]);
        return `${spoken[kind]}line ${line + 1}, ${visible(head) || "empty"}${note ? `, warning: ${visible(note)}` : ""}`;
    }

    step(direction) {
        const { starts } = this.rows;
        const now = this.list.current;
        const next = direction > 0 ? starts.find((start) => start > now) : starts.findLast((start) => start < now);
        const target = next ?? (direction > 0 ? starts[0] : starts.at(-1));
        if (target === undefined) return;
        this.list.move(target);
        this.list.element.focus();
    }

    // Origins

    moved(index) {
        const right = this.rows.right[index];
        const kind = this.rows.kinds[index];
        const origin = right < 0 ? null : originOf(this.answer.origins, right + 1);
        if (!origin) {
            this.originText.replaceChildren(
                kind === same ? "This line is the manifest's own." : kind === removed ? "This line is replaced by the injection."
                    : "This line is the manifest's own, written in another way.");
            this.sourceList.element.hidden = true;
            return;
        }
        const { by } = origin;
        const range = origin.lines[0] === origin.lines[1] ? `Line ${right + 1}` : `Lines ${origin.lines[0]} to ${origin.lines[1]}`;
        if (by.step) {
            this.originText.replaceChildren(`${range}: written by the step `, el("code", { text: visible(by.step) }), ` of the injection. ${steps[by.step] ?? ""}`);
            this.sourceList.element.hidden = true;
            return;
        }
        this.originText.replaceChildren(
            `${range}: template `, el("code", { text: visible(by.template) }), `, line ${by.line}${by.column ? `, column ${by.column}` : ""}`);
        this.showSource(by);
    }

    showSource(by) {
        const source = this.answer.templates[by.template];
        this.sourceList.element.hidden = source === undefined;
        if (source === undefined) {
            this.originText.append(". Its source is only shown on the server's own machine.");
            return;
        }
        this.sourceLine = by.line - 1;
        if (this.shownSource !== by.template) {
            this.shownSource = by.template;
            this.source = new Lines(source);
            this.sourceList.set(this.source.count, { label: `Template ${by.template}` });
        } else {
            this.sourceList.refresh();
        }
        this.sourceList.reveal(Math.min(this.sourceLine, this.source.count - 1));
    }

    drawSource(index) {
        const isHere = index === this.sourceLine;
        return el("div", { class: isHere ? "here" : "" }, ...parts(index, this.source.head(index), isHere ? "▸" : ""));
    }
}

function half(lines, line, kind, sign) {
    if (line < 0) return el("span", { class: "half none" });
    return el("span", { class: `half ${kind}` }, ...parts(line, lines.head(line), sign));
}

/// Where the documents of a manifest begin.
function beginnings(text) {
    const starts = [0];
    for (const found of text.matchAll(/^---(?=\s|$)/gm)) {
        // A mark with nothing but comments before it begins the first document.
        const isFirst = starts.length === 1 && text.slice(0, found.index).split("\n").every((line) => /^\s*(#|$)/.test(line));
        if (!isFirst) starts.push(found.index);
    }
    return starts;
}

/// What each step of the injection writes.
const steps = {
    template: "The template's output has this value in no one place.",
    user_containers: "Settings of the pod's own container with the proxy's name.",
    proxy_environment: "Environment of the proxy that annotations or the path set.",
    concurrency: "The number of the proxy's threads.",
    metrics_merging: "The proxy serves the application's metrics with its own.",
    probe_rewriting: "Probes of the application go through the proxy, which answers for it.",
    status_mark: "It says what was injected, for tools and for the way back.",
    configured_annotations: "Annotations that the configuration puts on every injected pod.",
    provenance: "The original, for an exact way back.",
    revision_label: "The revision of the injector.",
    tls_mode_label: "Tells other proxies that this pod takes mutual TLS.",
    canonical_labels: "The name and revision that telemetry uses.",
    network_label: "The pod's network in the mesh.",
    container_order: "The order in which containers have to start.",
    dns_config: "DNS settings of the mesh.",
    fs_group: "A group that lets the proxy read its token.",
    gateway_sysctl: "Lets a gateway use low ports.",
    service_account_mount: "The application keeps its service account's token.",
    redirect_annotations: "What the network plugin reads.",
    open_shift_proxy_user: "Ids that OpenShift gives the namespace.",
};
