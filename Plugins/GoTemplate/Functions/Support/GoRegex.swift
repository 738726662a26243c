import CRE2
import Synchronization

/// Go's `regexp.Regexp`, implemented with RE2: RE2 finds the matches, everything else is as in Go.
final class GoRegex: @unchecked Sendable {
    // RE2 objects are immutable after construction, so any number of threads may use them.
    private let handle: OpaquePointer
    private let names: [String]
    private let source: [UInt8]
    private let groups: Int
    /// The number of instructions of the compiled pattern. In the worst case, each is tried at every byte of a text.
    let size: Int
    /// Whether finding a match may require reading far beyond it, so that finding all matches may take quadratic time.
    private let readsAhead: Bool

    /// Called before each search but the first, with the number of bytes that it may read in addition to those that it
    /// consumes. Throws to end the search.
    typealias Account<E: Error> = (_ bytes: Int) throws(E) -> Void

    struct Failure: Error { var message: String }

    private static let cache = Mutex<[[UInt8]: GoRegex]>([:])
    /// The largest number of cached patterns. Each may take up to `memoryLimit`; templates have a handful.
    private static let cacheLimit = 16
    /// RE2's default limit for the program of a pattern and its automaton.
    private static let memoryLimit: Int64 = 8 << 20

    /// - Throws: Go's message, `error parsing regexp: …`.
    static func compile(_ pattern: [UInt8]) throws(Failure) -> GoRegex {
        if let known = cache.withLock({ $0[pattern] }) { return known }
        let regex = try GoRegex(pattern)
        cache.withLock {
            if $0.count >= cacheLimit { $0.removeAll() }
            $0[pattern] = regex
        }
        return regex
    }

