/// Checks a regular expression in Go's syntax and converts it for RE2.
///
/// RE2 and Go have the same syntax and match alike. This pass reports errors with Go's messages, collects the names of
/// the groups, and rewrites parts that RE2 does not know, such as `(?<name>…)`.
struct RegexSyntax {
    struct Failure: Error {
        /// The message without its first part: `error parsing regexp: missing closing ]: `…``.
        var message: String
    }

    /// The pattern for RE2.
    private(set) var pattern: [UInt8] = []
    /// The names of the groups by number; "" for the whole match and for unnamed groups.
    private(set) var groupNames: [String] = [""]

    /// Whether a search may read far beyond the match that it finds: there are alternatives or repeated groups, and
    /// something is repeated without a limit. `a*b|a` reads all of a text of `a` for each `a` that it finds.
    ///
    /// In a pattern without them, a search that reads beyond a match takes the path that the next matches would take
    /// too. Once it has read far and found nothing there, it does not read that text again for each match.
    var readsAhead: Bool { mayChoose && repeatsFreely }
    private var mayChoose = false
    private var repeatsFreely = false

    private let source: [UInt8]
    private var index = 0
    private var openGroups = 0
    /// The offset of the last item that can be repeated; nil at the start and after `(` and `|`.
    private var lastItem: Int?
    /// The offset of the repetition that just ended.
    private var lastRepetition: Int?
    private static let depthLimit = 1_000
    private static let repeatLimit = 1_000

    init(_ source: [UInt8]) throws(Failure) {
        self.source = source
        var index = 0
        while index < source.count {
            let (rune, size) = Runes.decode(source, at: index)
            if rune == Runes.replacement && size == 1 { throw failure("invalid UTF-8", source) }
            index += size
        }
        try scan()
    }

    private func failure(_ what: String, _ text: some Collection<UInt8>) -> Failure {
        Failure(message: "\(what): `\(String(decoding: Array(text), as: UTF8.self))`")
    }

    private mutating func scan() throws(Failure) {
        while index < source.count {
            let start = index
            var isItem = true
            let repetitionBefore = lastRepetition
            lastRepetition = nil
            switch source[index] {
            case 0x28:
                try openGroup()
                isItem = false
            case 0x29:
                guard openGroups > 0 else { throw failure("unexpected )", source) }
                openGroups -= 1
                copy(1)
            case 0x7C:
                mayChoose = true
                copy(1)
                lastItem = nil
                isItem = false
            case 0x5B: try characterClass()
            case 0x2A, 0x2B, 0x3F:
                try repetition(start, length: 1, before: repetitionBefore)
                continue
            case 0x7B:
                if let length = try counted(at: index) {
                    try repetition(start, length: length, before: repetitionBefore)
                    continue
                }
                copy(1)
            case 0x5C: try escape()
            default: copy(Runes.decode(source, at: index).size)
            }
            if isItem { lastItem = start }
        }
        if openGroups > 0 { throw failure("missing closing )", source) }
    }

    private mutating func copy(_ count: Int) {
        pattern.append(contentsOf: source[index..<(index + count)])
        index += count
    }

    private mutating func repetition(_ start: Int, length: Int, before: Int?) throws(Failure) {
        guard let item = lastItem else {
            throw failure("missing argument to repetition operator", source[start..<(start + length)])
        }
        if source[item] == 0x29 { mayChoose = true }
        if source[start] != 0x3F { repeatsFreely = true }
        copy(length)
        if index < source.count, source[index] == 0x3F { copy(1) }
        if let before { throw failure("invalid nested repetition operator", source[before..<index]) }
        lastRepetition = start
    }

    /// Returns the length of `{2}`, `{2,}` or `{2,5}`; nil if the brace is a literal character.
    private func counted(at start: Int) throws(Failure) -> Int? {
        var at = start + 1
        func number() -> Int? {
            let digits = source[at...].prefix { (0x30...0x39).contains($0) }
            guard !digits.isEmpty, !(digits.count > 1 && digits.first == 0x30) else { return nil }
            return digits.count > 8 ? .max : digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        }
        guard let low = number() else { return nil }
        at += source[at...].prefix { (0x30...0x39).contains($0) }.count
        var high = low
        if at < source.count, source[at] == 0x2C {
            at += 1
            if at < source.count, source[at] == 0x7D {
                high = -1
            } else {
                guard let number = number() else { return nil }
                high = number
                at += source[at...].prefix { (0x30...0x39).contains($0) }.count
            }
        }
        guard at < source.count, source[at] == 0x7D else { return nil }
        if low > RegexSyntax.repeatLimit || high > RegexSyntax.repeatLimit || (high >= 0 && low > high) {
            throw failure("invalid repeat count", source[start...at])
        }
        return at + 1 - start
    }

