/// Splits identifiers into words and joins them again, as snake_case, kebab-case or PascalCase, and makes the smaller
/// changes of case and width that sprig offers. The rules are those of xstrings 1.5 and goutils 1.1, which sprig 3.3.0
/// uses. As there, `initials` and `nospace` read single bytes as Latin-1.
enum WordCase {
    private enum Kind { case number, upper, letters, connector, punctuation, other }

    private struct Word {
        var kind: Kind
        var runes: ArraySlice<UInt32>
    }

    private static func isConnector(_ rune: UInt32) -> Bool {
        rune == 0x2D || rune == 0x5F || Runes.isSpace(rune)
    }

    /// Whether it is a letter of an alphabet. A Han character is a word by itself.
    private static func isAlphabetic(_ rune: UInt32) -> Bool {
        guard Runes.isLetter(rune) else { return false }
        return
            !((0x4E00...0x9FCC).contains(rune) || (0x3400...0x4D85).contains(rune)
            || (0x20000...0x2B81D).contains(rune))
    }

    /// Splits a text into runs of one kind. A capital belongs to the lower-case letters after it; of several capitals,
    /// the last one belongs to the lower-case letters that follow.
    private static func words(_ runes: [UInt32]) -> [Word] {
        var result: [Word] = []
        var start = 0
        func run(from index: Int, while holds: (UInt32) -> Bool) -> Int {
            var end = index
            while end < runes.count && holds(runes[end]) { end += 1 }
            return end
        }
        func isSmall(_ rune: UInt32) -> Bool { isAlphabetic(rune) && !Runes.isUpper(rune) }
        while start < runes.count {
            let first = runes[start]
            var end = start + 1
            let kind: Kind
            if isConnector(first) {
                kind = .connector
                end = run(from: end, while: isConnector)
            } else if Runes.isPunctuation(first) {
                kind = .punctuation
                end = run(from: end, while: Runes.isPunctuation)
            } else if Runes.isUpper(first) {
                kind = .upper
                let capitals = run(from: end, while: Runes.isUpper)
                if capitals == end {
                    end = run(from: end, while: isSmall)
                } else {
                    end = capitals
                    if end < runes.count && isAlphabetic(runes[end]) { end -= 1 }
                }
            } else if isAlphabetic(first) {
                kind = .letters
                end = run(from: end, while: isSmall)
            } else if Runes.isNumber(first) {
                kind = .number
                end = run(from: end, while: Runes.isNumber)
            } else {
                kind = .other
                end = run(from: end) {
                    !(isConnector($0) || isAlphabetic($0) || Runes.isNumber($0) || Runes.isPunctuation($0))
                }
            }
            result.append(Word(kind: kind, runes: runes[start..<end]))
            start = end
        }
        return result
    }

    /// Returns lower-case words with a connector between them. Digits belong to the word before them, unless lower-case
    /// letters follow them (`http2xx` → `http_2xx`, `Bld4Floor` → `bld4_floor`).
    static func joined(_ text: [UInt8], connector: UInt8) -> [UInt8] {
        let valid = Runes.decode(text).filter { $0 != Runes.replacement }
        let words = words(valid)
        guard !words.isEmpty else { return [] }
        var output: [UInt8] = []
        var index = 0
        func kind(_ at: Int) -> Kind? { at < words.count ? words[at].kind : nil }
        func write(_ word: Word) {
            for rune in word.runes {
                if word.kind == .connector {
                    output.append(connector)
                } else {
                    Runes.append(word.kind == .upper ? Runes.toLower(rune) : rune, to: &output)
                }
            }
        }
        func writeLettersAndNumbers() {
            while let next = kind(index), next == .letters || next == .number {
                write(words[index])
                index += 1
            }
        }
        /// Appends a connector if a word follows that does not begin with one.
        func separate() {
            guard let next = kind(index), next != .connector, next != .punctuation else { return }
            output.append(connector)
        }
        while index < words.count {
            let word = words[index]
            write(word)
            index += 1
            guard index < words.count else { break }
            switch word.kind {
            case .connector, .punctuation: break
            case .number:
                writeLettersAndNumbers()
                separate()
            case .upper, .letters, .other:
                guard kind(index) == .number else {
                    separate()
                    break
                }
                guard index + 1 < words.count else { break }
                if kind(index + 1) == .letters {
                    output.append(connector)
                    writeLettersAndNumbers()
                } else {
                    write(words[index])
                    index += 1
                }
                separate()
            }
        }
        return output
    }

