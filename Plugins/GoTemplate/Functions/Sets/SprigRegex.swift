/// sprig's functions for regular expressions, using RE2. A bad pattern is an error, except that `regexMatch` returns
/// false.
enum SprigRegex {
    static let functions: [TemplateFunction] =
        [
            function(
                "regexMatch", "func(regex string, s string) bool",
                "whether a pattern matches; a bad one does not",
                #"{{ regexMatch "^[a-c]+$" "abc" }}"#, "true"
            ) { call throws(FunctionError) in
                try call.context.checkRegex(call.bytes(0).count)
                guard let regex = try? GoRegex.compile(call.bytes(0)) else { return .bool(false) }
                try count(regex, call)
                return .bool(regex.matches(call.bytes(1)))
            },
            function(
                "mustRegexMatch", "func(regex string, s string) (bool, error)", "whether a pattern matches",
                #"{{ mustRegexMatch "b" "abc" }}"#, "true"
            ) { call throws(FunctionError) in .bool(try regex(call, must: true).matches(call.bytes(1))) },
            function(
                "regexQuoteMeta", "func(s string) string", "a pattern that matches a text literally",
                #"{{ regexQuoteMeta "1.2" }}"#, #"1\.2"#
            ) { call throws(FunctionError) in .text(GoRegex.quoteMeta(call.bytes(0))) },
        ]
        + twins(
            "regexFindAll", "func(regex string, s string, n int) []string",
            "the first n matches, all where n is negative", #"{{ regexFindAll "[0-9]+" "a1b22" -1 }}"#,
            "[1 22]"
        ) { (call: Call, regex: GoRegex) throws(FunctionError) -> GoValue in
            let text = call.bytes(1)
            let found = try regex.all(in: text, limit: call.int(2), account: account(regex, call))
            try call.room(items: found.count)
            return found.isEmpty ? .nilStrings : .texts(found.map { Array(text[$0]) })
        }
        + twins(
            "regexFind", "func(regex string, s string) string", "the first match, or an empty text",
            #"{{ regexFind "[0-9]+" "a12b3" }}"#, "12"
        ) { (call: Call, regex: GoRegex) throws(FunctionError) -> GoValue in
            let text = call.bytes(1)
            return .text(regex.first(in: text).map { Array(text[$0]) } ?? [])
        }
        + twins(
            "regexReplaceAll", "func(regex string, s string, replacement string) string",
            "every match replaced; $1 and ${name} are its groups",
            #"{{ regexReplaceAll "(a+)b" "aab" "${1}c" }}"#,
            "aac"
        ) { (call: Call, regex: GoRegex) throws(FunctionError) -> GoValue in
            .text(try replaced(call, regex, literally: false))
        }
        + twins(
            "regexReplaceAllLiteral", "func(regex string, s string, replacement string) string",
            "every match replaced by a text as it is", #"{{ regexReplaceAllLiteral "a" "banana" "$1" }}"#,
            "b$1n$1n$1"
        ) { (call: Call, regex: GoRegex) throws(FunctionError) -> GoValue in
            .text(try replaced(call, regex, literally: true))
        }
        + twins(
            "regexSplit", "func(regex string, s string, n int) []string",
            "at most n parts between matches, all where n is negative", #"{{ regexSplit "," "a,b" -1 }}"#,
            "[a b]"
        ) { (call: Call, regex: GoRegex) throws(FunctionError) -> GoValue in
            let parts = try regex.split(
                call.bytes(1), limit: call.int(2), account: account(regex, call))
            try call.room(items: parts.count)
            return parts.isEmpty && call.int(2) == 0 ? .nilStrings : .texts(parts)
        }

    private static func replaced(_ call: Call, _ regex: GoRegex, literally: Bool) throws(FunctionError)
        -> [UInt8]
    {
        try regex.replaceAll(
            in: call.bytes(1), with: call.bytes(2), literally: literally, account: account(regex, call),
            room: { (size: Int) throws(FunctionError) in try call.room(bytes: size) })
    }

    /// Returns the function, for which a bad pattern is the panic of Go's MustCompile, and its `must…` twin, for which
    /// it is an error.
    private static func twins(
        _ name: String, _ signature: String, _ summary: String, _ template: String, _ output: String,
        _ body: @escaping @Sendable (Call, GoRegex) throws(FunctionError) -> GoValue
    ) -> [TemplateFunction] {
        let twin = "mustR" + String(name.dropFirst())
        let plain = function(name, signature, summary, template, output) { call throws(FunctionError) in
            try body(call, try regex(call, must: false))
        }
        let must = function(
            twin, signature, "as \(name)", template.replacingWord(name, with: twin), output
        ) { call throws(FunctionError) in try body(call, try regex(call, must: true)) }
        return [plain, must]
    }

    private static func regex(_ call: Call, must: Bool) throws(FunctionError) -> GoRegex {
        let pattern = call.bytes(0)
        try call.context.checkRegex(pattern.count)
        let regex: GoRegex
        do { regex = try GoRegex.compile(pattern) } catch {
            if must { throw .message(error.message) }
            let quoted =
                pattern.contains(0x60)
                ? GoText.quoted(pattern) : "`\(String(decoding: pattern, as: UTF8.self))`"
            throw .message("regexp: Compile(\(quoted)): \(error.message)")
        }
        try count(regex, call)
        return regex
    }

    /// The number of pairs of a byte of the text and an instruction of the pattern that are tried for the cost of one
    /// step.
    private static let pairsPerStep = 16

    /// Searches after the first cost one lookup in the automaton per byte, because the first search has built it,
    /// unless the pattern is too large to keep one. `a*b|a`, which reads all of the text for each `a`, is stopped after
    /// about 25 MB.
    private static func account(_ regex: GoRegex, _ call: Call) -> GoRegex.Account<FunctionError> {
        let pairsPerStep = regex.size <= smallPattern ? 16 * pairsPerStep : pairsPerStep
        return { (bytes: Int) throws(FunctionError) in
            try call.work(stepsPerSearch + regex.size * bytes / pairsPerStep)
        }
    }

    /// The cost of beginning a search. It takes about as long as that many instructions.
    private static let stepsPerSearch = 4

    /// The size, in instructions, up to which a pattern certainly has a small automaton.
    private static let smallPattern = 64

    /// Counts the steps of a search. It takes time in proportion to the text times the pattern, even for `(a+)+$`. With
    /// a limit of a million steps, a pattern of 1 KiB is stopped at a text of about 15 KB, while `(a+)+$` searches 1
    /// MB.
    private static func count(_ regex: GoRegex, _ call: Call) throws(FunctionError) {
        let (pairs, overflow) = regex.size.multipliedReportingOverflow(by: call.bytes(1).count)
        try call.work(overflow ? .max / 2 : pairs / pairsPerStep)
    }
}
