/// A time.Time in a template. "Local" is UTC with the name Local.
final class NativeTime: NativeValue, JSONTextual {
    let time: GoTime
    /// Whether the zone is time.UTC itself. The binary form distinguishes it from a local zone that is UTC.
    let isUTC: Bool

    init(_ time: GoTime, isUTC: Bool = false) {
        self.time = time
        self.isUTC = isUTC
    }

    static let type = GoType(name: "time.Time", kind: .structure)
    var goType: GoType { NativeTime.type }
    var printed: String { time.printed }
    var ownJSONText: String {
        String(decoding: time.formatted(Array("2006-01-02T15:04:05.999999999Z07:00".utf8)), as: UTF8.self)
    }

    func member(named name: String) -> GoValue? {
        let fields = time.fields
        switch name {
        case "Year": return .int(Int(fields.year))
        case "Month":
            return .native(NativeNamed("time.Month", fields.month, GoTime.months[fields.month - 1]))
        case "Day": return .int(fields.day)
        case "Hour": return .int(fields.hour)
        case "Minute": return .int(fields.minute)
        case "Second": return .int(fields.second)
        case "Nanosecond": return .int(Int(time.nanoseconds))
        case "Weekday":
            return .native(NativeNamed("time.Weekday", fields.weekday, GoTime.weekdays[fields.weekday]))
        case "YearDay": return .int(fields.yearDay)
        case "Unix": return .int64(time.seconds)
        case "UnixMilli": return .int64(time.seconds &* 1_000 &+ Int64(time.nanoseconds / 1_000_000))
        case "UnixMicro": return .int64(time.seconds &* 1_000_000 &+ Int64(time.nanoseconds / 1_000))
        case "UnixNano": return .int64(time.seconds &* GoDuration.second &+ Int64(time.nanoseconds))
        case "UTC": return .native(NativeTime(time.shown(in: .utc), isUTC: true))
        case "Local": return .native(NativeTime(time.shown(in: .utc)))
        case "Location": return .native(NativeLocation(time.zoneName))
        case "IsZero": return .bool(time.seconds == GoTime.zero.seconds && time.nanoseconds == 0)
        case "IsDST": return .bool(false)
        case "String": return .string(printed)
        case "GoString": return .string(goString(fields))
        case "MarshalText": return .bytes(Array(ownJSONText.utf8))
        case "MarshalJSON": return .bytes(Array("\"\(ownJSONText)\"".utf8))
        case "MarshalBinary", "GobEncode": return .bytes(binary)
        default: return nil
        }
    }

    private func goString(_ fields: GoTime.Fields) -> String {
        let zone =
            isUTC ? "time.UTC" : time.zoneName == "UTC" ? "time.Local" : "time.Location(\"\(time.zoneName)\")"
        let numbers = [fields.day, fields.hour, fields.minute, fields.second, Int(time.nanoseconds)]
        return "time.Date(\(fields.year), time.\(GoTime.months[fields.month - 1]), "
            + numbers.map(String.init).joined(separator: ", ") + ", \(zone))"
    }

    /// The binary form: version, seconds since the year 1, nanoseconds, minutes east of Greenwich (-1 for UTC itself).
    private var binary: [UInt8] {
        func bigEndian(_ number: some FixedWidthInteger) -> [UInt8] {
            withUnsafeBytes(of: number.bigEndian) { Array($0) }
        }
        let offset: Int16 = isUTC ? -1 : Int16(truncatingIfNeeded: time.offset / 60)
        return [1] + bigEndian(time.seconds &- GoTime.zero.seconds) + bigEndian(time.nanoseconds)
            + bigEndian(offset)
    }

