const { Runner, failureNotice } = await import("/page/runner.js");
const { Failure } = await import("/page/api.js");

const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

test("typing runs once, after the pause", async () => {
    let runs = 0;
    const runner = new Runner({ work: async () => { runs += 1; }, show: () => {}, fail: () => {} });
    for (let key = 0; key < 5; key += 1) {
        runner.schedule();
        await wait(40);
    }
    equal(runs, 0);
    await wait(300);
    equal(runs, 1);
});
test("a late answer is dropped", async () => {
    const shown = [];
    const answers = [wait(120).then(() => "old"), wait(20).then(() => "new")];
    const runner = new Runner({ work: () => answers.shift(), show: (answer) => shown.push(answer), fail: () => shown.push("fail") });
    await Promise.all([runner.run(), runner.run()]);
    equal(shown, ["new"]);
});
test("a late failure is dropped", async () => {
    const shown = [];
    const answers = [wait(80).then(() => { throw new Error("old"); }), wait(10).then(() => "new")];
    const runner = new Runner({ work: () => answers.shift(), show: (answer) => shown.push(answer), fail: (error) => shown.push(error.message) });
    await Promise.all([runner.run(), runner.run()]);
    equal(shown, ["new"]);
});
test("a newer run ends the older request", async () => {
    const signals = [];
    const runner = new Runner({ work: async (signal) => { signals.push(signal); await wait(10); }, show: () => {}, fail: () => {} });
    await Promise.all([runner.run(), runner.run()]);
    equal(signals.map((signal) => signal.aborted), [true, false]);
});
test("a failure says what to do", () => equal(
    failureNotice(new Failure("it failed", "Try again.", { manifest: { line: 3 } })).textContent, "✕ it failed (line 3)Try again."));
