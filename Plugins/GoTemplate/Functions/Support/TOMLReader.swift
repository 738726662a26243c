import Values

/// Parses TOML 1.1 as BurntSushi's package does for Helm's `fromToml`: tables become maps, integers int64, dates times.
///
/// Takes a text. Returns a map, or throws an error with the line and the last key that was read.
struct TOMLReader: ~Copyable {
    /// A table that is being filled. The way in which it was created determines what may add to it.
    private final class Table {
        let map = GoMap()
        var tables: [String: Table] = [:]
        var lists: [String: [Table]] = [:]
        /// Whether the table has a heading of its own, and is not only a part of a longer name.
        var hasHeading = false
        /// Whether it was created by dotted keys or as an inline table. No heading may reopen it.
        var isClosed = false
    }

    private let bytes: [UInt8]
    private let call: Call
    private var index = 0
    private var line = 1
    /// The key whose value is being read, after the names of the inline tables around it.
    private var lastKey: [String] = []
    private let root = Table()
    private static let depthLimit = 200

    /// - Throws: `toml: line 2 (last key "a"): …`.
    static func read(_ text: [UInt8], _ call: Call) throws(FunctionError) -> GoValue {
        guard String(validating: text, as: UTF8.self) != nil else {
            throw .message("toml: line 1: invalid UTF-8 byte")
        }
        var reader = TOMLReader(text, call)
        try reader.readDocument()
        return finished(reader.root)
    }

    private init(_ text: [UInt8], _ call: Call) {
        bytes = text
        self.call = call
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
    }

    private static func finished(_ table: Table) -> GoValue {
        for (key, inner) in table.tables { table.map[key] = finished(inner) }
        for (key, items) in table.lists {
            table.map[key] = .slice(GoSlice(type: .slice(of: .anyMap), items: items.map { finished($0) }))
        }
        return .map(table.map)
    }

    // MARK: Errors

    private func failure(_ message: String) -> FunctionError {
        let key = lastKey.isEmpty ? "" : " (last key \"\(lastKey.joined(separator: "."))\")"
        return .message("toml: line \(line)\(key): \(message)")
    }

