import Values

/// The value of a plain scalar, as go-yaml v2 resolves it.
///
/// | text | value |
/// | --- | --- |
/// | `` `~` `null` `Null` `NULL` | null |
/// | `y` `yes` `true` `on` and their opposites, in lower, Capital and UPPER case | boolean |
/// | `12` `+1_000` `-0x1f` `017` `0o17` `0b101` | integer |
/// | `1.5` `.5` `1e3` `1.` `.inf` `-.Inf` `.nan` | double |
/// | `2001-12-14`, `2001-12-14T21:59:43.10-05:00` | time, which remains a string |
/// | anything else, also numbers that are out of range | string |
struct YAMLScalar {
    private(set) var value: Value
    /// The text unchanged.
    var text: String
    /// The kind of the value. A tag can require one.
    private(set) var kind: Kind

    enum Kind: String {
        case string = "!!str"
        case bool = "!!bool"
        case int = "!!int"
        case float = "!!float"
        case null = "!!null"
        case timestamp = "!!timestamp"
        case merge = "!!merge"
    }

    struct Problem: Error {
        var message: String
    }

    static let tagPrefix = "tag:yaml.org,2002:"
    static let mergeTag = "tag:yaml.org,2002:merge"

    /// Resolves a scalar that is plain or has a tag. A tag requires a kind, and a value of a different kind is an
    /// error. With an unknown tag, the scalar is a string.
    init(_ bytes: UnsafeBufferPointer<UInt8>, tag: String?) throws(Problem) {
        text = String(decoding: bytes, as: UTF8.self)
        kind = .string
        value = .null
        guard let tag else {
            (kind, value) = YAMLScalar.resolve(bytes) ?? (.string, .string(text))
            return
        }
        let short = tag.begins(with: Self.tagPrefix) ? "!!" + tag.dropFirst(Self.tagPrefix.utf8.count) : tag
        if short == "!!binary" {
            let lines = bytes.filter { $0 != 0x0A && $0 != 0x0D }
            guard let data = Base64.decode(lines) else {
                throw Problem(message: "!!binary value contains invalid base64 data")
            }
            value = .string(String(decoding: data, as: UTF8.self))
            return
        }
        guard let wanted = Kind(rawValue: short), wanted != .string, wanted != .merge else {
            value = .string(text)
            return
        }
        (kind, value) =
            YAMLScalar.resolve(bytes, triesTimes: wanted == .timestamp) ?? (.string, .string(text))
        if wanted == .float, kind == .int {
            kind = .float
            if case .int(let number) = value { value = .double(Double(number)) }
        }
        guard kind == wanted else {
            throw Problem(message: "cannot decode \(kind.rawValue) `\(text)` as a \(short)")
        }
    }

    /// Whether a plain scalar may be anything but a string. This depends on its first byte. If that is a letter, the
    /// answer is exact.
    static func mayResolve(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = bytes.first else { return true }
        if first & 0xC0 == 0x40 {
            return Self.wordStarts >> UInt64(first & 0x3F) & 1 != 0 && word(bytes) != nil
        }
        return first & 0xC0 == 0 && Self.numberStarts >> UInt64(first) & 1 != 0
    }

    /// The first bytes of words for null and booleans, and of numbers, as bits: a switch is compiled to a jump that
    /// processors often mispredict.
    private static var wordStarts: UInt64 {
        bit("y") | bit("Y") | bit("n") | bit("N") | bit("t") | bit("T") | bit("f") | bit("F") | bit("o")
            | bit("O")
            | bit("~")
    }
    private static var numberStarts: UInt64 { 0x3FF << 0x30 | bit("+") | bit("-") | bit(".") }

    @inline(__always)
    private static func bit(_ byte: Unicode.Scalar) -> UInt64 { 1 << UInt64(UInt8(ascii: byte) & 0x3F) }

    /// Whether a string that is written as a plain scalar would be parsed as a string again.
    static func isText(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        resolve(bytes) == nil
    }

    /// Returns the key for a value; nil if it cannot be a key. Numbers are formatted as by sigs.k8s.io/yaml: doubles
    /// with the shortest digits for 32 bits.
    static func keyText(_ value: Value) -> String? {
        switch value {
        case .string(let text): return text
        case .bool(let flag): return flag ? "true" : "false"
        case .int(let number): return String(number)
        case .double(let number):
            if number.isNaN { return ".nan" }
            var output = ByteBuffer(capacity: 32)
            NumberFormat.append(Float(number), style: .general, into: &output)
            let text = output.text
            return text == "+Inf" ? ".inf" : text == "-Inf" ? "-.inf" : text
        case .null, .array, .object: return nil
        }
    }

