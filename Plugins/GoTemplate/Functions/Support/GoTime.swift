/// Go's time.Time: a moment and the time zone in which it is shown.
struct GoTime: Sendable, Equatable {
    /// Seconds since 1970-01-01 00:00:00 UTC.
    var seconds: Int64
    /// From 0 to 999,999,999.
    var nanoseconds: Int32 = 0
    /// The zone's name at that moment; empty if only the offset is known.
    var zoneName: String = "UTC"
    /// Seconds east of Greenwich.
    var offset: Int64 = 0

    /// Go's zero time: the first moment of the year 1.
    static let zero = GoTime(seconds: -62_135_596_800)

    struct Fields {
        var year: Int64
        var month: Int
        var day: Int
        var hour: Int
        var minute: Int
        var second: Int
        /// 0 is Sunday.
        var weekday: Int
        /// From 1.
        var yearDay: Int
    }

    /// The date and the time of day in the time's zone.
    var fields: Fields {
        let local = seconds &+ offset
        var days = local / 86_400
        var rest = Int(local % 86_400)
        if rest < 0 {
            rest += 86_400
            days -= 1
        }
        let (year, month, day) = GoTime.date(days: days)
        let first = GoTime.days(year: year, month: 1, day: 1)
        return Fields(
            year: year, month: month, day: day, hour: rest / 3_600, minute: rest / 60 % 60, second: rest % 60,
            weekday: Int((days % 7 + 11) % 7), yearDay: Int(days - first) + 1)
    }

    /// Returns the days since 1970-01-01 of a date of the Gregorian calendar, calculated in eras of 400 years.
    static func days(year: Int64, month: Int, day: Int) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = Int64((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1)
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    static func date(days: Int64) -> (year: Int64, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = Int(dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100))
        let part = (5 * dayOfYear + 2) / 153
        let month = part < 10 ? part + 3 : part - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * part + 2) / 5 + 1)
    }

    static func isLeap(_ year: Int64) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    static func daysIn(month: Int, year: Int64) -> Int {
        month == 2 ? (isLeap(year) ? 29 : 28) : [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    func adding(nanoseconds further: Int64) -> GoTime {
        var result = self
        let sum = Int64(nanoseconds) + further % GoDuration.second
        var carry = further / GoDuration.second
        var rest = sum
        if rest < 0 {
            rest += GoDuration.second
            carry -= 1
        } else if rest >= GoDuration.second {
            rest -= GoDuration.second
            carry += 1
        }
        result.seconds = seconds &+ carry
        result.nanoseconds = Int32(truncatingIfNeeded: rest)
        return result
    }

    func shown(in zone: TimeZone) -> GoTime {
        var result = self
        (result.zoneName, result.offset) = zone.offset(at: seconds)
        return result
    }

    static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
        "November",
        "December",
    ]
    static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]

    /// The time as Go prints it: `2017-12-31 00:00:00 +0000 UTC`.
    var printed: String { String(decoding: formatted(TimeLayout.printing), as: UTF8.self) }

    func formatted(_ layout: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        let fields = self.fields
        func write(_ text: some StringProtocol) { output.append(contentsOf: text.utf8) }
        func write(_ number: Int64, width: Int, pad: Character = "0") {
            let digits = String(number.magnitude)
            if number < 0 { write("-") }
            write(String(repeating: pad, count: max(0, width - digits.utf8.count)) + digits)
        }
        func write(_ number: Int, width: Int, pad: Character = "0") {
            write(Int64(number), width: width, pad: pad)
        }
        let hour = fields.hour % 12 == 0 ? 12 : fields.hour % 12
        for part in TimeLayout.parts(layout) {
            switch part {
            case .literal(let text): output.append(contentsOf: text)
            case .year: write(fields.year, width: 4)
            case .shortYear: write(max(0, (fields.year % 100)), width: 2)
            case .longMonth: write(GoTime.months[fields.month - 1])
            case .month: write(GoTime.months[fields.month - 1].prefix(3))
            case .numMonth: write(fields.month, width: 1)
            case .zeroMonth: write(fields.month, width: 2)
            case .longWeekday: write(GoTime.weekdays[fields.weekday])
            case .weekday: write(GoTime.weekdays[fields.weekday].prefix(3))
            case .day: write(fields.day, width: 1)
            case .underDay: write(fields.day, width: 2, pad: " ")
            case .zeroDay: write(fields.day, width: 2)
            case .underYearDay: write(fields.yearDay, width: 3, pad: " ")
            case .zeroYearDay: write(fields.yearDay, width: 3)
            case .hour: write(fields.hour, width: 2)
            case .hour12: write(hour, width: 1)
            case .zeroHour12: write(hour, width: 2)
            case .minute: write(fields.minute, width: 1)
            case .zeroMinute: write(fields.minute, width: 2)
            case .second: write(fields.second, width: 1)
            case .zeroSecond: write(fields.second, width: 2)
            case .upperHalf: write(fields.hour >= 12 ? "PM" : "AM")
            case .lowerHalf: write(fields.hour >= 12 ? "pm" : "am")
            case .zoneName:
                if !zoneName.isEmpty {
                    write(zoneName)
                } else {
                    write(offsetText(.init(colon: false, seconds: false)))
                }
            case .offset(let style):
                if style.zulu && offset == 0 { write("Z") } else { write(offsetText(style)) }
            case .fraction(let digits, let trims, let mark):
                var text = String(nanoseconds)
                text = String(repeating: "0", count: 9 - text.utf8.count) + text
                text = String(text.prefix(digits)) + String(repeating: "0", count: max(0, digits - 9))
                if trims {
                    while text.last == "0" { text.removeLast() }
                    if text.isEmpty { continue }
                }
                output.append(mark)
                write(text)
            }
        }
        return output
    }

    private func offsetText(_ style: TimeLayout.OffsetStyle) -> String {
        let size = offset.magnitude
        func two(_ number: UInt64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        var text = (offset < 0 ? "-" : "+") + two(size / 3_600)
        if style.hoursOnly { return text }
        let mark = style.colon ? ":" : ""
        text += mark + two(size / 60 % 60)
        if style.seconds { text += mark + two(size % 60) }
        return text
    }
}
