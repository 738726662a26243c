// What is shown, as a command for a shell.

import { hasToken } from "./api.js";

/// A word of a shell: quoted where it has to be.
export function word(text) {
    return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/// A here-document: the redirection, and the lines after the command. The end is a word that is no line of the text.
function document(text, name) {
    let end = name;
    while (`\n${text}\n`.includes(`\n${end}\n`)) end += "_";
    return { redirection: `<<'${end}'`, body: `${text}${text.endsWith("\n") ? "" : "\n"}${end}` };
}

/// A request as curl sends it to this page's server.
export function curl(request, origin = location.origin, isWithToken = hasToken()) {
    const lines = [`curl -sS ${word(origin + request.path)}`];
    if (request.type) lines.push(`-H ${word(`Content-Type: ${request.type}`)}`);
    if (request.accept) lines.push(`-H ${word(`Accept: ${request.accept}`)}`);
    if (isWithToken) lines.push('-H "Authorization: Bearer $TOKEN"');
    if (request.body === undefined) return `${lines.join(" \\\n    ")}\n`;
    const input = document(request.body, "BODY");
    lines.push(`--data-binary @- ${input.redirection}`);
    return `${lines.join(" \\\n    ")}\n${input.body}\n`;
}

/// `pillion VERB` with its options, each a list of words, and texts that it reads: from standard input, and others by name
/// of an option.
export function pillion(verb, options, input, files = {}) {
    const words = [`pillion ${verb}`, ...options.map((option) => option.map(word).join(" "))];
    for (const [option, text] of Object.entries(files)) {
        const file = document(text, "FILE");
        words.push(`${option} <(cat ${file.redirection}\n${file.body}\n)`);
    }
    if (input === undefined) return `${words.join(" ")}\n`;
    const text = document(input, "INPUT");
    return `${words.join(" ")} ${text.redirection}\n${text.body}\n`;
}

/// The options that name the files of a configuration, from what GET /debug/config lists.
export function configurationOptions(files, names) {
    const options = [];
    for (const file of files ?? []) {
        if (file === "built-in" || file.startsWith("configmap ")) continue;
        const base = file.split("/").pop();
        const kind = /mesh/.test(base) ? "mesh" : /values/.test(base) ? "values" : "config";
        if (names[kind]) options.push([names[kind], file]);
    }
    return options;
}
