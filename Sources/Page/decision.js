// The tab Decision: the rules of one workload in order, and what would change the answer.

import { el, button, visible, say, copy, notice } from "./dom.js";
import { ask } from "./api.js";
import { failureNotice } from "./runner.js";
import { WindowedList, parts } from "./windowed.js";

const signs = { inject: "✓", skip: "✕", pass: "○", unknown: "?", error: "!" };
const words = { inject: "inject", skip: "skip", pass: "passes on", unknown: "unknown", error: "error" };

/// `actions`: `reveal(line)` shows a line of the manifest, `apply(counterfactual)` makes a change and runs again,
/// `undo()` takes the last change back, `openReason(code)` shows a reason, `explain()` asks about the chosen workload,
/// `showWebhook()` shows the webhook configuration.
export class DecisionPanel {
    constructor(actions) {
        this.actions = actions;
        this.chosen = "";
        this.list = null;
        this.content = el("div", {});
        this.applied = el("div", {});
        this.element = el("div", {}, this.applied, this.content);
    }

    /// The workload to explain, as POST /decide has it.
    get detail() {
        const [document, pointer] = this.chosen.split(" ");
        return this.chosen ? { document: Number(document), pointer } : {};
    }

    /// Shows an answer of POST /decide to a manifest.
    show(answer) {
        const workloads = answer.decisions.filter((decision) => decision.workload);
        const others = answer.decisions.filter((decision) => !decision.workload);
        if (workloads.length === 0) {
            this.content.replaceChildren(
                notice(`${others.length > 0 ? `None of the ${others.length} objects has pods: ${others.map(named).join(", ")}.`
                    : "There is no object in the manifest."} Give a Pod, or an object with a pod template.`));
            say("The manifest has no workload.");
            return;
        }
        const chosen = workloads.find((decision) => key(decision) === this.chosen) ?? workloads[0];
        if (!chosen.trace && this.asked !== key(chosen)) {
            // Of many workloads only one is explained at a time; it is asked about once.
            this.asked = this.chosen = key(chosen);
            this.actions.explain();
            return;
        }
        this.asked = null;
        const hasFocus = document.activeElement === this.list?.element;
        this.list = null;
        this.content.replaceChildren(
            ...(workloads.length > 1 ? this.chooser(answer, workloads, chosen) : []),
            this.verdict(chosen), ...this.warnings(chosen),
            el("h3", { text: "The rules, in order" }), this.path(chosen), ...this.changes(chosen));
        this.list?.move(workloads.indexOf(chosen));
        if (hasFocus) this.list?.element.focus();
        say(`${named(chosen)}: ${chosen.inject ? "gets a sidecar" : "gets no sidecar"}, ${chosen.reason}. ${chosen.message}`);
    }

    fail(error) {
        this.content.replaceChildren(failureNotice(error));
    }

    chooser(answer, workloads, chosen) {
        const skipped = workloads.filter((decision) => !decision.inject).length;
        this.list = new WindowedList({
            label: "Workload", low: true, fits: 160,
            draw: (index) => {
                const decision = workloads[index];
                return el(
                    "div", { class: decision === chosen ? "here" : "" },
                    ...parts(index, `${named(decision)}  ${decision.reason}`, decision.inject ? "✓" : "✕"));
            },
            chosen: (index) => { this.chosen = key(workloads[index]); this.show(answer); },
        });
        this.list.set(workloads.length);
        return [el("p", { class: "small", text: `${workloads.length} workloads: ${skipped} of them get no sidecar. Choose one:` }), this.list.element];
    }

    verdict(decision) {
        return el(
            "div", { class: `verdict ${decision.inject ? "yes" : "no"}` },
            el("span", { class: "sign", "aria-hidden": "true", text: decision.inject ? "✓" : "✕" }),
            el(
                "div", {},
                el("p", {}, el("strong", { text: `${named(decision)} ${decision.inject ? "gets a sidecar" : "gets no sidecar"}` }),
                    " ", this.code(decision.reason)),
                el("p", { text: visible(decision.message) }),
                decision.remedy ? el("p", { class: "remedy" }, "To change it: ", visible(decision.remedy)) : null));
    }

    warnings(decision) {
        return (decision.warnings ?? []).map((text) => el(
            "div", { class: "notice warn" }, el("p", {}, el("strong", { text: "! " }), visible(text))));
    }

