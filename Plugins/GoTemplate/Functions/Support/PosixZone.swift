/// A time zone's rule as POSIX writes it: `EST5EDT,M3.2.0,M11.1.0`.
struct PosixZone: Sendable {
    private struct Change {
        enum Day { case julian(Int), zeroBased(Int), weekday(month: Int, week: Int, day: Int) }
        var day: Day
        /// Seconds after midnight.
        var time: Int64
    }

    private var name: String
    private var offset: Int64
    private var summer: (name: String, offset: Int64, begin: Change, end: Change)?

    init?(_ text: String) {
        var rest = Array(text.utf8)[...]
        guard let name = PosixZone.name(&rest), let west = PosixZone.time(&rest) else { return nil }
        self.name = name
        offset = -west
        summer = nil
        guard !rest.isEmpty else { return }
        guard let other = PosixZone.name(&rest) else { return nil }
        var summerOffset = offset + 3_600
        if let next = rest.first, next != 0x2C {
            guard let west = PosixZone.time(&rest) else { return nil }
            summerOffset = -west
        }
        guard let begin = PosixZone.change(&rest), let end = PosixZone.change(&rest), rest.isEmpty else {
            return nil
        }
        summer = (other, summerOffset, begin, end)
    }

    private static func name(_ rest: inout ArraySlice<UInt8>) -> String? {
        var name: ArraySlice<UInt8>
        if rest.first == 0x3C {
            name = rest.dropFirst().prefix { $0 != 0x3E }
            rest = rest.dropFirst(name.count + 2)
        } else {
            name = rest.prefix { (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) }
            rest = rest.dropFirst(name.count)
        }
        return name.count >= 3 ? String(decoding: name, as: UTF8.self) : nil
    }

    private static func number(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        let digits = rest.prefix { (0x30...0x39).contains($0) }
        guard !digits.isEmpty, digits.count <= 4 else { return nil }
        rest = rest.dropFirst(digits.count)
        return digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }

    private static func time(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        var sign: Int64 = 1
        if let mark = rest.first, mark == 0x2B || mark == 0x2D {
            sign = mark == 0x2D ? -1 : 1
            rest.removeFirst()
        }
        guard var total = number(&rest).map({ $0 * 3_600 }) else { return nil }
        for unit: Int64 in [60, 1] where rest.first == 0x3A {
            rest.removeFirst()
            guard let part = number(&rest) else { return nil }
            total += part * unit
        }
        return sign * total
    }

    private static func change(_ rest: inout ArraySlice<UInt8>) -> Change? {
        guard rest.first == 0x2C else { return nil }
        rest.removeFirst()
        let day: Change.Day
        switch rest.first {
        case 0x4A:
            rest.removeFirst()
            guard let number = number(&rest) else { return nil }
            day = .julian(Int(number))
        case 0x4D:
            rest.removeFirst()
            guard let month = number(&rest), (1...12).contains(month), rest.popFirst() == 0x2E,
                let week = number(&rest), (1...5).contains(week), rest.popFirst() == 0x2E,
                let weekday = number(&rest), weekday <= 6
            else { return nil }
            day = .weekday(month: Int(month), week: Int(week), day: Int(weekday))
        default:
            guard let number = number(&rest) else { return nil }
            day = .zeroBased(Int(number))
        }
        var time: Int64 = 7_200
        if rest.first == 0x2F {
            rest.removeFirst()
            guard let given = PosixZone.time(&rest) else { return nil }
            time = given
        }
        return Change(day: day, time: time)
    }

    /// Returns the moment of a change in a year, in seconds of the local time before the change.
    private static func seconds(of change: Change, year: Int64) -> Int64 {
        let days: Int64
        switch change.day {
        case .julian(let number):
            let leap = GoTime.isLeap(year) && number >= 60 ? 0 : -1
            days = GoTime.days(year: year, month: 1, day: 1) + Int64(number + leap)
        case .zeroBased(let number): days = GoTime.days(year: year, month: 1, day: 1) + Int64(number)
        case .weekday(let month, let week, let day):
            let first = GoTime.days(year: year, month: month, day: 1)
            let weekday = Int((first % 7 + 11) % 7)
            var date = (day - weekday + 7) % 7 + (week - 1) * 7
            while date >= GoTime.daysIn(month: month, year: year) { date -= 7 }
            days = first + Int64(date)
        }
        return days * 86_400 + change.time
    }

    func offset(at moment: Int64) -> (name: String, offset: Int64) {
        guard let summer else { return (name, offset) }
        let year = GoTime(seconds: moment, zoneName: "", offset: offset).fields.year
        let begin = PosixZone.seconds(of: summer.begin, year: year) - offset
        let end = PosixZone.seconds(of: summer.end, year: year) - summer.offset
        let isSummer = begin < end ? (begin..<end).contains(moment) : !(end..<begin).contains(moment)
        return isSummer ? (summer.name, summer.offset) : (name, offset)
    }
}