    /// Returns the kind and the value of a plain scalar; nil if it is a string.
    static func resolve(
        _ bytes: UnsafeBufferPointer<UInt8>, triesTimes: Bool = true
    ) -> (Kind, Value)? {
        guard mayResolve(bytes) else { return nil }
        if let word = word(bytes) { return word }
        switch bytes[0] {
        case UInt8(ascii: "."):
            if let number = YAMLNumber.special(bytes) { return (.float, .double(number)) }
            return YAMLNumber.pointedFraction(bytes).map { (.float, .double($0)) }
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"):
            if let number = YAMLNumber.special(bytes) { return (.float, .double(number)) }
            if triesTimes, YAMLTimestamp.matches(bytes) {
                return (.timestamp, .string(String(decoding: bytes, as: UTF8.self)))
            }
            guard bytes.contains(UInt8(ascii: "_")) else { return number(bytes) }
            return bytes.filter { $0 != UInt8(ascii: "_") }.withUnsafeBufferPointer { number($0) }
        default:
            return nil
        }
    }

    /// - Parameter digits: the text without underscores.
    private static func number(_ digits: UnsafeBufferPointer<UInt8>) -> (Kind, Value)? {
        if let number = YAMLNumber.integer(digits) { return (.int, number) }
        return YAMLNumber.fraction(digits).map { (.float, .double($0)) }
    }

    /// Returns the value of the words for null and booleans, in lower case, Capital or UPPER case. The bytes are
    /// combined into a number, which is compared with those of the words, because comparing with 38 strings took 8 % of
    /// parsing.
    private static func word(_ bytes: UnsafeBufferPointer<UInt8>) -> (Kind, Value)? {
        guard let first = bytes.first else { return (.null, .null) }
        guard bytes.count <= 5 else { return nil }
        var word = UInt64(first | 0x20)
        var isLower = true
        var isUpper = first & 0x20 == 0
        for byte in bytes.dropFirst() {
            if byte & 0x20 == 0 { isLower = false } else { isUpper = false }
            word = word << 8 | UInt64(byte | 0x20)
        }
        if word == 0x7E, first == UInt8(ascii: "~") { return (.null, .null) }
        guard isLower || isUpper else { return nil }
        switch word {
        case 0x6E75_6C6C: return (.null, .null)  // null
        case 0x79, 0x79_6573, 0x7472_7565, 0x6F6E: return (.bool, true)  // y, yes, true, on
        case 0x6E, 0x6E6F, 0x66_616C_7365, 0x6F_6666: return (.bool, false)  // n, no, false, off
        default: return nil
        }
    }
}

/// Parses the numbers of YAML 1.1 that go-yaml accepts. Underscores have already been removed.
enum YAMLNumber {
    /// Parses an integer in base 10, or in the base of its prefix (`0x`, `0o`, `0`, `0b`). One that only fits in an
    /// unsigned 64-bit integer becomes a double, as in JSON. Returns nil if it is not an integer or is out of range.
    static func integer(_ bytes: UnsafeBufferPointer<UInt8>) -> Value? {
        var index = 0
        var negative = false
        var signed = false
        if let first = bytes.first, first == UInt8(ascii: "+") || first == UInt8(ascii: "-") {
            negative = first == UInt8(ascii: "-")
            signed = true
            index = 1
        }
        var base: UInt64 = 10
        if bytes.count > index + 1, bytes[index] == UInt8(ascii: "0") {
            switch bytes[index + 1] | 0x20 {
            case UInt8(ascii: "x"): (base, index) = (16, index + 2)
            case UInt8(ascii: "o"): (base, index) = (8, index + 2)
            case UInt8(ascii: "b"): (base, index) = (2, index + 2)
            default: (base, index) = (8, index + 1)
            }
        }
        guard index < bytes.count else { return nil }
        var magnitude: UInt64 = 0
        while index < bytes.count {
            guard let digit = value(of: bytes[index]), digit < base else { return nil }
            let (product, high) = magnitude.multipliedReportingOverflow(by: base)
            let (sum, carry) = product.addingReportingOverflow(digit)
            if high || carry { return nil }
            magnitude = sum
            index += 1
        }
        if negative {
            guard magnitude <= UInt64(Int64.max) + 1 else { return nil }
            return .int(Int64(truncatingIfNeeded: 0 &- magnitude))
        }
        if magnitude <= UInt64(Int64.max) { return .int(Int64(magnitude)) }
        // In a conditional expression, nil would become the value null.
        if signed { return nil }
        return .double(Double(magnitude))
    }

