/// sprig's functions for defaults, JSON, types and control flow.
enum SprigDefaults {
    static let functions: [TemplateFunction] = defaults + json + reflection + flow

    private static let defaults: [TemplateFunction] = [
        function(
            "default", "func(default any, given ...any) any", "a value, or the default where it is empty",
            #"{{ default "x" "" }}"#, "x"
        ) { call throws(FunctionError) in call.count > 1 && !Structure.isEmpty(call[1]) ? call[1] : call[0] },
        function(
            "empty", "func(v any) bool", "whether it is nil, zero, false or without content", "{{ empty 0 }}",
            "true"
        ) { call throws(FunctionError) in .bool(Structure.isEmpty(call[0])) },
        function(
            "coalesce", "func(v ...any) any", "the first that is not empty", #"{{ coalesce "" 0 "a" }}"#, "a"
        ) {
            call throws(FunctionError) in call.arguments.first { !Structure.isEmpty($0) } ?? .none
        },
        function("all", "func(v ...any) bool", "whether none is empty", "{{ all 1 true }}", "true") {
            call throws(FunctionError) in
            .bool(!call.arguments.contains(where: Structure.isEmpty))
        },
        function("any", "func(v ...any) bool", "whether one is not empty", "{{ any 0 1 }}", "true") {
            call throws(FunctionError) in
            .bool(call.arguments.contains { !Structure.isEmpty($0) })
        },
        function(
            "ternary", "func(yes any, no any, condition bool) any", "one of two values",
            #"{{ ternary "y" "n" true }}"#, "y"
        ) { call throws(FunctionError) in call.bool(2) ? call[0] : call[1] },
    ]

    /// Returns a function that writes JSON. An error results in an empty text, unless the function is a `must…`.
    private static func writer(
        _ name: String, _ summary: String, _ output: String, must: Bool, indent: Int? = nil,
        escapes: Bool = true
    ) -> TemplateFunction {
        function(
            name, must ? "func(v any) (string, error)" : "func(v any) string", summary,
            "{{ \(name) (list 1 \"<\") }}", output
        ) { call throws(FunctionError) in
            do throws(FunctionError) {
                return .text(try GoJSON.text(call[0], call, indent: indent, escapesHTML: escapes))
            } catch {
                if case .failed = error, !must { return .string("") }
                throw error
            }
        }
    }

