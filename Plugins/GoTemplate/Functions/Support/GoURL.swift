/// A URL as Go's net/url parses and writes it (RFC 3986 with Go's leniences).
struct GoURL {
    struct Failure: Error { var message: String }

    var scheme: [UInt8] = []
    var opaque: [UInt8] = []
    /// The user and password as they are written in the URL; nil if there are none.
    var userinfo: [UInt8]?
    var host: [UInt8] = []
    var path: [UInt8] = []
    private var rawPath: [UInt8] = []
    private var omitsHost = false
    private var forcesQuery = false
    var query: [UInt8] = []
    var fragment: [UInt8] = []
    private var rawFragment: [UInt8] = []

    init() {}

    private enum Mode { case path, segment, host, zone, userPassword, fragment }

    /// - Throws: errors such as `parse "…": missing protocol scheme`.
    init(_ text: [UInt8]) throws(Failure) {
        let quoted = GoText.quoted(text)
        let cut = text.firstIndex(of: 0x23)
        let main = Array(text[..<(cut ?? text.count)])
        do {
            try parse(main)
        } catch {
            throw Failure(message: "parse \(GoText.quoted(main)): \(error.message)")
        }
        guard let cut else { return }
        let raw = Array(text[(cut + 1)...])
        do {
            fragment = try GoURL.unescape(raw, .fragment)
            rawFragment = GoURL.escape(fragment, .fragment) == raw ? [] : raw
        } catch {
            throw Failure(message: "parse \(quoted): \(error.message)")
        }
    }