    private init(_ source: [UInt8]) throws(Failure) {
        let syntax: RegexSyntax
        do { syntax = try RegexSyntax(source) } catch {
            throw Failure(message: "error parsing regexp: " + error.message)
        }
        var handle: OpaquePointer?
        var problem = [CChar](repeating: 0, count: 256)
        let pattern = syntax.pattern
        let status = pattern.withUnsafeBytes { bytes in
            pillion_regex_compile(
                bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, GoRegex.memoryLimit,
                &handle,
                &problem, problem.count)
        }
        guard let handle else {
            let text = String(
                decoding: problem.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let expression = String(decoding: source, as: UTF8.self)
            switch pillion_regex_status(status) {
            case PILLION_REGEX_TOO_LARGE:
                throw Failure(message: "error parsing regexp: expression too large: `\(expression)`")
            case PILLION_REGEX_REFUSED: throw Failure(message: "error parsing regexp: \(text)")
            default: throw Failure(message: text)
            }
        }
        self.handle = handle
        self.source = source
        names = syntax.groupNames
        groups = Int(pillion_regex_groups(handle)) + 1
        size = Int(pillion_regex_size(handle))
        readsAhead = syntax.readsAhead
    }

    deinit { pillion_regex_free(handle) }

    /// A text prepared for searching. RE2 in UTF-8 mode never matches a byte that is not valid UTF-8; Go treats it as
    /// U+FFFD. These bytes are replaced for the search, and `origin` maps back to the original offsets.
    private struct Subject {
        var bytes: [UInt8]
        var origin: [Int]?

        init(_ text: [UInt8]) {
            bytes = text
            guard String(validating: text, as: UTF8.self) == nil else { return }
            var clean: [UInt8] = []
            var places: [Int] = []
            var index = 0
            while index < text.count {
                let (rune, size) = Runes.decode(text, at: index)
                let before = clean.count
                Runes.append(rune, to: &clean)
                for offset in 0..<(clean.count - before) { places.append(min(index + offset, index + size)) }
                index += size
            }
            places.append(text.count)
            bytes = clean
            origin = places
        }

        func place(_ offset: Int) -> Int {
            guard let origin, offset >= 0 else { return offset }
            return origin[offset]
        }
    }

    private func match(_ bytes: [UInt8], from start: Int, groups: Int) -> [Int]? {
        var offsets = [Int](repeating: -1, count: groups * 2)
        var start = start
        while true {
            let found = bytes.withUnsafeBytes { text in
                pillion_regex_match(
                    handle, text.baseAddress?.assumingMemoryBound(to: CChar.self), text.count, start,
                    &offsets,
                    Int32(groups))
            }
            guard found == 1 else { return nil }
            // RE2 matches `\\B` between any two bytes, Go only between runes: a match within a rune does not count.
            guard offsets[0] == offsets[1], offsets[0] < bytes.count, bytes[offsets[0]] & 0xC0 == 0x80 else {
                return offsets
            }
            start = offsets[0] + 1
            while start < bytes.count, bytes[start] & 0xC0 == 0x80 { start += 1 }
        }
    }

    func matches(_ text: [UInt8]) -> Bool { match(Subject(text).bytes, from: 0, groups: 1) != nil }

    /// Returns the range of the first match.
    func first(in text: [UInt8]) -> Range<Int>? {
        let subject = Subject(text)
        guard let found = match(subject.bytes, from: 0, groups: 1) else { return nil }
        return subject.place(found[0])..<subject.place(found[1])
    }

    /// Returns the ranges of matches that do not overlap. An empty match directly after another match does not count. A
    /// negative `limit` returns all.
    func all<E: Error>(
        in text: [UInt8], limit: Int, account: Account<E>
    ) throws(E) -> [Range<Int>] {
        let subject = Subject(text)
        var result: [Range<Int>] = []
        var position = 0
        var previousEnd = -1
        while (limit < 0 || result.count < limit) && position <= subject.bytes.count {
            if position > 0 { try account(readsAhead ? subject.bytes.count - position : 0) }
            guard let found = match(subject.bytes, from: position, groups: 1) else { break }
            var accepted = true
            if found[1] == position {
                if found[0] == previousEnd { accepted = false }
                position +=
                    position < subject.bytes.count ? Runes.decode(subject.bytes, at: position).size : 1
            } else {
                position = found[1]
            }
            previousEnd = found[1]
            if accepted { result.append(subject.place(found[0])..<subject.place(found[1])) }
        }
        return result
    }

    /// Replaces every match. `template` is expanded ($1, ${name}) unless `literally` is set.
    ///
    /// - Throws: the error of `room` if the result has too many bytes.
    func replaceAll<E: Error>(
        in text: [UInt8], with template: [UInt8], literally: Bool, account: Account<E>,
        room: (Int) throws(E) -> Void
    ) throws(E) -> [UInt8] {
        let subject = Subject(text)
        var output: [UInt8] = []
        var lastEnd = 0
        var position = 0
        while position <= subject.bytes.count {
            if position > 0 { try account(readsAhead ? subject.bytes.count - position : 0) }
            guard let found = match(subject.bytes, from: position, groups: literally ? 1 : groups) else {
                break
            }
            let places = found.map { subject.place($0) }
            output.append(contentsOf: text[subject.place(lastEnd)..<places[0]])
            if found[1] > lastEnd || found[0] == 0 {
                if literally {
                    output.append(contentsOf: template)
                } else {
                    expand(template, text, places, into: &output)
                }
                try room(output.count)
            }
            lastEnd = found[1]
            let width = position < subject.bytes.count ? Runes.decode(subject.bytes, at: position).size : 1
            position = max(position + width, found[1])
        }
        output.append(contentsOf: text[subject.place(lastEnd)...])
        return output
    }

    /// Expands a template. `$name` extends as far as there are letters, digits and underscores; `$$` is a dollar sign.
    /// A name without a group expands to nothing.
    private func expand(_ template: [UInt8], _ text: [UInt8], _ places: [Int], into output: inout [UInt8]) {
        var index = 0
        while index < template.count {
            guard template[index] == 0x24 else {
                output.append(template[index])
                index += 1
                continue
            }
            index += 1
            if index < template.count, template[index] == 0x24 {
                output.append(0x24)
                index += 1
                continue
            }
            let braced = index < template.count && template[index] == 0x7B
            let start = index + (braced ? 1 : 0)
            var end = start
            while end < template.count {
                let (rune, size) = Runes.decode(template, at: end)
                guard Runes.isLetter(rune) || Runes.isDigit(rune) || rune == 0x5F else { break }
                end += size
            }
            guard end > start, !braced || (end < template.count && template[end] == 0x7D) else {
                output.append(0x24)
                continue
            }
            index = end + (braced ? 1 : 0)
            append(group: template[start..<end], text, places, into: &output)
        }
    }

    private func append(
        group name: ArraySlice<UInt8>, _ text: [UInt8], _ places: [Int], into output: inout [UInt8]
    ) {
        let isNumber =
            name.count <= 9 && name.allSatisfy { (0x30...0x39).contains($0) }
            && !(name.count > 1 && name.first == 0x30)
        if isNumber {
            let number = name.reduce(0) { $0 * 10 + Int($1 - 0x30) }
            if 2 * number + 1 < places.count, places[2 * number] >= 0 {
                output.append(contentsOf: text[places[2 * number]..<places[2 * number + 1]])
            }
            return
        }
        let wanted = String(decoding: name, as: UTF8.self)
        for (number, known) in names.enumerated()
        where known == wanted && 2 * number + 1 < places.count && places[2 * number] >= 0 {
            output.append(contentsOf: text[places[2 * number]..<places[2 * number + 1]])
            return
        }
    }

    /// Returns the parts between matches: at most `limit` of them, the last being the rest, or all if it is negative.
    func split<E: Error>(
        _ text: [UInt8], limit: Int, account: Account<E>
    ) throws(E) -> [[UInt8]] {
        guard limit != 0 else { return [] }
        if !source.isEmpty && text.isEmpty { return [[]] }
        var result: [[UInt8]] = []
        var begin = 0
        var end = 0
        for found in try all(in: text, limit: limit, account: account) {
            if limit > 0 && result.count == limit - 1 { break }
            end = found.lowerBound
            if found.upperBound != 0 { result.append(Array(text[begin..<end])) }
            begin = found.upperBound
        }
        if end != text.count { result.append(Array(text[begin...])) }
        return result
    }

    /// Escapes with a backslash each character that is special in a pattern.
    static func quoteMeta(_ text: [UInt8]) -> [UInt8] {
        let special = Set("\\.+*?()|[]{}^$".utf8)
        var output: [UInt8] = []
        for byte in text {
            if special.contains(byte) { output.append(0x5C) }
            output.append(byte)
        }
        return output
    }
}