    /// Parses infinities and NaN.
    static func special(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
        guard bytes.count <= 5, let last = bytes.last, last | 0x20 == 0x6E || last | 0x20 == 0x66 else {
            return nil
        }
        return switch String(decoding: bytes, as: UTF8.self) {
        case ".nan", ".NaN", ".NAN": .nan
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": .infinity
        case "-.inf", "-.Inf", "-.INF": -.infinity
        default: nil
        }
    }

    private static func value(of byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }

    /// Parses a fraction that begins with its point. Here underscores are only allowed between digits.
    static func pointedFraction(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
        guard bytes.contains(UInt8(ascii: "_")) else { return fraction(bytes) }
        for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "_") {
            guard index > 0, index + 1 < bytes.count, bytes[index - 1] &- UInt8(ascii: "0") < 10,
                bytes[index + 1] &- UInt8(ascii: "0") < 10
            else { return nil }
        }
        return bytes.filter { $0 != UInt8(ascii: "_") }.withUnsafeBufferPointer { fraction($0) }
    }

    /// Parses `[-+]?(.ddd|ddd[.[ddd]])([eE][-+]?ddd)?`; nil if it does not match or is out of range.
    static func fraction(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
        var index = 0
        func digits() -> Int {
            let start = index
            while index < bytes.count, bytes[index] &- UInt8(ascii: "0") < 10 { index += 1 }
            return index - start
        }
        if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") {
            index += 1
        }
        var count = digits()
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            index += 1
            count += digits()
        }
        guard count > 0 else { return nil }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") {
                index += 1
            }
            guard digits() > 0 else { return nil }
        }
        guard index == bytes.count, let number = NumberFormat.double(bytes), number.isFinite else {
            return nil
        }
        return number
    }
}

/// The times that go-yaml recognises: `2001-12-14`, `2001-12-14 21:59:43.1` and RFC 3339, also with one-digit fields.
enum YAMLTimestamp {
    static func matches(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard bytes.count >= 8, bytes[4] == UInt8(ascii: "-") else { return false }
        var scan = Scan(bytes: bytes)
        guard let year = scan.number(4, 4), scan.take("-"), let month = scan.number(1, 2), scan.take("-"),
            let day = scan.number(1, 2), (1...12).contains(month), day >= 1, day <= days(month, of: year)
        else { return false }
        if scan.isAtEnd { return true }
        let isSpaced = scan.take(" ")
        guard isSpaced || scan.take("T") || scan.take("t") else { return false }
        guard let hour = scan.number(1, 2), hour < 24, scan.take(":"), let minute = scan.number(1, 2),
            minute < 60, scan.take(":"), let second = scan.number(1, 2), second < 60
        else { return false }
        if scan.take(".") || scan.take(",") { guard scan.digits() > 0 else { return false } }
        if isSpaced { return scan.isAtEnd }
        if scan.take("Z") { return scan.isAtEnd }
        guard scan.take("+") || scan.take("-"), let hours = scan.number(2, 2), scan.take(":"),
            let minutes = scan.number(2, 2), hours <= 24, minutes < 60
        else { return false }
        return scan.isAtEnd
    }

    private static func days(_ month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private struct Scan {
        let bytes: UnsafeBufferPointer<UInt8>
        var index = 0

        var isAtEnd: Bool { index == bytes.count }

        mutating func take(_ byte: Unicode.Scalar) -> Bool {
            guard index < bytes.count, bytes[index] == UInt8(ascii: byte) else { return false }
            index += 1
            return true
        }

        mutating func digits() -> Int {
            let start = index
            while index < bytes.count, bytes[index] &- UInt8(ascii: "0") < 10 { index += 1 }
            return index - start
        }

        /// Scans a number of at least `least` and at most `most` digits.
        mutating func number(_ least: Int, _ most: Int) -> Int? {
            var result = 0
            var count = 0
            while count < most, index < bytes.count, bytes[index] &- UInt8(ascii: "0") < 10 {
                result = result * 10 + Int(bytes[index] & 15)
                index += 1
                count += 1
            }
            return count >= least ? result : nil
        }
    }
}
