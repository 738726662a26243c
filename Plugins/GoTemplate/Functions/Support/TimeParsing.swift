import Values

/// Parses a time with a layout, with Go's messages.
struct TimeParser {
    struct Failure: Error { var message: String }
    /// Ends the parsing of one element, whose text becomes part of the message.
    private struct Mismatch: Error {}

    private let layout: [UInt8]
    private let value: [UInt8]
    private var rest: ArraySlice<UInt8>

    private var year: Int64 = 0
    private var month = -1
    private var day = -1
    private var yearDay = -1
    private var hour = 0
    private var minute = 0
    private var second = 0
    private var nanoseconds: Int32 = 0
    private var isAfternoon: Bool?
    private var offset: Int64?
    private var zoneName = ""
    /// The name of the element that is out of range, as in Go's messages.
    private var outOfRange = ""

    /// - Throws: `parsing time "…" as "…": cannot parse …`.
    static func parse(_ value: [UInt8], layout: [UInt8]) throws(Failure) -> GoTime {
        var parser = TimeParser(layout: layout, value: value)
        return try parser.run()
    }

    private init(layout: [UInt8], value: [UInt8]) {
        self.layout = layout
        self.value = value
        rest = value[...]
    }

    private func failure(_ message: String) -> Failure {
        Failure(message: "parsing time \(GoText.simplyQuoted(value))\(message)")
    }

    private mutating func run() throws(Failure) -> GoTime {
        let parts = TimeLayout.parts(layout)
        for (index, part) in parts.enumerated() {
            let held = rest
            do {
                try read(part, next: index + 1 < parts.count ? parts[index + 1] : nil)
            } catch {
                let name = GoText.simplyQuoted(Array(TimeLayout.text(of: part).utf8))
                throw failure(
                    " as \(GoText.simplyQuoted(layout)): cannot parse \(GoText.simplyQuoted(Array(held))) as \(name)"
                )
            }
            if !outOfRange.isEmpty { throw failure(": \(outOfRange) out of range") }
        }
        if !rest.isEmpty { throw failure(": extra text: \(GoText.simplyQuoted(Array(rest)))") }
        return try assemble()
    }

    private mutating func assemble() throws(Failure) -> GoTime {
        if isAfternoon == true, hour < 12 { hour += 12 }
        if isAfternoon == false, hour == 12 { hour = 0 }
        if yearDay >= 0 {
            guard yearDay >= 1, yearDay <= (GoTime.isLeap(year) ? 366 : 365) else {
                throw failure(": day-of-year out of range")
            }
            let date = GoTime.date(days: GoTime.days(year: year, month: 1, day: 1) + Int64(yearDay - 1))
            if month >= 0 && month != date.month { throw failure(": day-of-year does not match month") }
            if day >= 0 && day != date.day { throw failure(": day-of-year does not match day") }
            (month, day) = (date.month, date.day)
        }
        if month < 0 { month = 1 }
        if day < 0 { day = 1 }
        if day < 1 || day > GoTime.daysIn(month: month, year: year) { throw failure(": day out of range") }
        let seconds =
            GoTime.days(year: year, month: month, day: day) * 86_400
            + Int64(hour * 3_600 + minute * 60 + second)
        if let offset {
            let isUTC = offset == 0 && (zoneName.isEmpty || zoneName == "UTC")
            return GoTime(
                seconds: seconds - offset, nanoseconds: nanoseconds, zoneName: isUTC ? "UTC" : zoneName,
                offset: offset)
        }
        if !zoneName.isEmpty && zoneName != "UTC" {
            // A name alone does not determine the offset, except for names such as GMT+3.
            var offset: Int64 = 0
            if zoneName.begins(with: "GMT"), let hours = Int64(zoneName.dropFirst(3)) {
                offset = hours * 3_600
            }
            return GoTime(
                seconds: seconds - offset, nanoseconds: nanoseconds, zoneName: zoneName, offset: offset)
        }
        return GoTime(seconds: seconds, nanoseconds: nanoseconds)
    }

    /// Parses one or two digits; exactly two if `fixed` is set.
    private mutating func number(fixed: Bool) throws(Mismatch) -> Int {
        guard let first = rest.first, (0x30...0x39).contains(first) else { throw Mismatch() }
        let second = rest.dropFirst().first
        guard let second, (0x30...0x39).contains(second) else {
            if fixed { throw Mismatch() }
            rest.removeFirst()
            return Int(first - 0x30)
        }
        rest = rest.dropFirst(2)
        return Int(first - 0x30) * 10 + Int(second - 0x30)
    }