    func method(named name: String) -> NativeMethod? {
        let (time, isUTC) = (time, isUTC)
        func comparing(_ result: @escaping @Sendable (Int) -> GoValue) -> NativeMethod {
            NativeMethod([NativeTime.type]) { arguments, _ throws(FunctionError) in
                guard case .native(let other as NativeTime) = arguments[0] else { throw Panic.nilPointer }
                let (one, two) = (time, other.time)
                let order =
                    one.seconds == two.seconds
                    ? (one.nanoseconds < two.nanoseconds ? -1 : one.nanoseconds == two.nanoseconds ? 0 : 1)
                    : one.seconds < two.seconds ? -1 : 1
                return result(order)
            }
        }
        func changed(
            _ parameters: [GoType], _ change: @escaping @Sendable ([GoValue]) -> GoTime
        ) -> NativeMethod {
            NativeMethod(parameters) { arguments, _ throws(FunctionError) in
                .native(NativeTime(change(arguments), isUTC: isUTC))
            }
        }
        switch name {
        case "After": return comparing { .bool($0 > 0) }
        case "Before": return comparing { .bool($0 < 0) }
        case "Equal": return comparing { .bool($0 == 0) }
        case "Compare": return comparing { .int($0) }
        case "Format":
            return NativeMethod([.string]) { arguments, _ throws(FunctionError) in
                .text(time.formatted(arguments[0].stringBytes ?? []))
            }
        case "Add":
            return changed([NativeDuration.type]) { time.adding(nanoseconds: Cast.int64($0[0])) }
        case "AddDate":
            return changed([.int, .int, .int]) {
                time.adding(
                    years: Cast.int64($0[0]), months: Cast.int64($0[1]), days: Cast.int64($0[2]))
            }
        case "Sub":
            return NativeMethod([NativeTime.type]) { arguments, _ throws(FunctionError) in
                guard case .native(let other as NativeTime) = arguments[0] else { throw Panic.nilPointer }
                return .native(NativeDuration(time.difference(other.time)))
            }
        case "Truncate":
            return changed([NativeDuration.type]) { time.truncated(to: Cast.int64($0[0])) }
        case "Round":
            return changed([NativeDuration.type]) { time.rounded(to: Cast.int64($0[0])) }
        case "Zone": return .pair(name, second: "int")
        case "ISOWeek": return .pair(name, second: "int")
        case "ZoneBounds": return .pair(name, second: "time.Time")
        case "Date", "Clock": return .many(name, 3)
        case "AppendFormat":
            return NativeMethod([.bytes, .string]) { arguments, _ throws(FunctionError) in
                .bytes(Cast.bytes(arguments[0]) + time.formatted(arguments[1].stringBytes ?? []))
            }
        default: return nil
        }
    }

    func isEqual(to other: any NativeValue) -> Bool { (other as? NativeTime)?.time == time }
}

extension GoTime {
    /// Adds years, months and days. A date that does not exist continues into the next month, as with Go's AddDate.
    func adding(years: Int64, months: Int64, days: Int64) -> GoTime {
        let fields = self.fields
        let limit: Int64 = 1_000_000
        func bounded(_ number: Int64) -> Int64 { min(max(number, -limit), limit) }
        let month = Int64(fields.month - 1) + bounded(months)
        let year = fields.year + bounded(years) + (month >= 0 ? month / 12 : (month - 11) / 12)
        let first = GoTime.days(year: year, month: Int((month % 12 + 12) % 12) + 1, day: 1)
        var result = self
        let clock = Int64(fields.hour * 3_600 + fields.minute * 60 + fields.second)
        result.seconds = (first + Int64(fields.day - 1) + bounded(days)) &* 86_400 &+ clock &- offset
        return result
    }

    /// Returns the difference in nanoseconds; if it does not fit, the nearest number that does.
    func difference(_ other: GoTime) -> Int64 {
        let (seconds, over) = seconds.subtractingReportingOverflow(other.seconds)
        let (product, more) = seconds.multipliedReportingOverflow(by: GoDuration.second)
        let (sum, most) = product.addingReportingOverflow(Int64(nanoseconds) - Int64(other.nanoseconds))
        return over || more || most ? (self.seconds < other.seconds ? .min : .max) : sum
    }

    /// Returns the remainder of the time since the year 1, from which Go counts multiples.
    private func rest(of unit: Int64) -> Int64 {
        let whole = Int128(seconds) - Int128(GoTime.zero.seconds)
        let total = whole * Int128(GoDuration.second) + Int128(nanoseconds)
        let rest = total % Int128(unit)
        return Int64(truncatingIfNeeded: rest < 0 ? rest + Int128(unit) : rest)
    }

    func truncated(to unit: Int64) -> GoTime { unit <= 0 ? self : adding(nanoseconds: -rest(of: unit)) }

    func rounded(to unit: Int64) -> GoTime {
        guard unit > 0 else { return self }
        let rest = rest(of: unit)
        return adding(nanoseconds: rest < unit - rest ? -rest : unit - rest)
    }
}
