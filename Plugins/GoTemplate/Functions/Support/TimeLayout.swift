/// Go's layouts, which show how the moment `Mon Jan 2 15:04:05 MST 2006` would be formatted.
enum TimeLayout {
    struct OffsetStyle: Sendable, Equatable {
        var colon: Bool
        var seconds: Bool
        var hoursOnly = false
        /// Whether UTC is written `Z`.
        var zulu = false
    }

    enum Part: Sendable, Equatable {
        case literal([UInt8])
        case year, shortYear, longMonth, month, numMonth, zeroMonth, longWeekday, weekday
        case day, underDay, zeroDay, underYearDay, zeroYearDay
        case hour, hour12, zeroHour12, minute, zeroMinute, second, zeroSecond, upperHalf, lowerHalf
        case zoneName
        case offset(OffsetStyle)
        /// Digits of a fraction of a second, after a dot or a comma. `trims` omits zeros at the end.
        case fraction(digits: Int, trims: Bool, mark: UInt8)
    }

    /// The layout in which `print` writes a time.
    static let printing = Array("2006-01-02 15:04:05.999999999 -0700 MST".utf8)

    static func parts(_ layout: [UInt8]) -> [Part] {
        var result: [Part] = []
        var literal: [UInt8] = []
        var index = 0
        while index < layout.count {
            if let (part, size, before) = element(layout, at: index) {
                literal.append(contentsOf: layout[index..<(index + before)])
                if !literal.isEmpty { result.append(.literal(literal)) }
                literal = []
                result.append(part)
                index += size
            } else {
                literal.append(layout[index])
                index += 1
            }
        }
        if !literal.isEmpty { result.append(.literal(literal)) }
        return result
    }

    private static let texts: [UInt8: [(String, Part)]] = {
        let table: [(String, Part)] = [
            ("January", .longMonth), ("Monday", .longWeekday), ("MST", .zoneName),
            ("002", .zeroYearDay), ("01", .zeroMonth), ("02", .zeroDay), ("03", .zeroHour12),
            ("04", .zeroMinute),
            ("05", .zeroSecond), ("06", .shortYear),
            ("15", .hour), ("1", .numMonth), ("2006", .year), ("2", .day),
            ("__2", .underYearDay), ("_2", .underDay), ("3", .hour12), ("4", .minute), ("5", .second),
            ("PM", .upperHalf), ("pm", .lowerHalf),
            ("-070000", .offset(.init(colon: false, seconds: true))),
            ("-07:00:00", .offset(.init(colon: true, seconds: true))),
            ("-0700", .offset(.init(colon: false, seconds: false))),
            ("-07:00", .offset(.init(colon: true, seconds: false))),
            ("-07", .offset(.init(colon: false, seconds: false, hoursOnly: true))),
            ("Z070000", .offset(.init(colon: false, seconds: true, zulu: true))),
            ("Z07:00:00", .offset(.init(colon: true, seconds: true, zulu: true))),
            ("Z0700", .offset(.init(colon: false, seconds: false, zulu: true))),
            ("Z07:00", .offset(.init(colon: true, seconds: false, zulu: true))),
            ("Z07", .offset(.init(colon: false, seconds: false, hoursOnly: true, zulu: true))),
        ]
        return Dictionary(grouping: table, by: { $0.0.utf8.first ?? 0 })
    }()

    /// Returns the element that begins at an index, its length, and how many bytes of that are a literal before it.
    private static func element(_ layout: [UInt8], at index: Int) -> (part: Part, size: Int, before: Int)? {
        let rest = layout[index...]
        let first = layout[index]
        if first == 0x5F, rest.starts(with: "_2006".utf8) { return (.year, 5, 1) }
        for (text, part) in texts[first] ?? [] where rest.starts(with: text.utf8) {
            return (part, text.utf8.count, 0)
        }
        switch first {
        case 0x4A where rest.starts(with: "Jan".utf8) && !isLowercase(layout, at: index + 3):
            return (.month, 3, 0)
        case 0x4D where rest.starts(with: "Mon".utf8) && !isLowercase(layout, at: index + 3):
            return (.weekday, 3, 0)
        case 0x2E, 0x2C:
            guard index + 1 < layout.count, layout[index + 1] == 0x30 || layout[index + 1] == 0x39 else {
                return nil
            }
            let digit = layout[index + 1]
            let run = layout[(index + 1)...].prefix { $0 == digit }.count
            let end = index + 1 + run
            if end < layout.count, (0x30...0x39).contains(layout[end]) { return nil }
            return (.fraction(digits: run, trims: digit == 0x39, mark: first), run + 1, 0)
        default: return nil
        }
    }

    private static func isLowercase(_ layout: [UInt8], at index: Int) -> Bool {
        index < layout.count && (0x61...0x7A).contains(layout[index])
    }

    /// Returns the text of an element in a layout, for messages.
    static func text(of part: Part) -> String {
        switch part {
        case .literal(let bytes): return String(decoding: bytes, as: UTF8.self)
        case .month: return "Jan"
        case .weekday: return "Mon"
        case .fraction(let digits, let trims, let mark):
            return String(
                decoding: [mark] + [UInt8](repeating: trims ? 0x39 : 0x30, count: digits), as: UTF8.self)
        default:
            for list in texts.values {
                for (text, candidate) in list where candidate == part { return text }
            }
            return ""
        }
    }
}