    private mutating func digits(_ count: Int) throws(Mismatch) -> Int {
        let text = rest.prefix(count)
        guard text.count == count, text.allSatisfy({ (0x30...0x39).contains($0) }) else { throw Mismatch() }
        rest = rest.dropFirst(count)
        return text.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    private mutating func name(_ names: [String], short: Bool) throws(Mismatch) -> Int {
        for (index, name) in names.enumerated() {
            let wanted = Array(short ? String(name.prefix(3)).utf8 : name.utf8)
            let found = rest.prefix(wanted.count)
            guard found.count == wanted.count else { continue }
            if zip(found, wanted).allSatisfy({ $0 | 0x20 == $1 | 0x20 }) {
                rest = rest.dropFirst(wanted.count)
                return index
            }
        }
        throw Mismatch()
    }

    private mutating func read(_ part: TimeLayout.Part, next: TimeLayout.Part?) throws(Mismatch) {
        switch part {
        case .literal(let text): try literal(text)
        case .year: year = Int64(try digits(4))
        case .shortYear:
            let short = try digits(2)
            year = Int64(short >= 69 ? short + 1900 : short + 2000)
        case .longMonth: month = try name(GoTime.months, short: false) + 1
        case .month: month = try name(GoTime.months, short: true) + 1
        case .numMonth, .zeroMonth:
            month = try number(fixed: part == .zeroMonth)
            if month < 1 || month > 12 { outOfRange = "month" }
        case .longWeekday: _ = try name(GoTime.weekdays, short: false)
        case .weekday: _ = try name(GoTime.weekdays, short: true)
        case .day, .underDay, .zeroDay:
            if part == .underDay, rest.first == 0x20 { rest.removeFirst() }
            day = try number(fixed: part == .zeroDay)
        case .underYearDay, .zeroYearDay:
            for _ in 0..<2 where part == .underYearDay && rest.first == 0x20 { rest.removeFirst() }
            yearDay = try digits(
                part == .underYearDay ? min(3, rest.prefix { (0x30...0x39).contains($0) }.count) : 3)
        case .hour:
            hour = try number(fixed: false)
            if hour > 23 { outOfRange = "hour" }
        case .hour12, .zeroHour12:
            hour = try number(fixed: part == .zeroHour12)
            if hour > 12 { outOfRange = "hour" }
        case .minute, .zeroMinute:
            minute = try number(fixed: part == .zeroMinute)
            if minute > 59 { outOfRange = "minute" }
        case .second, .zeroSecond:
            second = try number(fixed: part == .zeroSecond)
            if second > 59 {
                outOfRange = "second"
                return
            }
            // A fraction may follow the seconds even if the layout has none.
            if let mark = rest.first, mark == 0x2E || mark == 0x2C, let digit = rest.dropFirst().first,
                (0x30...0x39).contains(digit)
            {
                if case .fraction = next { return }
                let run = rest.dropFirst().prefix { (0x30...0x39).contains($0) }
                takeFraction(run)
                rest = rest.dropFirst(1 + run.count)
            }
        case .upperHalf, .lowerHalf:
            let text = String(decoding: rest.prefix(2), as: UTF8.self)
            let (late, early) = part == .upperHalf ? ("PM", "AM") : ("pm", "am")
            guard text == late || text == early else { throw Mismatch() }
            isAfternoon = text == late
            rest = rest.dropFirst(2)
        case .zoneName: try readZoneName()
        case .offset(let style): try readOffset(style)
        case .fraction(let count, let trims, _): try readFraction(count, trims: trims)
        }
    }

    /// Matches a literal. A space of the layout matches any number of spaces, as in Go's `skip`.
    private mutating func literal(_ text: [UInt8]) throws(Mismatch) {
        var prefix = text[...]
        while let byte = prefix.first {
            if byte == 0x20 {
                if let found = rest.first, found != 0x20 { throw Mismatch() }
                prefix = prefix.drop { $0 == 0x20 }
                rest = rest.drop { $0 == 0x20 }
                continue
            }
            guard rest.first == byte else { throw Mismatch() }
            prefix.removeFirst()
            rest.removeFirst()
        }
    }

    private mutating func takeFraction(_ digits: ArraySlice<UInt8>) {
        var number: Int32 = 0
        for place in 0..<9 {
            let index = digits.startIndex + place
            number = number * 10 + (index < digits.endIndex ? Int32(digits[index] - 0x30) : 0)
        }
        nanoseconds = number
    }

    private mutating func readFraction(_ count: Int, trims: Bool) throws(Mismatch) {
        guard let mark = rest.first, mark == 0x2E || mark == 0x2C else {
            if trims { return }
            throw Mismatch()
        }
        let run = rest.dropFirst().prefix { (0x30...0x39).contains($0) }
        if trims && run.isEmpty { return }
        let taken = trims ? run : run.prefix(count)
        guard trims || taken.count == count else { throw Mismatch() }
        takeFraction(taken)
        rest = rest.dropFirst(1 + taken.count)
    }

    private mutating func readOffset(_ style: TimeLayout.OffsetStyle) throws(Mismatch) {
        if style.zulu, rest.first == 0x5A {
            rest.removeFirst()
            offset = 0
            zoneName = "UTC"
            return
        }
        guard let sign = rest.first, sign == 0x2B || sign == 0x2D else { throw Mismatch() }
        rest.removeFirst()
        var total = Int64(try digits(2)) * 3_600
        if total > 24 * 3_600 { outOfRange = "time zone offset hour" }
        if !style.hoursOnly {
            if style.colon { try literal([0x3A]) }
            let minutes = try digits(2)
            if minutes >= 60 { outOfRange = "time zone offset minute" }
            total += Int64(minutes) * 60
            if style.seconds {
                if style.colon { try literal([0x3A]) }
                let seconds = try digits(2)
                if seconds >= 60 { outOfRange = "time zone offset second" }
                total += Int64(seconds)
            }
        }
        offset = sign == 0x2D ? -total : total
    }

    /// Parses `UTC`, three capitals, four or five capitals that end in T, or `+03`.
    private mutating func readZoneName() throws(Mismatch) {
        if rest.starts(with: "UTC".utf8) {
            zoneName = "UTC"
            rest = rest.dropFirst(3)
            return
        }
        if rest.starts(with: "GMT".utf8) {
            var text = Array("GMT".utf8)
            let after = rest.dropFirst(3)
            if let sign = after.first, sign == 0x2B || sign == 0x2D {
                let digits = after.dropFirst().prefix { (0x30...0x39).contains($0) }
                if let hours = Int(String(decoding: digits, as: UTF8.self)), hours <= 23 {
                    text.append(sign)
                    text.append(contentsOf: digits)
                }
            }
            zoneName = String(decoding: text, as: UTF8.self)
            rest = rest.dropFirst(text.count)
            return
        }
        if let sign = rest.first, sign == 0x2B || sign == 0x2D {
            let digits = rest.dropFirst().prefix(2).prefix { (0x30...0x39).contains($0) }
            guard digits.count == 2 else { throw Mismatch() }
            zoneName = String(decoding: rest.prefix(3), as: UTF8.self)
            rest = rest.dropFirst(3)
            return
        }
        let capitals = rest.prefix(6).prefix { (0x41...0x5A).contains($0) }
        let isName =
            switch capitals.count {
            case 3: true
            case 4: capitals.last == 0x54 || capitals.elementsEqual("WITA".utf8)
            case 5: capitals.last == 0x54
            default: false
            }
        guard isName else { throw Mismatch() }
        zoneName = String(decoding: capitals, as: UTF8.self)
        rest = rest.dropFirst(capitals.count)
    }
}

extension GoText {
    /// Quotes in double quotes as Go's time package does: quotes and backslashes are escaped, bytes outside printable
    /// ASCII become `\xNN`.
    static func simplyQuoted(_ bytes: [UInt8]) -> String {
        var output: [UInt8] = [0x22]
        let digits = Array("0123456789abcdef".utf8)
        for byte in bytes {
            switch byte {
            case 0x22, 0x5C: output.append(contentsOf: [0x5C, byte])
            case 0x20..<0x7F: output.append(byte)
            default: output.append(contentsOf: [0x5C, 0x78, digits[Int(byte >> 4)], digits[Int(byte & 15)]])
            }
        }
        output.append(0x22)
        return String(decoding: output, as: UTF8.self)
    }
}
