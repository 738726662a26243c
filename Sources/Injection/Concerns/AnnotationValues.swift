import PluginAPI
import Values

/// Checks annotation values as Go's parsers do.
enum AnnotationValues {
    /// The problem of a value; nil if it is valid.
    static func problem(
        _ value: String, _ rule: AnnotationRules.Rule, _ form: PolicyConfiguration.Form
    ) -> String? {
        switch rule {
        case .anything: return nil
        case .interceptionMode:
            return ["REDIRECT", "TPROXY", "NONE"].contains(value) ? nil : "expected REDIRECT, TPROXY or NONE"
        case .port: return port(value[...])
        case .ports: return ports(value)
        case .portsOrAll: return value == "*" ? nil : ports(value).map { $0 + ", or * alone" }
        case .addresses: return ranges(value)
        case .addressesOrAll: return value == "*" ? nil : ranges(value).map { $0 + ", or * alone" }
        case .unsigned32:
            return unsigned(value[...], limit: UInt64(UInt32.max))
                ? nil : "expected a whole number, 0 to \(UInt32.max)"
        case .bool: return GoBool.parse(value) == nil ? "expected true or false" : nil
        case .quantity: return quantity(value)
        case .interfaces: return interfaces(value)
        case .proxyConfiguration:
            do {
                _ = try MeshConfiguration.proxyConfig(of: value, form: form)
                return nil
            } catch {
                return IstioText.proxyConfigFailed + error.message
            }
        }
    }

    /// Go's strconv.ParseUint in base 10: digits only.
    private static func unsigned(_ text: Substring, limit: UInt64) -> Bool {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return false }
        guard let number = UInt64(text) else { return false }
        return number <= limit
    }

    private static func port(_ text: Substring) -> String? {
        unsigned(GoText.trimSpace(text), limit: 65535) ? nil : "found '\(text)', expected a port, 0 to 65535"
    }

    /// The problem of a list of ports, separated by commas. An empty value is valid, an empty entry is not.
    private static func ports(_ value: String) -> String? {
        let value = GoText.trimSpace(value[...])
        if value.isEmpty { return nil }
        return value.split(byte: ",", omittingEmptySubsequences: false).lazy.compactMap { port($0) }
            .first
    }

    private static func ranges(_ value: String) -> String? {
        if value.isEmpty { return nil }
        let bad = value.split(byte: ",", omittingEmptySubsequences: false).first { !isRange($0) }
        return bad.map { "found '\($0)', expected address ranges such as 10.0.0.0/8" }
    }

    private static func quantity(_ value: String) -> String? {
        if value.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            return "expected an amount without control characters"
        }
        return Quantity.canonical(value) == nil ? Quantity.syntaxMessage : nil
    }

    private static func interfaces(_ value: String) -> String? {
        if value.isEmpty { return nil }
        for part in value.split(byte: ",", omittingEmptySubsequences: false) {
            let name = GoText.trimSpace(part)
            if name.utf8.count > 15 { return "interface name '\(name)' is longer than 15 characters" }
            let letters = name.utf8
            guard let first = letters.first, isLetter(first), letters.allSatisfy(isNameByte) else {
                return
                    "found '\(name)', expected an interface name: a letter, then letters, digits, '_', '.' or '-'"
            }
        }
        return nil
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x66)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
            || byte == UInt8(ascii: "-")
    }
}

// MARK: Address ranges

extension AnnotationValues {
    /// Whether the text is an address range, such as `10.0.0.0/8` or `fd00::/8`.
    private static func isRange(_ text: Substring) -> Bool {
        let parts = text.split(byte: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy(isDigit),
            parts[1] == "0" || parts[1].utf8.first != 0x30, let length = Int(parts[1])
        else { return false }
        if isIPv4(parts[0]) { return length <= 32 }
        return isIPv6(parts[0]) && length <= 128
    }

    private static func isIPv4(_ text: Substring) -> Bool {
        let parts = text.split(byte: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                (1...3).contains(part.utf8.count) && part.utf8.allSatisfy(isDigit)
                    && (part.utf8.count == 1 || part.utf8.first != 0x30) && UInt8(part) != nil
            }
    }

    /// Whether the text is an IPv6 address: eight groups of one to four hexadecimal digits. The last two may be an IPv4
    /// address, and `::` may stand for groups of zeros once (RFC 4291, section 2.2).
    private static func isIPv6(_ text: Substring) -> Bool {
        guard text.utf8.count <= 45 else { return false }
        var halves: [[Substring]] = [[]]
        var place = text.startIndex
        if text.begins(with: "::") {
            halves = [[], []]
            place = text.utf8.index(place, offsetBy: 2)
        }
        while place < text.endIndex {
            let end = text[place...].firstIndex(ofByte: ":") ?? text.endIndex
            guard end > place else { return false }
            halves[halves.count - 1].append(text[place..<end])
            guard end < text.endIndex else { break }
            place = text.utf8.index(after: end)
            guard place < text.endIndex else { return false }
            if text.utf8[place] == UInt8(ascii: ":") {
                guard halves.count == 1 else { return false }
                halves.append([])
                place = text.utf8.index(after: place)
            }
        }
        var groups = halves.reduce(0) { $0 + $1.count }
        let all = halves.flatMap { $0 }
        for (index, group) in all.enumerated() {
            if index == all.count - 1, group.contains(byte: "."), !halves[halves.count - 1].isEmpty {
                guard isIPv4(group) else { return false }
                groups += 1
            } else {
                guard (1...4).contains(group.utf8.count), group.utf8.allSatisfy(isHexDigit) else {
                    return false
                }
            }
        }
        return halves.count == 2 ? groups <= 7 : groups == 8
    }
}
