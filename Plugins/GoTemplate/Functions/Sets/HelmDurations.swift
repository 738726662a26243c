/// Helm's functions for durations: `mustToDuration` parses one, the others convert it to a unit or round it.
enum HelmDurations {
    static let functions: [TemplateFunction] =
        [
            function(
                "mustToDuration", "func(v any) (time.Duration, error)",
                "a duration of a text such as 1h30m, or of a number of seconds",
                #"{{ mustToDuration "90m" }}"#,
                "1h30m0s"
            ) { call throws(FunctionError) in duration(try read(call[0], call)) },
            count("durationNanoseconds", "nanoseconds", "1000000000", unit: 1, isWhole: true),
            count("durationMicroseconds", "microseconds", "1000000", unit: 1_000, isWhole: true),
            count("durationMilliseconds", "milliseconds", "1000", unit: 1_000_000, isWhole: true),
            count("durationSeconds", "seconds", "1", unit: GoDuration.second),
            count("durationMinutes", "minutes", "0.016666666666666666", unit: 60 * GoDuration.second),
            count("durationHours", "hours", "0.0002777777777777778", unit: 3_600 * GoDuration.second),
            count("durationDays", "days", "1.1574074074074073e-05", unit: 86_400 * GoDuration.second),
            count("durationWeeks", "weeks", "1.6534391534391535e-06", unit: 604_800 * GoDuration.second),
        ] + [
            rounding("durationRoundTo", "rounded to a multiple of another", "2h0m0s") {
                GoDuration.rounded($0, to: $1)
            },
            rounding("durationTruncateTo", "cut down to a multiple of another", "1h0m0s") {
                GoDuration.truncated($0, to: $1)
            },
        ]

    private static func duration(_ nanoseconds: Int64) -> GoValue {
        .native(NativeDuration(nanoseconds))
    }

    private static func count(
        _ name: String, _ unit: String, _ output: String, unit size: Int64, isWhole: Bool = false
    ) -> TemplateFunction {
        function(
            name, "func(v any) \(isWhole ? "int64" : "float64")", "\(unit) of a duration; 0 if it is not one",
            "{{ \(name) \"1s\" }}", output
        ) { call throws(FunctionError) in
            let span = try lenient(call[0], call)
            if isWhole { return .int64(span / size) }
            // Whole units and the remainder are divided separately, as in Go.
            return .float64(wholeAndRest(span, size))
        }
    }

    private static func wholeAndRest(_ span: Int64, _ size: Int64) -> Double {
        let dayAndUp = size > 3_600 * GoDuration.second
        guard dayAndUp else { return Double(span / size) + Double(span % size) / Double(size) }
        let hour = 3_600 * GoDuration.second
        return (Double(span / hour) + Double(span % hour) / Double(hour)) / Double(size / hour)
    }

    private static func rounding(
        _ name: String, _ summary: String, _ output: String,
        _ round: @escaping @Sendable (Int64, Int64) -> Int64
    ) -> TemplateFunction {
        function(
            name, "func(v any, unit any) time.Duration", "a duration \(summary)",
            "{{ \(name) \"1h33m\" \"1h\" }}", output
        ) { call throws(FunctionError) in
            duration(round(try lenient(call[0], call), try lenient(call[1], call)))
        }
    }

    private static func lenient(_ value: GoValue, _ call: Call) throws(FunctionError) -> Int64 {
        do throws(FunctionError) { return try read(value, call) } catch {
            if case .failed = error { return 0 }
            throw error
        }
    }

    private static func read(_ value: GoValue, _ call: Call) throws(FunctionError) -> Int64 {
        func seconds(_ number: Double) -> Int64 { Cast.truncated(number * Double(GoDuration.second)) }
        switch value {
        case .none: throw .message("invalid duration")
        case .native(let native as NativeDuration): return native.nanoseconds
        case .int, .int64, .signed, .unsigned:
            let (product, overflow) = Cast.int64(value).multipliedReportingOverflow(by: GoDuration.second)
            return overflow ? .max : product
        case .float64(let number): return seconds(number)
        case .float32(let number): return seconds(Double(number))
        default: break
        }
        guard let text = value.stringBytes else {
            throw .message("unsupported duration type \(value.typeName)")
        }
        let trimmed = ByteText.trimSpace(text)
        if let span = GoDuration.read(trimmed) { return span }
        if let number = Cast.number(trimmed) { return seconds(number) }
        throw .message("could not parse duration \(GoText.quoted(text))")
    }
}
