// The body of POST /render, and places in its output.

/// The body with these members and the data's text. JSON stays JSON, digit for digit; other data makes the body YAML.
///
/// Answers `{type, text, dataLine}`: the line of the body that the data begins on.
export function body(members, data) {
    const known = Object.entries(members).filter(([, value]) => value !== undefined);
    if (data.trim() === "" || isJSON(data)) {
        const head = known.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
        if (data.trim() !== "") head.push(`"data":${data}`);
        return { type: "application/json", text: `{${head.join(",")}}`, dataLine: Infinity };
    }
    const head = known.map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`);
    // One document is meant; its beginning may be marked.
    const bare = data.replace(/^(\s*#.*\n)*---[ \t]*\n/, "\n");
    return {
        type: "application/yaml", text: `${head.join("")}data:\n${bare.replace(/^(?=.)/gm, "  ")}`, dataLine: head.length + 2,
    };
}

function isJSON(text) {
    try {
        JSON.parse(text);
        return true;
    } catch {
        return false;
    }
}

/// The templates of a text in which each begins after a line `--- NAME`: `{templates, lines}`, lines being how many come
/// before each.
export function sections(text) {
    const templates = {}, lines = {};
    let name = null;
    text.split("\n").forEach((line, index) => {
        const head = /^--- (\S+)\s*$/.exec(line);
        if (head) {
            name = head[1];
            templates[name] = "";
            lines[name] = index + 1;
        } else if (name !== null) {
            templates[name] += `${line}\n`;
        }
    });
    return { templates: name === null ? undefined : templates, lines };
}

/// The runs of a source map, whose places are bytes, by characters of the text: `{starts, ends, entries}`.
export function places(text, map) {
    const entries = [...map].sort((one, other) => one.start - other.start);
    const starts = new Array(entries.length), ends = new Array(entries.length);
    let byte = 0, character = 0;
    const seek = (target) => {
        while (byte < target && character < text.length) {
            const code = text.charCodeAt(character);
            if (code < 0x80) byte += 1;
            else if (code < 0x800) byte += 2;
            else if (code >= 0xd800 && code < 0xdc00) {
                byte += 4;
                character += 1;
            } else byte += 3;
            character += 1;
        }
        return character;
    };
    entries.forEach((entry, index) => {
        starts[index] = seek(entry.start);
        ends[index] = seek(entry.start + entry.length);
    });
    return { starts, ends, entries };
}
