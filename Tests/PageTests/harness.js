// Runs the tests of a module in the page: `test(name, body)`, `equal(found, expected)`. scripts/page-test loads it
// before each file NAME.test.js and calls `outcome()`.
const tests = [];
function test(name, body) { tests.push([name, body]); }

function equal(found, expected) {
    const [one, other] = [JSON.stringify(found), JSON.stringify(expected)];
    if (one !== other) throw new Error(`found ${one}, expected ${other}`);
}

async function outcome() {
    const failures = [];
    for (const [name, body] of tests) {
        try {
            await body();
        } catch (error) {
            failures.push(`${name}: ${error.message}`);
        }
    }
    return { passed: tests.length - failures.length, failures };
}
