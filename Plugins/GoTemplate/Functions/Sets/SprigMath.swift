import Glibc

/// sprig's functions for numbers. Integers are 64 bits wide and wrap around as Go's do.
enum SprigMath {
    static let functions: [TemplateFunction] = casts + integers + floats + rounding + sequences

    private static let casts: [TemplateFunction] = [
        function("int", "func(v any) int", "anything as a number, 0 if it is not one", #"{{ int "7" }}"#, "7")
        { call throws(FunctionError) in
            .int(call.int(0))
        },
        function("int64", "func(v any) int64", "anything as an int64", "{{ int64 5.5 }}", "5") {
            call throws(FunctionError) in
            .int64(Cast.int64(call[0]))
        },
        function("float64", "func(v any) float64", "anything as a float64", #"{{ float64 "2.5" }}"#, "2.5") {
            call throws(FunctionError) in
            .float64(Cast.double(call[0]))
        },
        function(
            "atoi", "func(s string) int", "a decimal text as a number, 0 if it is not one",
            #"{{ atoi "42" }}"#,
            "42"
        ) { call throws(FunctionError) in
            .int(Int(Cast.clampedInteger(call.bytes(0), radix: 10)?.number ?? 0))
        },
        function("toDecimal", "func(v any) int64", "octal digits as a number", "{{ toDecimal 777 }}", "511") {
            call throws(FunctionError) in
            let number = Cast.clampedInteger(try call.printed(call[0]), radix: 8)
            return .int64(number.map { $0.fits ? $0.number : 0 } ?? 0)
        },
    ]

    private static func folding(
        _ name: String, _ summary: String, _ template: String, _ output: String, least: Bool = false,
        _ body: @escaping @Sendable (Int64, Int64) -> Int64
    ) -> TemplateFunction {
        function(name, "func(a any, more ...any) int64", summary, template, output) {
            call throws(FunctionError) in
            .int64(call.rest(from: 1).reduce(Cast.int64(call[0])) { body($0, Cast.int64($1)) })
        }
    }

    private static let max = folding("max", "the largest", "{{ max 1 5 2 }}", "5") { Swift.max($0, $1) }

    private static let integers: [TemplateFunction] = [
        function("add", "func(v ...any) int64", "the sum", "{{ add 1 2 3 }}", "6") {
            call throws(FunctionError) in
            .int64(call.arguments.reduce(0) { $0 &+ Cast.int64($1) })
        },
        function("add1", "func(v any) int64", "one more", "{{ add1 5 }}", "6") { call throws(FunctionError) in
            .int64(Cast.int64(call[0]) &+ 1)
        },
        function("sub", "func(a any, b any) int64", "the difference", "{{ sub 5 2 }}", "3") {
            call throws(FunctionError) in
            .int64(Cast.int64(call[0]) &- Cast.int64(call[1]))
        },
        function("div", "func(a any, b any) int64", "the quotient, towards zero", "{{ div 10 3 }}", "3") {
            call throws(FunctionError) in
            let divisor = Cast.int64(call[1])
            if divisor == 0 { throw Panic.divideByZero }
            return .int64(Cast.int64(call[0]).dividedReportingOverflow(by: divisor).partialValue)
        },
        function("mod", "func(a any, b any) int64", "what a division leaves", "{{ mod 10 3 }}", "1") {
            call throws(FunctionError) in
            let divisor = Cast.int64(call[1])
            if divisor == 0 { throw Panic.divideByZero }
            return .int64(Cast.int64(call[0]).remainderReportingOverflow(dividingBy: divisor).partialValue)
        },
        folding("mul", "the product", "{{ mul 2 3 4 }}", "24") { $0 &* $1 },
        max, max.alias("biggest"),
        folding("min", "the smallest", "{{ min 3 1 2 }}", "1") { Swift.min($0, $1) },
    ]

    private static func decimal(_ value: GoValue) throws(FunctionError) -> Decimal {
        let number = Cast.double(value)
        guard let decimal = Decimal(number) else {
            throw .message(
                "Cannot create a Decimal from \(number.isNaN ? "NaN" : number < 0 ? "-Inf" : "+Inf")")
        }
        return decimal
    }

    /// Calculates exactly in decimal, from left to right. The work grows with the number of digits.
    private static func calculate(
        _ first: Decimal, _ others: ArraySlice<GoValue>, _ call: Call,
        _ body: (Decimal, Decimal) throws(FunctionError) -> Decimal
    ) throws(FunctionError) -> GoValue {
        var result = first
        for other in others {
            let operand = try decimal(other)
            try call.work(result.size * operand.size)
            try call.room(bytes: (result.size + operand.size) * 9)
            result = try body(result, operand)
        }
        return .float64(result.double)
    }

    private static func decimals(
        _ name: String, _ summary: String, _ template: String, _ output: String,
        _ body: @escaping @Sendable (Decimal, Decimal) throws(FunctionError) -> Decimal
    ) -> TemplateFunction {
        function(name, "func(a any, more ...any) float64", summary, template, output) {
            call throws(FunctionError) in
            try calculate(try decimal(call[0]), call.rest(from: 1), call, body)
        }
    }

    private static func extreme(
        _ name: String, _ summary: String, _ template: String, _ output: String,
        _ body: @escaping @Sendable (Double, Double) -> Double
    ) -> TemplateFunction {
        function(name, "func(a any, more ...any) float64", summary, template, output) {
            call throws(FunctionError) in
            .float64(call.rest(from: 1).reduce(Cast.double(call[0])) { body($0, Cast.double($1)) })
        }
    }

    private static let floats: [TemplateFunction] = [
        function("addf", "func(v ...any) float64", "the decimal sum", "{{ addf 0.1 0.2 }}", "0.3") {
            call throws(FunctionError) in
            try calculate(try decimal(.int(0)), call.rest(from: 0), call) { $0 + $1 }
        },
        function("add1f", "func(v any) float64", "one more", "{{ add1f 1.5 }}", "2.5") {
            call throws(FunctionError) in
            try calculate(try decimal(call[0]), [.int(1)], call) { $0 + $1 }
        },
        decimals("subf", "the decimal difference", "{{ subf 0.3 0.1 }}", "0.2") { $0 - $1 },
        decimals("mulf", "the decimal product", "{{ mulf 1.1 3 }}", "3.3") { $0 * $1 },
        decimals("divf", "the decimal quotient", "{{ divf 10 4 }}", "2.5") {
            (left: Decimal, right: Decimal) throws(FunctionError) -> Decimal in
            guard let result = left.divided(by: right) else { throw .message("decimal division by 0") }
            return result
        },
        extreme("maxf", "the largest", "{{ maxf 1 2.5 }}", "2.5") {
            $0.isNaN || $1.isNaN ? .nan : Swift.max($0, $1)
        },
        extreme("minf", "the smallest", "{{ minf 1.5 3 }}", "1.5") {
            $0.isNaN || $1.isNaN ? .nan : Swift.min($0, $1)
        },
    ]

    private static let rounding: [TemplateFunction] = [
        function("floor", "func(v any) float64", "the next whole number below", "{{ floor 1.9 }}", "1") {
            call throws(FunctionError) in
            .float64(Cast.double(call[0]).rounded(.down))
        },
        function("ceil", "func(v any) float64", "the next whole number above", "{{ ceil 1.1 }}", "2") {
            call throws(FunctionError) in
            .float64(Cast.double(call[0]).rounded(.up))
        },
        function(
            "round", "func(v any, places int, from ...float64) float64",
            "rounded to so many places; up from .5 or from a given fraction", "{{ round 123.5555 2 }}",
            "123.56"
        ) { call throws(FunctionError) in
            let from = call.count > 2 ? Cast.double(call[2]) : 0.5
            let power = pow(10, Double(call.int(1)))
            let digits = power * Cast.double(call[0])
            let fraction = digits - digits.rounded(.towardZero)
            return .float64((fraction >= from ? digits.rounded(.up) : digits.rounded(.down)) / power)
        },
    ]

    /// Returns the numbers from `start` to `stop`, without `stop`.
    private static func steps(_ start: Int, _ stop: Int, _ step: Int, _ call: Call) throws(FunctionError)
        -> [Int]
    {
        guard step != 0, (stop < start) == (step < 0), stop != start else { return [] }
        let distance = step > 0 ? UInt(bitPattern: stop &- start) : UInt(bitPattern: start &- stop)
        try call.room(items: Int(clamping: distance / step.magnitude))
        return Array(stride(from: start, to: stop, by: step))
    }

    private static func integers(_ numbers: [Int]) -> GoValue {
        .slice(GoSlice(type: .slice(of: .int), items: numbers.map { .int($0) }))
    }

    private static let sequences: [TemplateFunction] = [
        function(
            "until", "func(count int) []int", "the numbers from 0 up to a count, without it", "{{ until 3 }}",
            "[0 1 2]"
        ) { call throws(FunctionError) in integers(try steps(0, call.int(0), call.int(0) < 0 ? -1 : 1, call))
        },
        function(
            "untilStep", "func(start int, stop int, step int) []int",
            "the numbers from start up to stop, without it",
            "{{ untilStep 0 10 4 }}", "[0 4 8]"
        ) { call throws(FunctionError) in integers(try steps(call.int(0), call.int(1), call.int(2), call)) },
        function(
            "seq", "func(numbers ...int) string",
            "END, START END or START STEP END as numbers with blanks between",
            "{{ seq 3 }}", "1 2 3", sequence),
    ]

    private static func sequence(_ call: Call) throws(FunctionError) -> GoValue {
        let numbers = call.arguments.map { Int(truncatingIfNeeded: Cast.int64($0)) }
        let (start, step, end): (Int, Int, Int)
        switch numbers.count {
        case 1: (start, step, end) = (1, numbers[0] < 1 ? -1 : 1, numbers[0])
        case 2: (start, step, end) = (numbers[0], numbers[1] < numbers[0] ? -1 : 1, numbers[1])
        case 3:
            (start, step, end) = (numbers[0], numbers[1], numbers[2])
            if end < start && step > 0 { return .string("") }
        default: return .string("")
        }
        let stop = end &+ (end < start ? -1 : 1)
        let texts = try steps(start, stop, step, call).map { String($0) }
        return .string(texts.joined(separator: " "))
    }
}
