import Glibc
import System

/// sprig's functions for dates. "Local" is UTC, so that the same input prints the same everywhere. Where sprig would
/// read the clock (for a date that is neither a time nor a number), it is an error unless impure functions are allowed.
enum SprigDates {
    static let functions: [TemplateFunction] = formatting + zones + changing + reading + durations

    /// The functions that read the clock.
    static let impure: [TemplateFunction] = [
        function("now", "func() time.Time", "the time of the clock", "", "", isPure: false) {
            _ throws(FunctionError) in
            .native(NativeTime(now()))
        },
        function("ago", "func(date any) string", "how long ago, in whole seconds", "", "", isPure: false) {
            call throws(FunctionError) in
            let time = time(call[0]) ?? now()
            let current = now()
            let seconds = current.seconds &- time.seconds
            let (product, overflow) = seconds.multipliedReportingOverflow(by: GoDuration.second)
            let span = overflow ? (seconds < 0 ? Int64.min : .max) : product
            let (exact, over) = span.addingReportingOverflow(Int64(current.nanoseconds - time.nanoseconds))
            return .string(GoDuration.text(GoDuration.roundedToSeconds(over ? span : exact)))
        },
    ]

    private static func now() -> GoTime {
        let (seconds, nanoseconds) = WallClock.now
        return GoTime(seconds: Int64(seconds), nanoseconds: Int32(truncatingIfNeeded: nanoseconds))
    }

    /// Returns a time; a number is seconds since 1970. nil for anything else.
    private static func time(_ value: GoValue) -> GoTime? {
        switch value {
        case .native(let native): return (native as? NativeTime)?.time
        case .int(let seconds): return GoTime(seconds: Int64(seconds))
        case .int64(let seconds): return GoTime(seconds: seconds)
        case .signed(let type, let seconds) where type == .int32: return GoTime(seconds: seconds)
        default: return nil
        }
    }

    private static func format(_ layout: [UInt8], _ date: GoValue, zone: String) throws(FunctionError)
        -> GoValue
    {
        guard let time = time(date) else {
            throw .message(
                "a \(date.typeName) is not a date, and the clock is not read: expected a time or seconds since 1970"
            )
        }
        return .text(time.shown(in: TimeZone.named(zone) ?? .utc).formatted(layout))
    }

    private static let html = Array("2006-01-02".utf8)

    private static let formatting: [TemplateFunction] = [
        function(
            "date", "func(layout string, date any) string", "a date by Go's layout",
            #"{{ date "2006-01-02" 86400 }}"#, "1970-01-02"
        ) { call throws(FunctionError) in try format(call.bytes(0), call[1], zone: "UTC") },
        function(
            "htmlDate", "func(date any) string", "a date as YYYY-MM-DD", "{{ htmlDate 0 }}", "1970-01-01"
        ) {
            call throws(FunctionError) in try format(html, call[0], zone: "UTC")
        },
        function(
            "htmlDateInZone", "func(date any, zone string) string", "a date as YYYY-MM-DD in a zone",
            #"{{ htmlDateInZone 0 "UTC" }}"#, "1970-01-01"
        ) { call throws(FunctionError) in try format(html, call[0], zone: call.text(1)) },
        function(
            "unixEpoch", "func(date time.Time) string", "seconds since 1970",
            #"{{ toDate "2006" "1971" | unixEpoch }}"#, "31536000"
        ) { call throws(FunctionError) in
            guard let time = time(call[0]) else { throw Panic.nilPointer }
            return .string(String(time.seconds))
        },
    ]

    private static let dateInZone = function(
        "dateInZone", "func(layout string, date any, zone string) string", "a date by Go's layout in a zone",
        #"{{ dateInZone "15:04 MST" 0 "UTC" }}"#, "00:00 UTC"
    ) { call throws(FunctionError) in try format(call.bytes(0), call[1], zone: call.text(2)) }

    private static let zones: [TemplateFunction] = [dateInZone, dateInZone.alias("date_in_zone")]

