// The page: its views, its state and the link to it. Read this first; then inject.js.

import { el, button, copy, say } from "./dom.js";
import { ask, setToken, hasToken, onTokenNeeded } from "./api.js";
import { views, checked, fragment, fromFragment, longestFragment } from "./state.js";
import { InjectView } from "./inject.js";
import { manifests } from "./examples.js";

/// Milliseconds after a change until the link says it.
const linkPause = 400;
const brokenLink = "The link is not whole: its part after # cannot be read. Copy it again.";

class App {
    constructor() {
        this.main = document.getElementById("main");
        this.links = [...document.querySelectorAll("#views a")];
        this.parts = {};
        this.loaded = {};
        this.view = "inject";
        this.loaded.inject = new InjectView(this);
        this.main.append(this.loaded.inject.element);
        for (const link of this.links) {
            link.addEventListener("click", (event) => {
                if (event.ctrlKey || event.metaKey || event.shiftKey) return;
                event.preventDefault();
                this.open(link.hash.slice(1));
            });
        }
        window.addEventListener("hashchange", () => this.readLink());
        onTokenNeeded((message) => this.askToken(message));
        this.makeTools();
    }

    makeTools() {
        const file = el("input", {
            type: "file", accept: ".json", class: "hidden", "aria-label": "A case that was saved", tabindex: "-1",
            on: { change: () => { if (file.files[0]) this.load(file.files[0]); file.value = ""; } },
        });
        this.tokenButton = button("Token", () => this.askToken(""), { hidden: true });
        document.getElementById("tools").append(
            button("Copy link", (event) => this.copyLink(event.currentTarget)), button("Save case", () => this.save()),
            button("Load case", () => file.click()), this.tokenButton, file);
    }

    // Views

    /// The view's object; its module is loaded when it is first opened.
    async viewOf(name) {
        if (this.loaded[name]) return this.loaded[name];
        const makers = {
            template: async () => (await import("./template.js")).TemplateView,
            configuration: async () => (await import("./configuration.js")).ConfigurationView,
            reasons: async () => (await import("./reasons.js")).ReasonsView,
        };
        const View = await makers[name]();
        if (this.loaded[name]) return this.loaded[name];
        const view = new View(this);
        view.state = this.parts[name] ?? {};
        this.loaded[name] = view;
        this.main.append(view.element);
        return view;
    }

    async open(name, { keepsLink = false } = {}) {
        this.view = name;
        const view = await this.viewOf(name);
        if (this.view !== name) return;
        for (const [other, { element }] of Object.entries(this.loaded)) element.hidden = other !== name;
        for (const link of this.links) {
            if (link.hash === `#${name}`) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
        }
        document.title = name === "inject" ? "Pillion" : `Pillion: ${name}`;
        if (!keepsLink) this.changed();
        await view.activate();
    }

    async openReason(code) {
        await this.open("reasons");
        this.loaded.reasons.search(code);
    }

    // State

    get state() {
        const state = { ...this.parts };
        for (const [name, view] of Object.entries(this.loaded)) state[name] = view.state;
        return checked({ ...state, view: this.view });
    }

    set state(state) {
        this.parts = {};
        for (const name of views) {
            this.parts[name] = state[name] ?? {};
            if (this.loaded[name]) this.loaded[name].state = this.parts[name];
        }
    }

    /// Something changed that the link is to say.
    changed() {
        clearTimeout(this.linkTimer);
        this.linkTimer = setTimeout(() => this.writeLink(), linkPause);
    }

    async writeLink() {
        const code = await fragment(this.state);
        this.isTooLong = code === null;
        this.link = code ?? this.view;
        history.replaceState(null, "", `#${this.link}`);
    }

    async readLink() {
        const text = location.hash.slice(1);
        if (text === this.link) return;
        const state = await fromFragment(text);
        if (!state) return;
        if (state.isBroken) this.notice(brokenLink);
        else if (text.includes("/")) this.state = state;
        await this.open(state.view, { keepsLink: true });
    }

    async copyLink(trigger) {
        await this.writeLink();
        if (this.isTooLong) {
            this.notice(`The case is too long for a link of ${longestFragment / 1024} KB. Save it as a file instead.`);
            return;
        }
        await copy(location.href, trigger);
    }

    save() {
        const text = `${JSON.stringify({ pillion: 1, ...this.state }, null, 2)}\n`;
        const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
        el("a", { href: address, download: "pillion-case.json" }).click();
        setTimeout(() => URL.revokeObjectURL(address), 10_000);
        say("The case is saved.");
    }

    async load(file) {
        let value;
        try {
            value = JSON.parse(await file.text());
        } catch {
            value = null;
        }
        if (value?.pillion !== 1) {
            this.notice(`${file.name} is not a saved case: expected a file that "Save case" wrote.`);
            return;
        }
        const state = checked(value);
        this.state = state;
        await this.open(state.view);
    }

    notice(text) {
        const notices = document.getElementById("notices");
        const line = el("div", { class: "notice warn", role: "alert" }, el("p", {}, `${text} `, button("Close", () => line.remove())));
        notices.replaceChildren(line);
    }

    // Token

    askToken(message) {
        this.tokenButton.hidden = false;
        if (this.dialog?.open) return;
        const input = el("input", { type: "password", autocomplete: "off", "aria-label": "Token" });
        const form = el(
            "form", {
                on: {
                    submit: (event) => {
                        event.preventDefault();
                        setToken(input.value.trim());
                        this.dialog.close();
                        this.loaded[this.view].again();
                    },
                },
            },
            el("h2", { text: "Token" }), message ? el("p", { text: message }) : null,
            el("p", { class: "small", text: "It is the first line of the server's --authTokenFile. The page keeps it in memory only." }),
            el("div", { class: "bar" }, input, el("button", { type: "submit", text: "Use it" }), button("Cancel", () => this.dialog.close())));
        const dialog = el("dialog", { "aria-label": "Token", on: { close: () => dialog.remove() } }, form);
        this.dialog = dialog;
        document.body.append(dialog);
        dialog.showModal();
    }

    // Start

    async start() {
        const state = await fromFragment(location.hash.slice(1));
        if (state && !state.isBroken && location.hash.includes("/")) {
            this.state = state;
            await this.open(state.view, { keepsLink: true });
            return;
        }
        if (state?.isBroken) this.notice(brokenLink);
        this.loaded.inject.state = { manifest: manifests[0][1] };
        try {
            const { json } = await ask({ path: "/page/start.json" });
            if (json.manifest || json.namespace) {
                this.loaded.inject.state = { manifest: json.manifest || manifests[0][1], namespace: json.namespace };
            }
        } catch {
            // The example is a beginning as well.
        }
        await this.open(state?.view ?? "inject", { keepsLink: true });
    }
}

const app = new App();
app.start();