    private mutating func parse(_ text: [UInt8]) throws(Failure) {
        guard text.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw Failure(message: "net/url: invalid control character in URL")
        }
        if text == [0x2A] {
            path = text
            return
        }
        var rest = try takeScheme(text)[...]
        if rest.last == 0x3F, rest.count(where: { $0 == 0x3F }) == 1 {
            forcesQuery = true
            rest.removeLast()
        } else if let mark = rest.firstIndex(of: 0x3F) {
            query = Array(rest[(mark + 1)...])
            rest = rest[..<mark]
        }
        if rest.first != 0x2F {
            if !scheme.isEmpty {
                opaque = Array(rest)
                return
            }
            let segment = rest.prefix { $0 != 0x2F }
            if segment.contains(0x3A) {
                throw Failure(message: "first path segment in URL cannot contain colon")
            }
        }
        if !scheme.isEmpty || !rest.starts(with: "///".utf8), rest.starts(with: "//".utf8) {
            let authority = rest.dropFirst(2).prefix { $0 != 0x2F }
            rest = rest.dropFirst(2 + authority.count)
            try parseAuthority(Array(authority))
        } else if !scheme.isEmpty, rest.first == 0x2F {
            omitsHost = true
        }
        let raw = Array(rest)
        path = try GoURL.unescape(raw, .path)
        rawPath = GoURL.escape(path, .path) == raw ? [] : raw
    }

    private mutating func takeScheme(_ text: [UInt8]) throws(Failure) -> [UInt8] {
        for (index, byte) in text.enumerated() {
            switch byte {
            case 0x41...0x5A, 0x61...0x7A: continue
            case 0x30...0x39, 0x2B, 0x2D, 0x2E:
                if index == 0 { return text }
            case 0x3A:
                if index == 0 { throw Failure(message: "missing protocol scheme") }
                scheme = Runes.lower(Array(text[..<index]))
                return Array(text[(index + 1)...])
            default: return text
            }
        }
        return text
    }

    private mutating func parseAuthority(_ authority: [UInt8]) throws(Failure) {
        let at = authority.lastIndex(of: 0x40)
        host = try GoURL.parseHost(Array(authority[(at.map { $0 + 1 } ?? 0)...]))
        guard let at else { return }
        let info = Array(authority[..<at])
        let isValid = info.allSatisfy { byte in
            switch byte {
            case 0x41...0x5A, 0x61...0x7A, 0x30...0x39: true
            default: "-._:~!$&'()*+,;=%@".utf8.contains(byte)
            }
        }
        guard isValid else { throw Failure(message: "net/url: invalid userinfo") }
        let colon = info.firstIndex(of: 0x3A)
        let user = try GoURL.unescape(Array(info[..<(colon ?? info.count)]), .userPassword)
        userinfo = GoURL.escape(user, .userPassword)
        if let colon {
            let password = try GoURL.unescape(Array(info[(colon + 1)...]), .userPassword)
            userinfo = (userinfo ?? []) + [0x3A] + GoURL.escape(password, .userPassword)
        }
    }

    private static func parseHost(_ host: [UInt8]) throws(Failure) -> [UInt8] {
        if host.first == 0x5B {
            guard let end = host.lastIndex(of: 0x5D) else { throw Failure(message: "missing ']' in host") }
            try checkPort(Array(host[(end + 1)...]))
            if let zone = ByteText.index(of: Array("%25".utf8), in: Array(host[..<end])) {
                return try unescape(Array(host[..<zone]), .host) + unescape(Array(host[zone..<end]), .zone)
                    + unescape(Array(host[end...]), .host)
            }
        } else if let colon = host.lastIndex(of: 0x3A) {
            try checkPort(Array(host[colon...]))
        }
        return try unescape(host, .host)
    }

    private static func checkPort(_ port: [UInt8]) throws(Failure) {
        if port.isEmpty { return }
        guard port[0] == 0x3A, port.dropFirst().allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw Failure(message: "invalid port \(GoText.quoted(port)) after host")
        }
    }

    /// The host without its port and without brackets.
    var hostname: [UInt8] {
        var name = host
        if let colon = host.lastIndex(of: 0x3A),
            host[(colon + 1)...].allSatisfy({ (0x30...0x39).contains($0) })
        {
            name = Array(host[..<colon])
        }
        if name.first == 0x5B, name.last == 0x5D { name = Array(name.dropFirst().dropLast()) }
        return name
    }

    private static func isHex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }

    private static func unescape(_ text: [UInt8], _ mode: Mode) throws(Failure) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte == 0x25 {
                guard index + 2 < text.count, let high = isHex(text[index + 1]),
                    let low = isHex(text[index + 2])
                else {
                    throw Failure(
                        message: "invalid URL escape \(GoText.quoted(Array(text[index...].prefix(3))))")
                }
                let value = high << 4 | low
                if mode == .host && value < 0x80 {
                    let escape = Array(text[index..<(index + 3)])
                    if escape != Array("%25".utf8) {
                        throw Failure(message: "invalid URL escape \(GoText.quoted(escape))")
                    }
                }
                output.append(value)
                index += 3
                continue
            }
            if mode == .host || mode == .zone, byte < 0x80, shouldEscape(byte, mode) {
                throw Failure(message: "invalid character \(GoText.quoted([byte])) in host name")
            }
            output.append(byte)
            index += 1
        }
        return output
    }

    private static func shouldEscape(_ byte: UInt8, _ mode: Mode) -> Bool {
        switch byte {
        case 0x41...0x5A, 0x61...0x7A, 0x30...0x39: return false
        case 0x2D, 0x5F, 0x2E, 0x7E: return false
        default: break
        }
        if mode == .host || mode == .zone, "!$&'()*+,;=:[]<>\"".utf8.contains(byte) { return false }
        if "$&+,/:;=?@".utf8.contains(byte) {
            switch mode {
            case .path: return byte == 0x3F
            case .segment: return "/;,?".utf8.contains(byte)
            case .userPassword: return "@/?:".utf8.contains(byte)
            case .fragment: return false
            case .host, .zone: return true
            }
        }
        return !(mode == .fragment && "!()*".utf8.contains(byte))
    }

    private static func escape(_ text: [UInt8], _ mode: Mode) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        var output: [UInt8] = []
        output.reserveCapacity(text.count)
        for byte in text {
            if shouldEscape(byte, mode) {
                output.append(contentsOf: [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]])
            } else {
                output.append(byte)
            }
        }
        return output
    }

    /// The URL as `URL.String` writes it.
    var text: [UInt8] {
        var output: [UInt8] = []
        if !scheme.isEmpty { output += scheme + [0x3A] }
        if !opaque.isEmpty {
            output += opaque
        } else {
            if !scheme.isEmpty || !host.isEmpty || userinfo != nil {
                if omitsHost && host.isEmpty && userinfo == nil {
                    // scheme:/path
                } else {
                    if !host.isEmpty || !path.isEmpty || userinfo != nil { output += Array("//".utf8) }
                    if let userinfo { output += userinfo + [0x40] }
                    output += GoURL.escape(host, .host)
                }
            }
            let written = rawPath.isEmpty ? (path == [0x2A] ? path : GoURL.escape(path, .path)) : rawPath
            if let first = written.first, first != 0x2F, !host.isEmpty { output.append(0x2F) }
            if output.isEmpty, written.prefix(while: { $0 != 0x2F }).contains(0x3A) {
                output += Array("./".utf8)
            }
            output += written
        }
        if forcesQuery || !query.isEmpty { output += [0x3F] + query }
        if !fragment.isEmpty {
            output += [0x23] + (rawFragment.isEmpty ? GoURL.escape(fragment, .fragment) : rawFragment)
        }
        return output
    }
}