    private mutating func openGroup() throws(Failure) {
        openGroups += 1
        if openGroups > RegexSyntax.depthLimit { throw failure("expression nests too deeply", source) }
        lastItem = nil
        let rest = source[index...]
        guard rest.starts(with: "(?".utf8) else {
            groupNames.append("")
            copy(1)
            return
        }
        if rest.starts(with: "(?P<".utf8) || rest.starts(with: "(?<".utf8) {
            let skip = rest.starts(with: "(?P<".utf8) ? 4 : 3
            if skip == 3, let next = rest.dropFirst(3).first, next == 0x3D || next == 0x21 {
                throw failure("invalid or unsupported Perl syntax", rest.prefix(4))
            }
            guard let end = rest.firstIndex(of: 0x3E) else { throw failure("invalid named capture", rest) }
            let name = source[(index + skip)..<end]
            let isName =
                !name.isEmpty
                && name.allSatisfy {
                    $0 == 0x5F || (0x30...0x39).contains($0) || (0x41...0x5A).contains($0)
                        || (0x61...0x7A).contains($0)
                }
            guard isName else { throw failure("invalid named capture", source[index...end]) }
            let text = String(decoding: name, as: UTF8.self)
            // Go allows several groups with the same name. RE2 does not, and needs no names.
            groupNames.append(text)
            pattern.append(0x28)
            index = end + 1
            return
        }
        var at = index + 2
        var isNegative = false
        var sawFlag = false
        while at < source.count {
            switch source[at] {
            case 0x69, 0x6D, 0x73, 0x55: sawFlag = true
            case 0x2D where !isNegative:
                isNegative = true
                sawFlag = false
            case 0x3A where !isNegative || sawFlag:
                copy(at + 1 - index)
                return
            case 0x29 where (!isNegative || sawFlag):
                openGroups -= 1
                copy(at + 1 - index)
                return
            default: throw failure("invalid or unsupported Perl syntax", source[index...at])
            }
            at += 1
        }
        throw failure("missing closing )", source)
    }

    private mutating func escape() throws(Failure) {
        guard index + 1 < source.count else { throw failure("trailing backslash at end of expression", []) }
        let next = source[index + 1]
        switch next {
        case 0x51:
            // \Q…\E: every rune in between is literal.
            let literal = source[(index + 2)...]
            let end = ByteText.index(of: Array("\\E".utf8), in: source, from: index + 2)
            let text = end.map { literal[..<$0] } ?? literal
            for byte in text {
                if byte < 0x80, !Runes.isLetter(UInt32(byte)), !Runes.isDigit(UInt32(byte)), byte != 0x5F {
                    pattern.append(0x5C)
                }
                pattern.append(byte)
            }
            index = end.map { $0 + 2 } ?? source.count
        case 0x45: throw failure("invalid escape sequence", source[index..<(index + 2)])
        case 0x41, 0x62, 0x42, 0x7A, 0x64, 0x44, 0x73, 0x53, 0x77, 0x57: copy(2)
        case 0x43: throw failure("invalid escape sequence", source[index..<(index + 2)])
        default: try characterEscape(inBrackets: false)
        }
    }

    /// Copies `\\p{Name}`, `\\P{Name}`, `\\p{^Name}` or `\\pN`. Classes whose names RE2 does not know are expanded.
    private mutating func unicodeClass(inBrackets: Bool) throws(Failure) {
        let start = index
        var isNegative = source[start + 1] == 0x50
        var name: ArraySlice<UInt8>
        let end: Int
        if source[start + 2] == 0x7B {
            guard let close = source[start...].firstIndex(of: 0x7D) else {
                throw failure("invalid character class range", source[start...])
            }
            name = source[(start + 3)..<close]
            end = close + 1
            if name.first == 0x5E {
                isNegative.toggle()
                name.removeFirst()
            }
        } else {
            end = start + 2 + Runes.decode(source, at: start + 2).size
            name = source[(start + 2)..<end]
        }
        guard let members = UnicodeClass.members(named: Array(name), isNegative: isNegative) else {
            throw failure("invalid character class range", source[start..<end])
        }
        pattern.append(contentsOf: (inBrackets ? members : "[\(members)]").utf8)
        index = end
    }

