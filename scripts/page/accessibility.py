"""Checks the current page: names and roles in the browser's accessibility tree, contrast, headings, focus order.

Returns the faults as a list of sentences.
"""
import json

# Roles of interactive elements; each needs a name.
NAMED = {'button', 'link', 'textbox', 'searchbox', 'combobox', 'checkbox', 'radio', 'tab', 'tabpanel', 'listbox', 'option',
         'dialog', 'region', 'navigation', 'meter', 'menuitem', 'slider', 'spinbutton', 'img', 'image', 'form', 'table'}
ONCE = {'banner', 'main'}


def check(page):
    """All faults of the page as it is shown now."""
    return tree(page) + page.js(PAINTED) + focus(page)


def tree(page):
    found, levels, seen = [], [], {role: 0 for role in ONCE}
    for node in page.call('Accessibility.getFullAXTree')['nodes']:
        if node.get('ignored'):
            continue
        role, name = node['role'].get('value', ''), node.get('name', {}).get('value', '').strip()
        properties = {each['name']: each['value'].get('value') for each in node.get('properties', [])}
        if role in NAMED and not name and not (role in ('navigation', 'form', 'table')):
            found.append(f'a {role} has no name (node {node["nodeId"]})')
        if role == 'navigation' and not name:
            found.append('a navigation has no label')
        if role in seen:
            seen[role] += 1
        if role == 'heading':
            levels.append((int(properties.get('level', 0)), name))
        if role in ('generic', 'none') and properties.get('focusable') and properties.get('focused'):
            found.append(f'the focus is on what has no role: {name!r}')
    found += [f'there are {count} elements with the role {role}, expected one' for role, count in seen.items() if count != 1]
    if [level for level, _ in levels].count(1) != 1:
        found.append('there is not one heading of level 1')
    for (before, _), (level, name) in zip(levels, levels[1:]):
        if level > before + 1:
            found.append(f'the heading {name!r} is of level {level} after one of level {before}')
    return found