    /// The next character, as messages show it.
    private var shown: String {
        guard index < bytes.count else { return "'\\x00'" }
        let (_, size) = Runes.decode(bytes, at: index)
        let quoted = GoText.quoted(Array(bytes[index..<(index + size)])).dropFirst().dropLast()
        return "'\(quoted == "\\\"" ? "\"" : String(quoted))'"
    }

    // MARK: Characters

    private var isAtEnd: Bool { index >= bytes.count }
    private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func advance(_ count: Int = 1) {
        for _ in 0..<count where index < bytes.count {
            if bytes[index] == 0x0A { line += 1 }
            index += 1
        }
    }

    private func starts(with text: String) -> Bool { bytes[index...].starts(with: text.utf8) }

    private mutating func skipBlanks() { while next == 0x20 || next == 0x09 { index += 1 } }

    private mutating func skipComment() {
        if next == 0x23 { while let byte = next, byte != 0x0A { _ = byte; index += 1 } }
    }

    /// Skips white space, line ends and comments.
    private mutating func skipLines() {
        while let byte = next {
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D: advance()
            case 0x23: skipComment()
            default: return
            }
        }
    }

    // MARK: Document

    private mutating func readDocument() throws(FunctionError) {
        var table = root
        while true {
            skipLines()
            guard let byte = next else { return }
            try call.work(1)
            lastKey = []
            if byte == 0x5B {
                table = try readHeading()
            } else {
                try readPair(into: table, prefix: [], depth: 0)
            }
            lastKey = []
            skipBlanks()
            skipComment()
            if starts(with: "\r\n") { index += 1 }
            guard isAtEnd || next == 0x0A else {
                throw failure(
                    "expected a top-level item to end with a newline, comment, or EOF, but got \(shown) instead"
                )
            }
        }
    }

    private mutating func readHeading() throws(FunctionError) -> Table {
        let isList = starts(with: "[[")
        advance(isList ? 2 : 1)
        var path: [String] = []
        while true {
            skipBlanks()
            if next == 0x5D || next == 0x2E || isAtEnd && path.isEmpty {
                throw failure(
                    isAtEnd
                        ? "unexpected EOF; expected table name"
                        : "unexpected end of table name (table names cannot be empty)")
            }
            path.append(try readKeyPart())
            skipBlanks()
            if next == 0x2E {
                advance()
                continue
            }
            guard next == 0x5D else {
                throw failure("expected '.' or ']' to end table name, but got \(shown) instead")
            }
            break
        }
        advance()
        if isList {
            guard next == 0x5D else {
                throw failure(
                    "expected end of table array name delimiter ']', but got \(shown) instead")
            }
            advance()
        }
        return try open(path, isList: isList)
    }

    /// Returns the table that a heading names.
    private func open(_ path: [String], isList: Bool) throws(FunctionError) -> Table {
        var table = root
        for (place, name) in path.enumerated() {
            let isLast = place == path.count - 1
            let defined = failure(
                "Key '\(path[...place].joined(separator: "."))' has already been defined.")
            if table.map[name] != nil { throw defined }
            if isLast, isList {
                if table.tables[name] != nil { throw defined }
                let item = Table()
                item.hasHeading = true
                table.lists[name, default: []].append(item)
                return item
            }
            if let items = table.lists[name], let item = items.last {
                if isLast { throw defined }
                table = item
                continue
            }
            let inner = table.tables[name] ?? Table()
            if isLast, inner.hasHeading || inner.isClosed { throw defined }
            table.tables[name] = inner
            if isLast { inner.hasHeading = true }
            table = inner
        }
        return table
    }

    // MARK: Keys

    private mutating func readKeyPart() throws(FunctionError) -> String {
        switch next {
        case 0x22: return try readString(0x22, allowsLines: false)
        case 0x27: return try readString(0x27, allowsLines: false)
        default:
            let name = bytes[index...].prefix { SemanticVersion.isIdentifier($0) || $0 == 0x5F }
            guard !name.isEmpty else {
                if next == 0x3D || next == 0x2E {
                    throw failure("unexpected \(shown): key name appears blank")
                }
                throw failure("bare keys cannot contain \(shown)")
            }
            index += name.count
            return String(decoding: name, as: UTF8.self)
        }
    }

    private mutating func readPair(
        into table: Table, prefix: [String], depth: Int
    ) throws(FunctionError) {
        var path = [try readKeyPart()]
        skipBlanks()
        while next == 0x2E {
            advance()
            skipBlanks()
            path.append(try readKeyPart())
            skipBlanks()
        }
        guard next == 0x3D else {
            if isAtEnd { throw failure("unexpected EOF; expected key separator '='") }
            throw failure("expected '.' or '=', but got \(shown) instead")
        }
        advance()
        lastKey = prefix + path
        var target = table
        for (place, name) in path.dropLast().enumerated() {
            if target.map[name] != nil || target.lists[name] != nil {
                throw failure("Key '\(path[...place].joined(separator: "."))' has already been defined.")
            }
            let inner = target.tables[name] ?? Table()
            inner.isClosed = true
            target.tables[name] = inner
            target = inner
        }
        skipBlanks()
        let value = try readValue(depth: depth)
        lastKey = prefix + path
        let name = path[path.count - 1]
        guard target.map[name] == nil, target.tables[name] == nil, target.lists[name] == nil else {
            throw failure("Key '\((prefix + path).joined(separator: "."))' has already been defined.")
        }
        target.map[name] = value
    }

    // MARK: Values

    private mutating func readValue(depth: Int) throws(FunctionError) -> GoValue {
        guard depth < TOMLReader.depthLimit else { throw failure("values nest too deeply") }
        try call.work(1)
        switch next {
        case nil: throw failure("unexpected EOF; expected value")
        case 0x22, 0x27: return .string(try readString(bytes[index], allowsLines: true))
        case 0x5B: return try readList(depth)
        case 0x7B: return try readInlineTable(depth)
        default: return try readScalar()
        }
    }

    private mutating func readList(_ depth: Int) throws(FunctionError) -> GoValue {
        advance()
        var items: [GoValue] = []
        while true {
            skipLines()
            if next == 0x5D { break }
            items.append(try readValue(depth: depth + 1))
            try call.room(items: items.count)
            skipLines()
            if next == 0x2C {
                advance()
                continue
            }
            guard next == 0x5D else {
                let found = isAtEnd ? "end of file" : shown
                throw failure("expected a comma (',') or array terminator (']'), but got \(found)")
            }
            break
        }
        advance()
        return .list(items)
    }

    private mutating func readInlineTable(_ depth: Int) throws(FunctionError) -> GoValue {
        let outer = lastKey
        advance()
        let table = Table()
        while true {
            skipLines()
            if next == 0x7D { break }
            try readPair(into: table, prefix: outer, depth: depth + 1)
            skipLines()
            if next == 0x2C {
                advance()
                continue
            }
            guard next == 0x7D else {
                let found = isAtEnd ? "end of file" : shown
                throw failure(
                    "expected a comma or an inline table terminator '}', but got \(found) instead")
            }
            break
        }
        advance()
        lastKey = outer
        return TOMLReader.finished(table)
    }

    private mutating func readString(_ quote: UInt8, allowsLines: Bool) throws(FunctionError) -> String {
        let triple = [quote, quote, quote]
        if allowsLines, bytes[index...].starts(with: triple) {
            advance(3)
            return try readLines(quote)
        }
        advance()
        var text: [UInt8] = []
        while true {
            guard let byte = next else {
                throw failure("unexpected EOF; expected '\(Character(Unicode.Scalar(quote)))'")
            }
            if byte == quote { break }
            if byte == 0x0A { throw failure("strings cannot contain newlines") }
            if byte == 0x5C, quote == 0x22 {
                try readEscape(into: &text)
            } else {
                try checkControl(byte)
                text.append(byte)
                advance()
            }
        }
        advance()
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads the text after three quotes, up to the next three. A line end directly after the first three is skipped.
    private mutating func readLines(_ quote: UInt8) throws(FunctionError) -> String {
        if starts(with: "\r\n") { advance(2) } else if next == 0x0A { advance() }
        var text: [UInt8] = []
        while true {
            guard let byte = next else {
                let mark = String(repeating: Character(Unicode.Scalar(quote)), count: 3)
                throw failure("unexpected EOF; expected '\(mark)'")
            }
            if byte == quote, bytes[index...].starts(with: [quote, quote, quote]) {
                // Up to two more quotes belong to the text.
                let run = bytes[index...].prefix { $0 == quote }.count
                text += [UInt8](repeating: quote, count: min(run - 3, 2))
                advance(min(run, 5))
                return String(decoding: text, as: UTF8.self)
            }
            if byte == 0x5C, quote == 0x22 {
                let rest = bytes[(index + 1)...].drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
                if rest.first == 0x0A {
                    // A backslash at the end of a line removes all white space after it.
                    advance()
                    while let blank = next, [0x20, 0x09, 0x0A, 0x0D].contains(blank) { advance() }
                } else {
                    try readEscape(into: &text)
                }
                continue
            }
            if byte != 0x0A, byte != 0x0D { try checkControl(byte) }
            text.append(byte)
            advance()
        }
    }

    private func checkControl(_ byte: UInt8) throws(FunctionError) {
        guard byte < 0x20 && byte != 0x09 || byte == 0x7F else { return }
        throw failure("control characters are not allowed inside strings: '0x\(ByteText.hex([byte]))'")
    }

    private mutating func readEscape(into text: inout [UInt8]) throws(FunctionError) {
        advance()
        let simple: [UInt8: UInt8] = [
            0x62: 8, 0x74: 9, 0x6E: 10, 0x66: 12, 0x72: 13, 0x65: 27, 0x22: 0x22, 0x5C: 0x5C,
        ]
        let digits: [UInt8: Int] = [0x75: 4, 0x55: 8, 0x78: 2]
        guard let mark = next else { throw failure("unexpected EOF; expected '\"'") }
        if let byte = simple[mark] {
            text.append(byte)
            return advance()
        }
        guard let count = digits[mark] else {
            throw failure("invalid escape in string '\\\(shown.dropFirst().dropLast())'")
        }
        advance()
        let hex = bytes[index...].prefix(count)
        guard hex.count == count, let number = UInt32(String(decoding: hex, as: UTF8.self), radix: 16) else {
            throw failure("expected \(count) hexadecimal digits after '\\\(Character(Unicode.Scalar(mark)))'")
        }
        guard Unicode.Scalar(number) != nil else {
            throw failure(
                "Escaped character '\\u\(String(decoding: hex, as: UTF8.self))' is not valid UTF-8.")
        }
        Runes.append(number, to: &text)
        index += count
    }

    private mutating func readScalar() throws(FunctionError) -> GoValue {
        let ends = Set(" \t\r\n,]}#".utf8)
        var word = Array(bytes[index...].prefix { !ends.contains($0) })
        // A date and its time may be separated by a space.
        let rest = bytes[(index + word.count)...]
        if word.count == 10, word[4] == 0x2D, rest.first == 0x20, let digit = rest.dropFirst().first,
            (0x30...0x39).contains(digit)
        {
            word += [0x20] + rest.dropFirst().prefix { !ends.contains($0) }
        }
        let text = String(decoding: word, as: UTF8.self)
        defer { index += word.count }
        switch text {
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "inf", "+inf": return .float64(.infinity)
        case "-inf": return .float64(-.infinity)
        case "nan", "+nan", "-nan": return .float64(.nan)
        default: break
        }
        if let time = TOMLTime.read(word) { return .native(NativeTime(time)) }
        let digits = word.first == 0x2B || word.first == 0x2D ? word.dropFirst() : word[...]
        guard let first = digits.first, (0x30...0x39).contains(first) else {
            throw failure("expected value but found \(GoText.quoted(word)) instead")
        }
        return try number(text, word, digits)
    }

    private func number(
        _ text: String, _ word: [UInt8], _ digits: ArraySlice<UInt8>
    ) throws(FunctionError) -> GoValue {
        let isPrefixed =
            digits.starts(with: "0x".utf8) || digits.starts(with: "0o".utf8)
            || digits.starts(with: "0b".utf8)
        let isFloat = !isPrefixed && digits.contains { [0x2E, 0x65, 0x45].contains($0) }
        let kind = isFloat ? "float" : "integer"
        func isDigit(_ at: Int) -> Bool {
            digits.indices.contains(at)
                && ((0x30...0x39).contains(digits[at])
                    || isPrefixed && (0x41...0x46).contains(digits[at] & 0xDF))
        }
        for place in digits.indices where digits[place] == 0x5F && !(isDigit(place - 1) && isDigit(place + 1))
        {
            throw failure("Invalid \(kind) \"\(text)\": underscores must be surrounded by digits")
        }
        if !isPrefixed, digits.count > 1, digits.first == 0x30, isDigit(digits.startIndex + 1) {
            throw failure("Invalid \(kind) \"\(text)\": cannot have leading zeroes")
        }
        let plain = word.filter { $0 != 0x5F }
        if isFloat {
            guard let number = Cast.number(plain) else { throw failure("Invalid float value: \"\(text)\"") }
            return .float64(number)
        }
        if let number = Cast.integer(plain) { return .int64(number) }
        guard plain.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2B || $0 == 0x2D }) else {
            throw failure("expected value but found \"\(text)\" instead")
        }
        throw failure("\(text) is out of range for int64")
    }
}

/// The dates and times of TOML. Those without an offset get a zone name that says so.
enum TOMLTime {
    private static let layouts: [(layout: String, zone: String?)] = [
        ("2006-01-02T15:04:05.999999999Z07:00", nil),
        ("2006-01-02T15:04Z07:00", nil),
        ("2006-01-02T15:04:05.999999999", "datetime-local"),
        ("2006-01-02T15:04", "datetime-local"),
        ("2006-01-02", "date-local"),
        ("15:04:05.999999999", "time-local"),
        ("15:04", "time-local"),
    ]

    static func read(_ word: [UInt8]) -> GoTime? {
        guard word.count >= 5, word[2] == 0x3A || word.count >= 10 && word[4] == 0x2D else { return nil }
        var text = word
        if text.count > 10, text[10] == 0x20 || text[10] == 0x74 { text[10] = 0x54 }
        if text.last == 0x7A { text[text.count - 1] = 0x5A }
        for (layout, zone) in layouts {
            guard var time = try? TimeParser.parse(text, layout: Array(layout.utf8)) else { continue }
            if let zone { time.zoneName = zone }
            return time
        }
        return nil
    }
}