    /// Copies an escape of a character or of a Unicode class, inside or outside of brackets.
    private mutating func characterEscape(inBrackets: Bool) throws(Failure) {
        let start = index
        guard start + 1 < source.count else { throw failure("trailing backslash at end of expression", []) }
        let next = source[start + 1]
        switch next {
        case 0x70, 0x50:
            guard start + 2 < source.count else {
                throw failure("invalid character class range", source[start...])
            }
            try unicodeClass(inBrackets: inBrackets)
        case 0x31...0x37:
            // \1 would be a backreference; \12 is octal.
            guard start + 2 < source.count, (0x30...0x37).contains(source[start + 2]) else {
                throw failure("invalid escape sequence", source[start..<(start + 2)])
            }
            copy(2 + source[(start + 2)...].prefix(2).prefix { (0x30...0x37).contains($0) }.count)
        case 0x30: copy(2 + source[(start + 2)...].prefix(2).prefix { (0x30...0x37).contains($0) }.count)
        case 0x78:
            let isHex: (UInt8) -> Bool = { byte in
                (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
            }
            let rest = source[(start + 2)...]
            if rest.first == 0x7B {
                let digits = rest.dropFirst().prefix(while: isHex)
                let end = start + 3 + digits.count
                let number =
                    digits.count > 8 ? nil : UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
                guard let number, number <= 0x10FFFF, end < source.count, source[end] == 0x7D else {
                    throw failure("invalid escape sequence", source[start..<min(end + 1, source.count)])
                }
                copy(end + 1 - start)
            } else {
                guard rest.prefix(2).count == 2, rest.prefix(2).allSatisfy(isHex) else {
                    throw failure("invalid escape sequence", source[start..<min(start + 4, source.count)])
                }
                copy(4)
            }
        case 0x61, 0x66, 0x6E, 0x72, 0x74, 0x76: copy(2)
        case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: copy(2)
        case 0x00...0x20, 0x7F:
            // Go allows escaping every ASCII character except letters and digits. These are literal without a backslash
            // too.
            index += 1
            copy(1)
        default:
            throw failure(
                "invalid escape sequence",
                source[start..<(start + 1 + Runes.decode(source, at: start + 1).size)])
        }
    }

    private mutating func characterClass() throws(Failure) {
        let start = index
        copy(1)
        if index < source.count, source[index] == 0x5E { copy(1) }
        var isFirst = true
        while true {
            guard index < source.count else { throw failure("missing closing ]", source[start...]) }
            let byte = source[index]
            if byte == 0x5D && !isFirst {
                copy(1)
                return
            }
            // This hyphen is not within a range. If only one byte follows, the class has no end.
            if byte == 0x2D, !isFirst, index + 1 < source.count, source[index + 1] != 0x5D,
                !(index + 2 < source.count)
            {
                throw failure("missing closing ]", source[start...])
            }
            isFirst = false
            if byte == 0x5B, index + 2 < source.count, source[index + 1] == 0x3A,
                let end = ByteText.index(of: [0x3A, 0x5D], in: source, from: index + 2)
            {
                let name = source[index..<(end + 2)]
                guard
                    RegexSyntax.posixClasses.contains(
                        String(decoding: name.filter { $0 != 0x5E }, as: UTF8.self))
                else { throw failure("invalid character class range", name) }
                copy(end + 2 - index)
                continue
            }
            if byte == 0x5C, index + 1 < source.count,
                [0x64, 0x44, 0x73, 0x53, 0x77, 0x57, 0x70, 0x50].contains(source[index + 1])
            {
                if source[index + 1] & 0xDF == 0x50 { try characterEscape(inBrackets: true) } else { copy(2) }
                continue
            }
            let rangeStart = index
            let low = try classCharacter(start)
            if index + 1 < source.count, source[index] == 0x2D, source[index + 1] != 0x5D {
                copy(1)
                let high = try classCharacter(start)
                if high < low { throw failure("invalid character class range", source[rangeStart..<index]) }
            }
        }
    }

    /// Copies and returns one character within brackets.
    private mutating func classCharacter(_ classStart: Int) throws(Failure) -> UInt32 {
        guard index < source.count else { throw failure("missing closing ]", source[classStart...]) }
        let start = index
        guard source[index] == 0x5C else {
            let (rune, size) = Runes.decode(source, at: index)
            copy(size)
            return rune
        }
        try characterEscape(inBrackets: true)
        return RegexSyntax.character(source[start..<index])
    }

    private static func character(_ escape: ArraySlice<UInt8>) -> UInt32 {
        let body = escape.dropFirst()
        switch body.first {
        case 0x78:
            let digits = body.dropFirst().filter { $0 != 0x7B && $0 != 0x7D }
            return UInt32(String(decoding: digits, as: UTF8.self), radix: 16) ?? 0
        case .some(let digit) where (0x30...0x37).contains(digit):
            return UInt32(String(decoding: body, as: UTF8.self), radix: 8) ?? 0
        case 0x61: return 7
        case 0x66: return 12
        case 0x6E: return 10
        case 0x72: return 13
        case 0x74: return 9
        case 0x76: return 11
        case .some(let byte): return UInt32(byte)
        case nil: return 0
        }
    }

    private static let posixClasses: Set<String> = Set(
        [
            "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
            "upper",
            "word", "xdigit",
        ].map { "[:\($0):]" })
}
