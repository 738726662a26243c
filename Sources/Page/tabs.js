// Tabs as the ARIA pattern has them: arrows move between tabs, Tab leaves to the panel.

import { el, id } from "./dom.js";

export class Tabs {
    /// tabs: `[{name, title, panel}]`, a panel being an element; `changed(name)` after another one was chosen.
    constructor(label, tabs, changed) {
        this.tabs = tabs;
        this.changed = changed;
        this.buttons = tabs.map(({ name, title, panel }) => {
            panel.id ||= id("panel");
            panel.setAttribute("role", "tabpanel");
            panel.tabIndex = 0;
            const tab = el("button", {
                type: "button", role: "tab", id: id("tab"), "aria-controls": panel.id, text: title,
                on: { click: () => this.choose(name), keydown: (event) => this.key(event) },
            });
            panel.setAttribute("aria-labelledby", tab.id);
            return tab;
        });
        this.element = el(
            "div", {}, el("div", { role: "tablist", "aria-label": label }, ...this.buttons), ...tabs.map((tab) => tab.panel));
        this.show(tabs[0].name);
    }

    show(name) {
        this.name = name;
        this.tabs.forEach((tab, index) => {
            const isChosen = tab.name === name;
            tab.panel.hidden = !isChosen;
            this.buttons[index].setAttribute("aria-selected", isChosen);
            this.buttons[index].tabIndex = isChosen ? 0 : -1;
        });
    }

    choose(name) {
        this.show(name);
        this.changed(name);
    }

    key(event) {
        const now = this.tabs.findIndex((tab) => tab.name === this.name);
        const last = this.tabs.length - 1;
        const next = {
            ArrowRight: now === last ? 0 : now + 1, ArrowLeft: now === 0 ? last : now - 1, Home: 0, End: last,
        }[event.key];
        if (next === undefined) return;
        event.preventDefault();
        this.choose(this.tabs[next].name);
        this.buttons[next].focus();
    }
}
