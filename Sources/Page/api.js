// Requests to the server that the page came from, and what goes wrong with them.

import { turn } from "./dom.js";

let token = "";
let whenTokenIsNeeded = () => {};

/// The token for listeners that ask for one. It is only in memory.
export function setToken(text) { token = text; }
export function hasToken() { return token !== ""; }
export function onTokenNeeded(action) { whenTokenIsNeeded = action; }

/// Why there is no answer: `message` says what, `advice` what to do. `problem` is the server's, RFC 9457.
export class Failure extends Error {
    constructor(message, advice, problem = {}) {
        super(message);
        this.advice = advice;
        this.problem = problem;
    }
}

/// Lets the browser draw between steps with a long text.
const rest = (text) => text?.length > 1 << 18 ? turn() : null;
const longest = 120_000;

/// Sends a request: `{method, path, type, accept, body}`.
///
/// Answers `{status, type, text, bytes, milliseconds}`, with `json` where the answer is JSON. Throws a `Failure`, or
/// AbortError where `signal` ended it.
export async function ask(request, signal) {
    const headers = {};
    if (request.type) headers["Content-Type"] = request.type;
    if (request.accept) headers.Accept = request.accept;
    if (token) headers.Authorization = `Bearer ${token}`;
    const tooLong = AbortSignal.timeout(longest);
    const began = performance.now();
    let response, text;
    await rest(request.body);
    try {
        response = await fetch(request.path, {
            method: request.method ?? "GET", headers, body: request.body, credentials: "omit", redirect: "error",
            signal: signal ? AbortSignal.any([signal, tooLong]) : tooLong,
        });
        text = await response.text();
        await rest(text);
    } catch (error) {
        if (signal?.aborted) throw error;
        if (tooLong.aborted) {
            throw new Failure(`there was no answer within ${longest / 1000} s`, "Try again, or with a smaller input.");
        }
        throw new Failure("the server cannot be reached", "Is it still running? Start it again, then press Run again.");
    }
    const type = (response.headers.get("Content-Type") ?? "").split(";")[0].trim();
    const answer = { status: response.status, type, text, bytes: text.length, milliseconds: performance.now() - began };
    if (type.endsWith("json")) {
        try {
            answer.json = JSON.parse(text);
            await rest(text);
        } catch {
            throw new Failure("the answer is not JSON", "Is something between the page and the server?");
        }
    }
    if (!response.ok) throw failure(response, answer);
    return answer;
}

function failure(response, answer) {
    const problem = answer.json ?? {};
    const message = problem.detail ?? (answer.text.slice(0, 300) || `status ${response.status}`);
    if (response.status === 401 || (response.status === 403 && token && /token/.test(message))) {
        whenTokenIsNeeded(message);
        return new Failure(message, "Give the token of --authTokenFile: the button Token above.", problem);
    }
    const seconds = response.headers.get("Retry-After");
    const advice = {
        403: "This listener does not allow it.",
        404: "This listener does not serve it. On the server's own machine the page has everything.",
        413: "Make it smaller, or use the command line, which has no such limit.",
        503: `The server is busy. Press Run again in ${seconds ?? 1} s.`,
        504: "Try again, or with a smaller input.",
    }[response.status];
    return new Failure(message, advice ?? "", problem);
}
