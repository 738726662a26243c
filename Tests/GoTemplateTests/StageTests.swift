import PluginAPI
import Testing
import Values

@testable import GoTemplate

/// Tables for the lexer and the parser, so that a failure shows which of them is wrong.
@Suite struct StageTests {
    /// An underscore marks a token that follows blanks.
    @Test(arguments: [
        ("a{{.b}}c", "text(a) leftDelimiter({{) field(.b) rightDelimiter(}}) text(c) endOfFile()"),
        ("a  {{- 1 -}}\n b", "text(a) leftDelimiter({{) number(1) rightDelimiter(}}) text(b) endOfFile()"),
        ("{{/* gone */}}x", "text(x) endOfFile()"),
        (
            "{{$x := \"q\" | printf `r`}}",
            "leftDelimiter({{) variable($x) _declare(:=) _string(\"q\") _pipe(|) "
                + "_identifier(printf) _rawString(`r`) rightDelimiter(}}) endOfFile()"
        ),
        (
            "{{if (eq .a 'c')}}{{end}}",
            "leftDelimiter({{) ifKeyword(if) _leftParenthesis(() identifier(eq) _field(.a) "
                + "_characterConstant('c') rightParenthesis()) rightDelimiter(}}) leftDelimiter({{) end(end) "
                + "rightDelimiter(}}) endOfFile()"
        ),
        ("{{.a.b.c .d}}", "leftDelimiter({{) field(.a.b.c) _field(.d) rightDelimiter(}}) endOfFile()"),
        ("{{$x.a.1}}", "leftDelimiter({{) variable($x) field(.a) number(.1) rightDelimiter(}}) endOfFile()"),
        ("{{.a.b#}}", "leftDelimiter({{) field(.a) error[bad character U+0023 '#'] endOfFile()"),
        ("{{.abcdefgh_2é.b}}", "leftDelimiter({{) field(.abcdefgh_2é.b) rightDelimiter(}}) endOfFile()"),
        ("{{1+2i}}", "leftDelimiter({{) complex(1+2i) rightDelimiter(}}) endOfFile()"),
        ("{{3k}}", "leftDelimiter({{) error[bad number syntax: \"3k\"] endOfFile()"),
        ("{{\"x", "leftDelimiter({{) error[unterminated quoted string] endOfFile()"),
    ])
    func lexerMakesTokens(_ source: String, _ wanted: String) {
        let bytes = Array(source.utf8)
        let found = bytes.withUnsafeBufferPointer { buffer in
            var lexer = Lexer(buffer, left: [], right: [])
            var tokens: [String] = []
            for _ in 0..<100 {
                let token = lexer.next()
                let text = String(decoding: buffer[Int(token.offset)..<token.end], as: UTF8.self)
                tokens.append(
                    token.kind == .error
                        ? "error[\(String(decoding: lexer.errorMessage, as: UTF8.self))]"
                        : "\(token.isBehindSpace ? "_" : "")\(token.kind)(\(text))")
                if token.kind == .endOfFile { break }
            }
            return tokens.joined(separator: " ")
        }
        #expect(found == wanted)
    }

    /// The parse tree, printed.
    @Test(arguments: [
        ("{{ .a.b  1   |  printf \"%d\" }}", "{{.a.b 1 | printf \"%d\"}}"),
        ("{{ $x  :=  (index . 1).c }}", "{{$x := (index . 1).c}}"),
        ("{{ and true nil 0x1F 'a' }}", "{{and true nil 0x1F 'a'}}"),
        ("{{template \"t\" (len .)}}", "{{template \"t\" (len .)}}"),
    ])
    func parserPrintsBack(_ source: String, _ wanted: String) throws {
        var syntax = Syntax()
        try Parser.add(
            [TemplateSource(name: "t", text: source)], left: "", right: "", limits: .commandLine, to: &syntax,
            hasFunction: { _ in true })
        let root = syntax.nodes[Int(syntax.definitions[0].root)]
        #expect(String(decoding: syntax.text(of: root.first), as: UTF8.self) == wanted)
    }

    @Test func namesAreSlotsAndTextIsAPool() throws {
        var syntax = Syntax()
        try Parser.add(
            [TemplateSource(name: "t", text: "x{{$a := .b}}{{$a}}")], left: "", right: "",
            limits: .commandLine, to: &syntax, hasFunction: { _ in false })
        let program = try Compiler.compile(
            syntax, functions: FunctionTable([], impure: false), missingKey: .default)
        let shown = program.instructions.map { "\($0)" }
        #expect(
            shown == [
                "text(start: 0, length: 1)", "field(path: 0)", "store(slot: 1)", "pop", "variable(slot: 1)",
                "unwrap", "print", "finish",
            ])
    }
}