    private static func modified(_ call: Call, must: Bool) throws(FunctionError) -> GoValue {
        guard let time = time(call[1]) else { throw Panic.nilPointer }
        guard let duration = GoDuration.read(call.bytes(0)) else {
            if !must { return call[1] }
            throw .message(durationComplaint(call.bytes(0)))
        }
        return .native(NativeTime(time.adding(nanoseconds: duration)))
    }

    private static func durationComplaint(_ text: [UInt8]) -> String {
        let quoted = GoText.simplyQuoted(text)
        let invalid = "time: invalid duration \(quoted)"
        let names: Set<String> = ["ns", "us", "µs", "μs", "ms", "s", "m", "h"]
        var rest = text[...]
        if let sign = rest.first, sign == 0x2B || sign == 0x2D { rest.removeFirst() }
        while !rest.isEmpty {
            let number = rest.prefix { $0 == 0x2E || (0x30...0x39).contains($0) }
            guard number.contains(where: { $0 != 0x2E }), number.filter({ $0 == 0x2E }).count < 2 else {
                return invalid
            }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { $0 != 0x2E && !(0x30...0x39).contains($0) }
            if unit.isEmpty { return "time: missing unit in duration \(quoted)" }
            if !names.contains(String(decoding: unit, as: UTF8.self)) {
                return "time: unknown unit \(GoText.simplyQuoted(Array(unit))) in duration \(quoted)"
            }
            rest = rest.dropFirst(unit.count)
        }
        return invalid
    }

    private static let changing: [TemplateFunction] = {
        let example = #"{{ toDate "2006-01-02" "2017-12-31" | dateModify "24h" | htmlDate }}"#
        let modify = function(
            "dateModify", "func(duration string, date time.Time) time.Time",
            "a date and a duration; a bad duration changes nothing", example, "2018-01-01"
        ) { call throws(FunctionError) in try modified(call, must: false) }
        let must = function(
            "mustDateModify", "func(duration string, date time.Time) (time.Time, error)",
            "a date and a duration",
            example.replacingWord("dateModify", with: "mustDateModify"), "2018-01-01"
        ) { call throws(FunctionError) in try modified(call, must: true) }
        return [modify, modify.alias("date_modify"), must, must.alias("must_date_modify")]
    }()

    private static let reading: [TemplateFunction] = [
        function(
            "toDate", "func(layout string, s string) time.Time",
            "a date out of a text; the first of year 1 if it is not a date",
            #"{{ toDate "2006-01-02" "2017-12-31" | date "02.01.2006" }}"#, "31.12.2017"
        ) { call throws(FunctionError) in
            .native(NativeTime((try? TimeParser.parse(call.bytes(1), layout: call.bytes(0))) ?? .zero))
        },
        function(
            "mustToDate", "func(layout string, s string) (time.Time, error)", "a date out of a text",
            #"{{ mustToDate "2006-01-02" "2017-12-31" | date "2006" }}"#, "2017"
        ) { call throws(FunctionError) in
            do throws(TimeParser.Failure) {
                return .native(NativeTime(try TimeParser.parse(call.bytes(1), layout: call.bytes(0))))
            } catch {
                throw .message(error.message)
            }
        },
    ]

    private static let durations: [TemplateFunction] = [
        function(
            "duration", "func(seconds any) string", "seconds (a text or an int64) as a duration",
            #"{{ duration "95" }}"#, "1m35s"
        ) { call throws(FunctionError) in
            var seconds: Int64 = 0
            if case .int64(let number) = call[0] { seconds = number }
            if let text = call[0].stringBytes { seconds = Cast.clampedInteger(text, radix: 10)?.number ?? 0 }
            return .string(GoDuration.text(seconds &* GoDuration.second))
        },
        function(
            "durationRound", "func(duration any) string", "the largest unit of a duration alone",
            #"{{ durationRound "2h10m5s" }}"#, "2h"
        ) { call throws(FunctionError) in
            if case .native = call[0] {
                throw .message(
                    "the age of a date depends on the clock, which is not read: expected a duration")
            }
            var span: Int64 = 0
            if case .int64(let number) = call[0] { span = number }
            if let text = call[0].stringBytes { span = GoDuration.read(text) ?? 0 }
            return .string(GoDuration.rounded(span))
        },
    ]
}