    path(decision) {
        const trace = decision.trace ?? [];
        const decisive = trace.findIndex((step) => step.decisive);
        return el("ol", { class: "path" }, ...trace.map((step, index) => this.step(step, index > decisive)));
    }

    step(step, isAfter) {
        const place = el("div", {});
        return el(
            "li", { class: `${step.verdict} ${step.decisive ? "decisive" : ""} ${isAfter ? "after" : ""}` },
            el("span", { class: "sign", "aria-hidden": "true", text: signs[step.verdict] ?? "○" }),
            el(
                "p", {}, el("span", { class: "rule", text: step.rule }), " ", words[step.verdict] ?? step.verdict,
                step.decisive ? el("span", { class: "badge", text: "decides" }) : null,
                isAfter && step.verdict !== "pass" ? el("span", { class: "badge", text: "would, if reached" }) : null),
            el("p", { text: visible(step.message) }),
            step.decisive || !step.remedy ? null : el("p", { class: "small", text: `To change it: ${visible(step.remedy)}` }),
            el("p", { class: "small" }, this.source(step, place), " ", this.code(step.code)), place);
    }

    /// A button that shows where the rule, or what it found, is written.
    source(step, place) {
        const { line, source } = step;
        if (!source) return null;
        if (source.startsWith("/") && !line) return el("code", { text: visible(source) });
        const [text, label, show] = line
            ? [`line ${line}: ${source}`, `show line ${line} of the manifest, ${source}`, () => this.actions.reveal(line)]
            : source.startsWith("webhook#") ? [source, `show the webhook configuration, ${source}`, () => this.actions.showWebhook()]
                : [source, `show ${source} of the configuration`, () => this.configurationLine(source, place)];
        return button(visible(text), show, { class: "plain", "aria-label": label });
    }

    /// What the configuration says on the line of a rule.
    async configurationLine(source, place) {
        if (place.hasChildNodes()) {
            place.replaceChildren();
            return;
        }
        try {
            const { json } = await ask({ path: "/debug/policy" });
            const line = Number(source.split(":").pop());
            const found = Object.entries(json.lines).filter(([, at]) => at === line).map(([key]) => written(json, key));
            place.replaceChildren(el("pre", {
                text: visible(`${source}\n${found.length > 0 ? found.join("\n") : `policy: ${json.policy}`}`),
            }));
        } catch (error) {
            place.replaceChildren(failureNotice(error));
        }
    }

    code(code) {
        return button(code, () => this.actions.openReason(code), { class: "plain", "aria-label": `explain ${code}` });
    }

    changes(decision) {
        const changes = decision.counterfactuals ?? [];
        if (changes.length === 0) return [];
        const verb = changes[0].inject ? "would get a sidecar" : "would get no sidecar";
        return [
            el("h3", { text: `It ${verb} after any one of these` }),
            el("ul", { class: "changes" }, ...changes.map((change) => el("li", {}, this.change(change)))),
        ];
    }

    change(change) {
        const result = el("span", { class: "small", text: ` → ${change.inject ? "✓ inject" : "✕ skip"} (${change.reason})` });
        const isElsewhere = change.edits?.some((edit) => edit.in === "configuration");
        if (!change.edits || isElsewhere) {
            return el(
                "div", { class: "bar" }, el("span", {}, visible(change.change), result),
                button("Copy", (event) => copy(change.change, event.currentTarget), { "aria-label": `copy: ${change.change}` }),
                el("span", { class: "small", text: "in the server's configuration, which the page does not change" }));
        }
        return el(
            "button", { type: "button", class: change.inject ? "inject" : "skip", on: { click: () => this.actions.apply(change) } },
            visible(change.change), result);
    }

    /// Says which change was made, with a way back.
    showApplied(text) {
        if (!text) {
            this.applied.replaceChildren();
            return;
        }
        this.applied.replaceChildren(el(
            "div", { class: "notice" }, el("p", {}, `Changed: ${visible(text)} `, button("Undo", () => this.actions.undo()))));
    }
}

/// What a member of the policy is, as the configuration writes it.
function written(policy, key) {
    const [name, index] = key.split("/");
    if (index === undefined) return `${name}: ${policy[name]}`;
    return `${name}[${index}]: ${JSON.stringify(policy[name]?.[Number(index)])}`;
}

function named(decision) {
    const name = decision.namespace ? `${decision.namespace}/${decision.name}` : decision.name;
    return visible(`${decision.kind} ${name}`);
}

function key(decision) { return `${decision.document} ${decision.pointer}`; }
