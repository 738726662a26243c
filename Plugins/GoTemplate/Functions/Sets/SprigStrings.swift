/// sprig's functions for strings.
enum SprigStrings {
    static let functions: [TemplateFunction] = trimming + casing + searching + shaping + lists

    private static func mapped(
        _ name: String, _ summary: String, _ template: String, _ output: String,
        _ body: @escaping @Sendable ([UInt8]) -> [UInt8]
    ) -> TemplateFunction {
        function(name, "func(s string) string", summary, template, output) { call throws(FunctionError) in
            .text(body(call.bytes(0)))
        }
    }

    private static let trimAll = function(
        "trimAll", "func(cutset string, s string) string", "without the characters of a set at both ends",
        #"{{ trimAll "$" "$5.00$" }}"#, "5.00"
    ) { call throws(FunctionError) in .text(ByteText.trim(call.bytes(1), of: call.bytes(0))) }

    private static let trimming: [TemplateFunction] = [
        mapped(
            "trim", "without white space at both ends", #"{{ trim "  a b " }}"#, "a b", ByteText.trimSpace),
        trimAll, trimAll.alias("trimall"),
        function(
            "trimSuffix", "func(suffix string, s string) string", "without an ending",
            #"{{ trimSuffix "-" "hello-" }}"#, "hello"
        ) { call throws(FunctionError) in
            let (suffix, text) = (call.bytes(0), call.bytes(1))
            return .text(ByteText.hasSuffix(text, suffix) ? Array(text.dropLast(suffix.count)) : text)
        },
        function(
            "trimPrefix", "func(prefix string, s string) string", "without a beginning",
            #"{{ trimPrefix "v" "v1.2" }}"#, "1.2"
        ) { call throws(FunctionError) in
            let (prefix, text) = (call.bytes(0), call.bytes(1))
            return .text(ByteText.hasPrefix(text, prefix) ? Array(text.dropFirst(prefix.count)) : text)
        },
        mapped("nospace", "without any white space", #"{{ nospace "a b c" }}"#, "abc", WordCase.withoutSpace),
        function(
            "trunc", "func(count int, s string) string",
            "the first bytes; the last ones where count is negative",
            #"{{ trunc 5 "hello world" }} {{ trunc -5 "hello world" }}"#, "hello world"
        ) { call throws(FunctionError) in
            let (count, text) = (call.int(0), call.bytes(1))
            if count >= 0 { return .text(Array(text.prefix(count))) }
            guard count > -text.count else { return .text(text) }
            return .text(Array(text.suffix(-count)))
        },
        function(
            "substr", "func(start int, end int, s string) string",
            "bytes from start to end; to the end of the text where end is negative",
            #"{{ substr 0 5 "hello world" }}"#, "hello", substring),
        function(
            "abbrev", "func(width int, s string) string", "cut to a width with ... at the end",
            #"{{ abbrev 8 "hello world" }}"#, "hello..."
        ) { call throws(FunctionError) in
            let (width, text) = (call.int(0), call.bytes(1))
            return .text(width < 4 ? text : WordCase.abbreviated(text, offset: 0, width: width))
        },
        function(
            "abbrevboth", "func(left int, right int, s string) string", "cut at both sides with ...",
            #"{{ abbrevboth 5 10 "1234 5678 9123" }}"#, "...5678..."
        ) { call throws(FunctionError) in
            let (left, right, text) = (call.int(0), call.int(1), call.bytes(2))
            if right < 4 || (left > 0 && right < 7) { return .text(text) }
            return .text(WordCase.abbreviated(text, offset: left, width: right))
        },
    ]

    /// Returns a part of a string. The bounds are checked as Go's slicing does, with its messages.
    private static func substring(_ call: Call) throws(FunctionError) -> GoValue {
        let (start, end, text) = (call.int(0), call.int(1), call.bytes(2))
        if start < 0 {
            guard end >= 0 else { throw Panic.slice(":\(end)") }
            guard end <= text.count else { throw Panic.slice(":\(end)", "length", text.count) }
            return .text(Array(text[..<end]))
        }
        if end < 0 || end > text.count {
            guard start <= text.count else { throw Panic.slice("\(start):\(text.count)") }
            return .text(Array(text[start...]))
        }
        guard start <= end else { throw Panic.slice("\(start):\(end)") }
        return .text(Array(text[start..<end]))
    }

    private static let casing: [TemplateFunction] = [
        mapped("upper", "in capitals", #"{{ upper "hello" }}"#, "HELLO", Runes.upper),
        mapped("lower", "in small letters", #"{{ lower "HELLO" }}"#, "hello", Runes.lower),
        mapped(
            "title", "a capital at each word", #"{{ title "hello world" }}"#, "Hello World", WordCase.title),
        mapped(
            "untitle", "a small letter at each word", #"{{ untitle "Hello World" }}"#, "hello world",
            WordCase.untitled),
        mapped(
            "swapcase", "capitals and small letters swapped", #"{{ swapcase "Hello" }}"#, "hELLO",
            WordCase.swapped),
        mapped(
            "initials", "the first letter of each word", #"{{ initials "First Try" }}"#, "FT",
            WordCase.initials),
        mapped("snakecase", "words joined by _", #"{{ snakecase "FirstName" }}"#, "first_name") {
            WordCase.joined($0, connector: 0x5F)
        },
        mapped("kebabcase", "words joined by -", #"{{ kebabcase "FirstName" }}"#, "first-name") {
            WordCase.joined($0, connector: 0x2D)
        },
        mapped(
            "camelcase", "words joined, each with a capital", #"{{ camelcase "http_server" }}"#, "HttpServer",
            WordCase.pascal),
    ]

    private static func predicate(
        _ name: String, _ summary: String, _ template: String, _ output: String,
        _ body: @escaping @Sendable (_ part: [UInt8], _ text: [UInt8]) -> Bool
    ) -> TemplateFunction {
        function(name, "func(part string, s string) bool", summary, template, output) {
            call throws(FunctionError) in
            .bool(body(call.bytes(0), call.bytes(1)))
        }
    }

    private static let searching: [TemplateFunction] = [
        predicate("contains", "whether a text contains another", #"{{ contains "cat" "catch" }}"#, "true") {
            ByteText.contains($0, in: $1)
        },
        predicate("hasPrefix", "whether a text begins so", #"{{ hasPrefix "cat" "catch" }}"#, "true") {
            ByteText.hasPrefix($1, $0)
        },
        predicate("hasSuffix", "whether a text ends so", #"{{ hasSuffix "tch" "catch" }}"#, "true") {
            ByteText.hasSuffix($1, $0)
        },
        function(
            "replace", "func(old string, new string, s string) string", "every place of a part changed",
            #"{{ "a b c" | replace " " "-" }}"#, "a-b-c"
        ) { call throws(FunctionError) in
            let (old, new) = (call.bytes(0), call.bytes(1))
            if !old.isEmpty, !call[2].withStringBytes({ ByteText.contains(old, in: $0) }) {
                return .text(call.bytes(2))
            }
            let text = call.bytes(2)
            if new.count > old.count {
                let places = ByteText.count(old, in: text)
                try call.room(bytes: new.count - old.count, times: places)
            }
            return .text(ByteText.replaceAll(old, with: new, in: text))
        },
    ]

    private static let shaping: [TemplateFunction] = [
        function(
            "repeat", "func(count int, s string) string", "a text so many times", #"{{ repeat 3 "ab" }}"#,
            "ababab"
        ) { call throws(FunctionError) in
            let (count, text) = (call.int(0), call.bytes(1))
            if count < 0 { throw .message("strings: negative Repeat count") }
            if text.isEmpty { return .string("") }
            try call.room(bytes: text.count, times: count)
            var result: [UInt8] = []
            result.reserveCapacity(text.count * count)
            for _ in 0..<count { result.append(contentsOf: text) }
            return .text(result)
        },
        function(
            "wrap", "func(width int, s string) string", "lines of at most that many bytes, cut at blanks",
            #"{{ wrap 5 "hello world" }}"#, "hello\nworld"
        ) { call throws(FunctionError) in
            .text(WordCase.wrapped(call.bytes(1), width: call.int(0), lineEnd: [0x0A], cutsWords: false))
        },
        function(
            "wrapWith", "func(width int, end string, s string) string",
            "lines with another line end; longer words are cut", #"{{ wrapWith 5 "|" "hello world" }}"#,
            "hello|world"
        ) { call throws(FunctionError) in
            let (width, end, text) = (call.int(0), call.bytes(1), call.bytes(2))
            try call.room(bytes: end.count + 1, times: text.count / max(width, 1) + 1)
            return .text(WordCase.wrapped(text, width: width, lineEnd: end, cutsWords: true))
        },
        function(
            "indent", "func(blanks int, s string) string", "every line indented", #"{{ indent 2 "a\nb" }}"#,
            "  a\n  b"
        ) { call throws(FunctionError) in try indented(call) },
        function(
            "nindent", "func(blanks int, s string) string", "a new line, then every line indented",
            #"{{ nindent 2 "a" }}"#, "\n  a"
        ) { call throws(FunctionError) in try indented(call, onNewLine: true) },
        function(
            "quote", "func(v ...any) string", "each value in double quotes, nil left out",
            #"{{ quote 1 "a" }}"#,
            #""1" "a""#
        ) { call throws(FunctionError) in
            if call.count == 1, case .string(let text) = call[0], let quoted = GoText.plainlyQuoted(text) {
                return .string(quoted)
            }
            var parts: [[UInt8]] = []
            for value in call.arguments where !value.isUntypedNil {
                parts.append(call.quoted(try call.string(value)))
            }
            return .text(try joined(parts, call))
        },
        function(
            "squote", "func(v ...any) string", "each value in single quotes, nil left out",
            #"{{ squote 1 "a" }}"#,
            "'1' 'a'"
        ) { call throws(FunctionError) in
            var parts: [[UInt8]] = []
            for value in call.arguments where !value.isUntypedNil {
                parts.append([0x27] + (try call.printed(value)) + [0x27])
            }
            return .text(try joined(parts, call))
        },
        function(
            "cat", "func(v ...any) string", "values with a blank between them, nil left out",
            #"{{ cat "a" 1 nil "b" }}"#, "a 1 b"
        ) { call throws(FunctionError) in
            var parts: [[UInt8]] = []
            for value in call.arguments where !value.isUntypedNil { parts.append(try call.printed(value)) }
            return .text(try joined(parts, call))
        },
        function(
            "plural", "func(one string, many string, count int) string",
            "one text for 1, another for all else",
            #"{{ plural "one fish" "many fish" 3 }}"#, "many fish"
        ) { call throws(FunctionError) in call.int(2) == 1 ? call[0] : call[1] },
        function("toString", "func(v any) string", "anything as text", "{{ toString 5 }}", "5") {
            call throws(FunctionError) in
            if case .string = call[0] { return call[0] }
            return .text(try call.string(call[0]))
        },
        function("hello", "func() string", "a greeting", "{{ hello }}", "Hello!") { _ throws(FunctionError) in
            .string("Hello!")
        },
    ]

    private static func joined(_ parts: [[UInt8]], _ call: Call) throws(FunctionError) -> [UInt8] {
        try call.room(bytes: parts.reduce(0) { $0 + $1.count + 1 })
        return ByteText.join(parts, with: [0x20])
    }

    /// Returns the text of argument 1 with every line indented by argument 0.
    static func indented(
        _ call: Call, firstLine: Bool = true, onNewLine: Bool = false
    ) throws(FunctionError) -> GoValue {
        let blanks = call.int(0)
        if blanks < 0 { throw .message("strings: negative Repeat count") }
        let text = call[1]
        let lines = text.withStringBytes { ByteText.lineCount($0) }
        try call.room(bytes: blanks, times: lines)
        return text.withStringBytes {
            ByteText.indented($0, by: blanks, lines: lines, firstLine: firstLine, onNewLine: onNewLine)
        }
    }

    private static let lists: [TemplateFunction] = [
        function(
            "join", "func(separator string, list any) string", "a list's items with a text between them",
            #"{{ list "a" 1 | join "-" }}"#, "a-1"
        ) { call throws(FunctionError) in
            let (separator, items) = (call.bytes(0), try call.strings(call[1]))
            try call.room(bytes: items.reduce(0) { $0 + $1.count })
            try call.room(bytes: separator.count, times: items.count)
            return .text(ByteText.join(items, with: separator))
        },
        function(
            "splitList", "func(separator string, s string) []string", "a text's parts as a list",
            #"{{ splitList "," "a,b" }}"#, "[a b]"
        ) { call throws(FunctionError) in .texts(try parts(call, limit: -1, text: 1)) },
        function(
            "split", "func(separator string, s string) map[string]string",
            "a text's parts as a map _0, _1, …",
            #"{{ (split "," "a,b")._1 }}"#, "b"
        ) { call throws(FunctionError) in numbered(try parts(call, limit: -1, text: 1)) },
        function(
            "splitn", "func(separator string, n int, s string) map[string]string",
            "at most n parts as a map _0, _1, …; the last is the rest", #"{{ (splitn "," 2 "a,b,c")._1 }}"#,
            "b,c"
        ) { call throws(FunctionError) in numbered(try parts(call, limit: call.int(1), text: 2)) },
        function(
            "toStrings", "func(list any) []string", "a list's items as texts, nil left out",
            "{{ toStrings (list 1 2) }}", "[1 2]"
        ) { call throws(FunctionError) in .texts(try call.strings(call[0])) },
        function(
            "sortAlpha", "func(list any) []string", "the items as texts, sorted by their bytes",
            #"{{ sortAlpha (list "b" "a") }}"#, "[a b]"
        ) { call throws(FunctionError) in
            guard call[0].type.kind == .slice else { return .texts([try call.string(call[0])]) }
            let items = try call.strings(call[0])
            try call.work(items.count)
            return .texts(items.sorted { $0.lexicographicallyPrecedes($1) })
        },
    ]

    private static func parts(_ call: Call, limit: Int, text: Int) throws(FunctionError) -> [[UInt8]] {
        let (separator, text) = (call.bytes(0), call.bytes(text))
        try call.room(items: separator.isEmpty ? text.count : ByteText.count(separator, in: text))
        return ByteText.split(text, by: separator, limit: limit)
    }

    private static func numbered(_ parts: [[UInt8]]) -> GoValue {
        let map = GoMap(type: .stringMap)
        for (index, part) in parts.enumerated() { map["_\(index)"] = .text(part) }
        return .map(map)
    }
}

extension GoValue {
    /// Whether it is Go's nil interface, `v == nil`. An interface that holds a nil pointer is not nil.
    var isUntypedNil: Bool { if case .none = self { true } else { false } }
}