    /// Converts to PascalCase: connectors are removed, and the letter after each becomes a capital. Capitals that
    /// follow a capital at the beginning of a word become lower-case. Connectors at the beginning stay.
    static func pascal(_ text: [UInt8]) -> [UInt8] {
        let runes = Runes.decode(text)
        var output: [UInt8] = []
        guard let first = runes.firstIndex(where: { !isConnector($0) }) else {
            // xstrings repeats the last connector of a text that has only connectors.
            if let last = runes.last { return text + Runes.encode([last]) }
            return text
        }
        for rune in runes[..<first] { Runes.append(rune, to: &output) }
        var inCapitals = Runes.isUpper(runes[first])
        var pending = Runes.toUpper(runes[first])
        for rune in runes[(first + 1)...] {
            var rune = rune
            if isConnector(pending) {
                if isConnector(rune) {
                    Runes.append(pending, to: &output)
                    pending = rune
                    continue
                }
                inCapitals = Runes.isUpper(rune)
                rune = Runes.toUpper(rune)
            } else {
                if inCapitals {
                    if Runes.isUpper(rune) { rune = Runes.toLower(rune) } else { inCapitals = false }
                }
                Runes.append(pending, to: &output)
            }
            pending = rune
        }
        Runes.append(pending, to: &output)
        return output
    }

    /// Swaps upper and lower case.
    static func swapped(_ text: [UInt8]) -> [UInt8] {
        var atWord = true
        return Runes.map(text) { rune in
            if Runes.isUpper(rune) || Runes.isTitle(rune) {
                atWord = false
                return Runes.toLower(rune)
            }
            if Runes.isLower(rune) {
                defer { atWord = false }
                return atWord ? Runes.toTitle(rune) : Runes.toUpper(rune)
            }
            atWord = Runes.isSpace(rune)
            return rune
        }
    }

    /// Capitalises the first letter of each word; letters, digits and underscores make a word.
    static func title(_ text: [UInt8]) -> [UInt8] {
        var atWord = true
        return Runes.map(text) { rune in
            defer {
                if rune < 0x80 {
                    atWord = !(Runes.isLetter(rune) || Runes.isDigit(rune) || rune == 0x5F)
                } else {
                    atWord = !(Runes.isLetter(rune) || Runes.isDigit(rune)) && Runes.isSpace(rune)
                }
            }
            return atWord ? Runes.toTitle(rune) : rune
        }
    }

    /// Converts the first letter of each word to lower case; words end at white space.
    static func untitled(_ text: [UInt8]) -> [UInt8] {
        var atWord = true
        return Runes.map(text) { rune in
            if Runes.isSpace(rune) {
                atWord = true
                return rune
            }
            defer { atWord = false }
            return atWord ? Runes.toLower(rune) : rune
        }
    }

    /// Returns the first byte of each word, read as Latin-1.
    static func initials(_ text: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        var atWord = true
        for byte in text {
            if Runes.isSpace(UInt32(byte)) {
                atWord = true
            } else if atWord {
                Runes.append(UInt32(byte), to: &output)
                atWord = false
            }
        }
        return output
    }

    /// Removes white space. If there was any, the remaining bytes are read as Latin-1.
    static func withoutSpace(_ text: [UInt8]) -> [UInt8] {
        let kept = text.filter { !Runes.isSpace(UInt32($0)) }
        return kept.count == text.count ? text : Runes.encode(kept.map { UInt32($0) })
    }

    /// Shortens a text to `width` bytes, with `...` at the end, and also at the beginning if `offset` is greater than
    /// 4.
    static func abbreviated(_ text: [UInt8], offset: Int, width: Int) -> [UInt8] {
        let dots = Array("...".utf8)
        guard width >= 4, text.count > width else { return width < 4 ? [] : text }
        var offset = min(offset, text.count)
        if text.count - offset < width - 3 { offset = text.count - (width - 3) }
        if offset <= 4 { return text[..<(width - 3)] + dots }
        guard width >= 7 else { return [] }
        if offset + width - 3 < text.count {
            return dots + abbreviated(Array(text[offset...]), offset: 0, width: width - 3)
        }
        return dots + text[(text.count - (width - 3))...]
    }

    /// Wraps a text into lines of at most `width` bytes at spaces. Longer words are only split if `cutsWords` is set.
    static func wrapped(_ text: [UInt8], width: Int, lineEnd: [UInt8], cutsWords: Bool) -> [UInt8] {
        let width = max(width, 1)
        let lineEnd = lineEnd.isEmpty ? [0x0A] : lineEnd
        var output: [UInt8] = []
        var offset = 0
        while text.count - offset > width {
            if text[offset] == 0x20 {
                offset += 1
                continue
            }
            let blank = text[offset...(offset + width)].lastIndex(of: 0x20)
            let next: Int
            if let blank {
                output.append(contentsOf: text[offset..<blank])
                next = blank + 1
            } else if cutsWords {
                output.append(contentsOf: text[offset..<(offset + width)])
                next = offset + width
            } else if let later = text[(offset + width)...].firstIndex(of: 0x20) {
                output.append(contentsOf: text[offset..<later])
                next = later + 1
            } else {
                output.append(contentsOf: text[offset...])
                return output
            }
            output.append(contentsOf: lineEnd)
            offset = next
        }
        output.append(contentsOf: text[offset...])
        return output
    }
}
