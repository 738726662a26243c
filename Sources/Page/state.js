// What the page shows, as an object; and as the fragment of a link, compressed, which no server sees.

/// Bytes of a fragment: longer ones are not kept by every program that passes links on.
export const longestFragment = 32 * 1024;
/// Bytes that a fragment may become, so that none of a few bytes fills the memory.
const longestState = 8 << 20;

export const views = ["inject", "template", "configuration", "reasons"];

/// The members of the state with their kinds. What a link holds otherwise is not taken.
const kinds = {
    inject: { tab: "string", manifest: "string", namespace: "string", labels: "string", labelsKnown: "string", webhook: "string" },
    template: {
        engine: "string", template: "string", data: "string", more: "string", functions: "string", format: "string",
        missingKey: "string",
    },
    configuration: { tab: "string" },
    reasons: { search: "string" },
};

/// The state with only the members that it may have.
export function checked(value) {
    const state = { view: views.includes(value?.view) ? value.view : "inject" };
    for (const [view, members] of Object.entries(kinds)) {
        const part = {};
        for (const [name, kind] of Object.entries(members)) {
            if (typeof value?.[view]?.[name] === kind) part[name] = value[view][name];
        }
        if (Object.keys(part).length > 0) state[view] = part;
    }
    return state;
}

/// The fragment of a state, `view` or `view/code`; null where it is too long for a link.
export async function fragment(state) {
    const { view, ...parts } = checked(state);
    const text = JSON.stringify(parts);
    if (text === "{}") return view;
    const bytes = await through(new TextEncoder().encode(text), new CompressionStream("deflate-raw"), Infinity);
    const code = `${view}/1${toBase64(bytes)}`;
    return code.length <= longestFragment ? code : null;
}

/// The state of a fragment (without `#`); null for one that holds none.
export async function fromFragment(text) {
    const [view, code] = text.split("/");
    if (!views.includes(view)) return null;
    if (!code?.startsWith("1") || code.length > longestFragment) return { view };
    try {
        const bytes = await through(fromBase64(code.slice(1)), new DecompressionStream("deflate-raw"), longestState);
        return checked({ ...JSON.parse(new TextDecoder().decode(bytes)), view });
    } catch {
        return { view, isBroken: true };
    }
}

async function through(bytes, stream, limit) {
    const writer = stream.writable.getWriter();
    // What goes wrong shows where it is read.
    writer.write(bytes).catch(() => {});
    writer.close().catch(() => {});
    const reader = stream.readable.getReader();
    const parts = [];
    let length = 0;
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
        length += part.value.length;
        if (length > limit) {
            await reader.cancel();
            throw new Error("too long");
        }
        parts.push(part.value);
    }
    const whole = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
        whole.set(part, at);
        at += part.length;
    }
    return whole;
}

function toBase64(bytes) {
    let text = "";
    for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
    return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function fromBase64(text) {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(binary, (sign) => sign.charCodeAt(0));
}