# Contrast of text with its background (WCAG 2.2, 1.4.3), sizes of targets (2.5.8), references between elements,
# language.
PAINTED = r'''(() => {
    const found = [];
    const channel = (value) => {
        value /= 255;
        return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    };
    const numbers = (colour) => {
        const parts = colour.match(/[\d.]+/g).map(Number);
        return {rgb: parts.slice(0, 3), alpha: parts.length > 3 ? parts[3] : 1};
    };
    const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
    const ratio = (one, other) => {
        const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
        return (high + 0.05) / (low + 0.05);
    };
    const ground = (element) => {
        let layers = [];
        for (let each = element; each; each = each.parentElement) {
            const {rgb, alpha} = numbers(getComputedStyle(each).backgroundColor);
            if (alpha > 0) layers.push({rgb, alpha});
            if (alpha === 1) break;
        }
        let colour = [255, 255, 255];
        for (const {rgb, alpha} of layers.reverse()) colour = colour.map((value, i) => rgb[i] * alpha + value * (1 - alpha));
        return colour;
    };
    const isShown = (element) => element.checkVisibility({checkOpacity: true, checkVisibilityCSS: true})
        && !element.closest(".hidden") && element.getClientRects().length > 0;
    const where = (element) => `${element.tagName.toLowerCase()}.${element.className} ${JSON.stringify((element.innerText ?? "").slice(0, 40))}`;
    const seen = new Set();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const element = node.parentElement;
        if (!node.textContent.trim() || seen.has(element) || ["OPTION", "NOSCRIPT", "SCRIPT"].includes(element.tagName)) continue;
        seen.add(element);
        if (!isShown(element) || element.closest(":disabled")) continue;
        const style = getComputedStyle(element);
        const size = parseFloat(style.fontSize);
        const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
        const contrast = ratio(numbers(style.color).rgb, ground(element));
        if (contrast < (isLarge ? 3 : 4.5)) found.push(`contrast ${contrast.toFixed(2)} of ${where(element)}`);
    }
    for (const control of document.querySelectorAll("input, textarea, select")) {
        if (!isShown(control)) continue;
        const contrast = ratio(numbers(getComputedStyle(control).color).rgb, ground(control));
        if (contrast < 4.5) found.push(`contrast ${contrast.toFixed(2)} of ${where(control)}`);
        const edge = ratio(numbers(getComputedStyle(control).borderTopColor).rgb, ground(control.parentElement));
        if (parseFloat(getComputedStyle(control).borderTopWidth) > 0 && edge < 3) found.push(`the edge of ${where(control)} has contrast ${edge.toFixed(2)}`);
    }
    for (const target of document.querySelectorAll("button, [role=tab], select, input:not([type=checkbox]), summary, nav a")) {
        const box = target.getBoundingClientRect();
        if (isShown(target) && (box.height < 24 || box.width < 24)) found.push(`target of ${Math.round(box.width)}×${Math.round(box.height)}: ${where(target)}`);
    }
    for (const name of ["aria-controls", "aria-labelledby", "aria-describedby", "aria-activedescendant", "for"]) {
        for (const element of document.querySelectorAll(`[${name}]`)) {
            for (const id of element.getAttribute(name).split(" ")) {
                if (!document.getElementById(id)) found.push(`${name} of ${where(element)} names ${id}, which is not there`);
            }
        }
    }
    const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
    for (const id of ids.filter((id, index) => ids.indexOf(id) !== index)) found.push(`the id ${id} is there twice`);
    for (const element of document.querySelectorAll("[aria-hidden=true]")) {
        if (element.querySelector("a[href], button, input, select, textarea, [tabindex]")) found.push(`hidden from readers, with a control: ${where(element)}`);
    }
    for (const element of document.querySelectorAll("[tabindex]")) {
        if (element.tabIndex > 0) found.push(`the focus goes back to ${where(element)}: its tabindex is ${element.tabIndex}`);
    }
    if (!document.documentElement.lang) found.push("the page has no language");
    if (!document.title) found.push("the page has no title");
    if (document.documentElement.scrollWidth > innerWidth + 1) found.push(`the page is ${document.documentElement.scrollWidth} wide, the window ${innerWidth}`);
    return found;
})()'''

FOCUSED = r'''(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const all = [...document.querySelectorAll("*")];
    const box = element.getBoundingClientRect();
    // An outline around the element alone, or around what has no other that can have the focus.
    let outlined = false;
    for (let each = element; each && !outlined; each = each.parentElement) {
        if (each.querySelectorAll("a[href], button, input, select, textarea, [tabindex]").length > (each === element ? Infinity : 1)) break;
        const style = getComputedStyle(each);
        outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    }
    return {
        place: all.indexOf(element), outlined,
        shown: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
        name: `${element.tagName.toLowerCase()} ${JSON.stringify((element.getAttribute("aria-label") ?? element.innerText ?? "").slice(0, 40))}`,
    };
})()'''


def focus(page, limit=400):
    """Presses Tab through the page: the focus must follow the document's order, be visible, and leave at the end."""
    found, last = [], -1
    page.js('(document.activeElement?.blur(), document.body.setAttribute("tabindex", "-1"), document.body.focus(), '
            'document.body.removeAttribute("tabindex"), getSelection().removeAllRanges(), scrollTo(0, 0))')
    for step in range(limit):
        page.key('Tab')
        now = page.js(FOCUSED)
        if now is None or (now['place'] <= last and step > 3 and now['place'] == getattr(focus, 'first', None)):
            break
        if step == 0:
            focus.first = now['place']
        if now['place'] <= last:
            if now['place'] == focus.first:
                break
            found.append(f'the focus goes back to {now["name"]}')
        if not now['shown']:
            found.append(f'the focus is out of sight on {now["name"]}')
        if not now['outlined']:
            found.append(f'the focus is not seen on {now["name"]}')
        last = now['place']
    else:
        found.append(f'the focus does not leave the page after {limit} steps')
    if last < 0:
        found.append('nothing can be reached with the Tab key')
    return found
