// Runs work after a pause in typing, keeps only the newest answer, and shows what it is waiting for.

import { el, button } from "./dom.js";

/// Milliseconds without typing before a run, and before a run counts as slow.
export const pause = 200;
const slow = 1_500;

/// Work that is done again whenever its input changes.
///
/// `work(signal)` gives an answer, `show(answer)` puts it on the page, `fail(error)` says what went wrong; an answer that
/// comes after a newer run began is dropped.
export class Runner {
    constructor({ work, show, fail }) {
        Object.assign(this, { work, show, fail });
        this.number = 0;
        this.line = el("div", { class: "waiting" });
    }

    /// Runs after the pause; typing meanwhile begins the pause again.
    schedule() {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.run(), pause);
    }

    /// Runs now.
    async run() {
        clearTimeout(this.timer);
        this.controller?.abort();
        this.controller = new AbortController();
        this.number += 1;
        const number = this.number;
        const slowTimer = setTimeout(() => this.isSlow(number), slow);
        try {
            const answer = await this.work(this.controller.signal);
            if (number !== this.number) return;
            this.line.replaceChildren();
            this.show(answer);
        } catch (error) {
            if (number !== this.number) return;
            if (error.name === "AbortError") {
                this.line.replaceChildren("Stopped. ", button("Run again", () => this.run()));
                return;
            }
            this.line.replaceChildren(button("Run again", () => this.run()));
            this.fail(error);
        } finally {
            clearTimeout(slowTimer);
        }
    }

    isSlow(number) {
        if (number !== this.number) return;
        this.line.replaceChildren(
            "The server takes long. ", button("Stop", () => this.controller.abort()));
    }
}

/// A failure for people: what went wrong, and what to do.
export function failureNotice(error) {
    const problem = error.problem ?? {};
    const place = problem.manifest ? ` (line ${problem.manifest.line})` : "";
    return el(
        "div", { class: "notice error", role: "alert" },
        el("p", {}, el("strong", { text: "✕ " }), `${error.message}${place}`),
        error.advice ? el("p", { text: error.advice }) : null,
        problem.snippet ? el("pre", { text: problem.snippet }) : null);
}