    private static let json: [TemplateFunction] = [
        writer("toJson", "JSON on one line", #"[1,"\u003c"]"#, must: false),
        writer("mustToJson", "JSON on one line", #"[1,"\u003c"]"#, must: true),
        writer(
            "toPrettyJson", "JSON indented by two blanks", "[\n  1,\n  \"\\u003c\"\n]", must: false, indent: 2
        ),
        writer(
            "mustToPrettyJson", "JSON indented by two blanks", "[\n  1,\n  \"\\u003c\"\n]", must: true,
            indent: 2),
        writer("toRawJson", "JSON without escaping <, > and &", #"[1,"<"]"#, must: true, escapes: false),
        writer("mustToRawJson", "JSON without escaping <, > and &", #"[1,"<"]"#, must: true, escapes: false),
        function(
            "fromJson", "func(s string) any", "what JSON says, nil if it is not JSON",
            #"{{ (fromJson "{\"a\": 5}").a }}"#, "5"
        ) { call throws(FunctionError) in
            do throws(FunctionError) { return try GoJSON.read(call.bytes(0)) } catch {
                if case .failed = error { return .none }
                throw error
            }
        },
        function(
            "mustFromJson", "func(s string) (any, error)", "what JSON says", #"{{ mustFromJson "[1]" }}"#,
            "[1]"
        ) {
            call throws(FunctionError) in try GoJSON.read(call.bytes(0))
        },
    ]

    private static let reflection: [TemplateFunction] = [
        function("typeOf", "func(v any) string", "the name of the Go type", "{{ typeOf 1 }}", "int") {
            call throws(FunctionError) in
            .string(call[0].typeName)
        },
        function(
            "typeIs", "func(name string, v any) bool", "whether the type has that name",
            #"{{ typeIs "int" 1 }}"#, "true"
        ) { call throws(FunctionError) in .bool(call.text(0) == call[1].typeName) },
        function(
            "typeIsLike", "func(name string, v any) bool", "whether it is that type or a pointer to it",
            #"{{ typeIsLike "int" 1 }}"#, "true"
        ) { call throws(FunctionError) in
            .bool(call.text(0) == call[1].typeName || "*" + call.text(0) == call[1].typeName)
        },
        function(
            "kindOf", "func(v any) string", "the Go kind: int, string, slice, map …", "{{ kindOf (list) }}",
            "slice"
        ) { call throws(FunctionError) in .string(call[0].kindName) },
        function(
            "kindIs", "func(kind string, v any) bool", "whether it is of that kind",
            #"{{ kindIs "string" "a" }}"#, "true"
        ) { call throws(FunctionError) in .bool(call.text(0) == call[1].kindName) },
        function(
            "deepEqual", "func(a any, b any) bool", "whether type and content are the same",
            "{{ deepEqual (list 1) (list 1) }}", "true"
        ) { call throws(FunctionError) in .bool(try Structure.isEqual(call[0], call[1], call)) },
    ]

    private static let flow: [TemplateFunction] = [
        function(
            "fail", "func(message string) (string, error)", "stops with a message",
            #"{{ if false }}{{ fail "no" }}{{ end }}on"#, "on"
        ) { call throws(FunctionError) in throw .told(call.bytes(0)) },
        function(
            "env", "func(name string) string", "a variable of the allow-list, else an empty text",
            #"{{ env "NOT_ALLOWED" }}"#, ""
        ) { call throws(FunctionError) in .string(call.context.environment[call.text(0)] ?? "") },
        function(
            "expandenv", "func(s string) string", "$NAME and ${NAME} replaced by variables of the allow-list",
            #"{{ expandenv "a$NOT_ALLOWED" }}"#, "a"
        ) { call throws(FunctionError) in
            .text(EnvironmentText.expand(call.bytes(0), call.context.environment))
        },
    ]
}

/// Expands `$NAME` and `${NAME}` in a text, as Go's os.Expand does.
enum EnvironmentText {
    static func expand(_ text: [UInt8], _ variables: [String: String]) -> [UInt8] {
        var output: [UInt8] = []
        var index = 0
        while index < text.count {
            guard text[index] == 0x24, index + 1 < text.count else {
                output.append(text[index])
                index += 1
                continue
            }
            let (name, size) = self.name(text[(index + 1)...])
            if let name {
                output.append(contentsOf: (variables[String(decoding: name, as: UTF8.self)] ?? "").utf8)
            } else if size == 0 {
                output.append(0x24)
            }
            index += size + 1
        }
        return output
    }

    /// Returns the name after a dollar and its size in bytes. Without a name, the size is that of the text to drop.
    private static func name(_ rest: ArraySlice<UInt8>) -> (ArraySlice<UInt8>?, Int) {
        func isSpecial(_ byte: UInt8) -> Bool { "*#$@!?-0123456789".utf8.contains(byte) }
        func isWord(_ byte: UInt8) -> Bool {
            byte == 0x5F || Runes.isLetter(UInt32(byte)) && byte < 0x80 || (0x30...0x39).contains(byte)
        }
        guard let first = rest.first else { return (nil, 0) }
        if first == 0x7B {
            let inside = rest.dropFirst()
            if let special = inside.first, isSpecial(special), inside.dropFirst().first == 0x7D {
                return (inside.prefix(1), 3)
            }
            guard let end = inside.firstIndex(of: 0x7D) else { return (nil, 1) }
            if end == inside.startIndex { return (nil, 2) }
            return (inside[..<end], end - rest.startIndex + 1)
        }
        if isSpecial(first) { return (rest.prefix(1), 1) }
        let word = rest.prefix(while: isWord)
        return word.isEmpty ? (nil, 0) : (word, word.count)
    }
}
