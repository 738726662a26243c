const { word, curl, pillion, configurationOptions } = await import("/page/commands.js");

test("a plain word is not quoted", () => equal(word("--a=b/c.d:1"), "--a=b/c.d:1"));
test("what a shell would read is quoted", () => equal([word("a b"), word("it's"), word(""), word("$x")], ["'a b'", "'it'\\''s'", "''", "'$x'"]));
test("curl has the body as it is", () => equal(
    curl({ method: "POST", path: "/decide?a=b&c", type: "application/json", body: "{\"a\": \"$x '\"}" }, "http://127.0.0.1:1", true),
    "curl -sS 'http://127.0.0.1:1/decide?a=b&c' \\\n    -H 'Content-Type: application/json' \\\n    -H \"Authorization: Bearer $TOKEN\" \\\n    --data-binary @- <<'BODY'\n{\"a\": \"$x '\"}\nBODY\n"));
test("the end of the input is no line of it", () => equal(
    pillion("decide", [["-f", "-"]], "INPUT\n"), "pillion decide -f - <<'INPUT_'\nINPUT\nINPUT_\n"));
test("files by their options", () => equal(
    configurationOptions(["/etc/config", "/etc/values.yaml", "/etc/mesh", "built-in"], { config: "--c", mesh: "--m" }),
    [["--c", "/etc/config"], ["--m", "/etc/mesh"]]));
