import CGnuTLS
import Glibc
import Values

/// sprig's functions that use randomness or the network. They are only available if impure functions are allowed.
enum SprigImpure {
    static let functions: [TemplateFunction] =
        SprigDates.impure + [
            characters("randAlphaNum", "letters and digits", { Runes.isLetter($0) || Runes.isDigit($0) }),
            characters("randAlpha", "letters", Runes.isLetter),
            characters("randNumeric", "digits", Runes.isDigit),
            characters("randAscii", "printable characters of ASCII", { (0x20..<0x7F).contains($0) }),
            function(
                "randBytes", "func(count int) (string, error)", "random bytes in base64", "", "",
                isPure: false
            ) { call throws(FunctionError) in .string(Base64.encode(try chance(call))) },
            function(
                "randInt", "func(min int, max int) int", "a chance number from min up to max, without it", "",
                "",
                isPure: false
            ) { call throws(FunctionError) in
                let (low, high) = (call.int(0), call.int(1))
                let (span, overflow) = high.subtractingReportingOverflow(low)
                guard !overflow, span > 0 else { throw .message("invalid argument to Intn") }
                return .int(Int.random(in: low..<high))
            },
            function(
                "shuffle", "func(s string) string", "the characters in a chance order", "", "", isPure: false
            ) {
                call throws(FunctionError) in .text(Runes.encode(Runes.decode(call.bytes(0)).shuffled()))
            },
            function("uuidv4", "func() string", "a chance UUID", "", "", isPure: false) {
                _ throws(FunctionError) in
                var bytes = try Crypto.random(16)
                bytes[6] = bytes[6] & 0x0F | 0x40
                bytes[8] = bytes[8] & 0x3F | 0x80
                let hex = Array(ByteText.hex(bytes))
                let parts = [hex[0..<8], hex[8..<12], hex[12..<16], hex[16..<20], hex[20..<32]]
                return .string(parts.map { String($0) }.joined(separator: "-"))
            },
            function(
                "bcrypt", "func(password string) string", "a salted hash of a password", "", "", isPure: false
            ) {
                call throws(FunctionError) in .string(try bcrypt(call.bytes(0), call))
            },
            function(
                "htpasswd", "func(user string, password string) string", "a line of an htpasswd file", "", "",
                isPure: false
            ) { call throws(FunctionError) in
                if call.bytes(0).contains(0x3A) { return .string("invalid username: \(call.text(0))") }
                return .string("\(call.text(0)):\(try bcrypt(call.bytes(1), call))")
            },
            function(
                "encryptAES", "func(password string, s string) (string, error)",
                "AES-256-CBC with a chance beginning, in base64", "", "", isPure: false
            ) { call throws(FunctionError) in
                .string(Base64.encode(try AES.encrypt(call.bytes(1), password: call.bytes(0))))
            },
            function(
                "getHostByName", "func(name string) string", "an address of a host", "", "", isPure: false
            ) {
                call throws(FunctionError) in .string(address(call.text(0)))
            },
        ]

    private static func chance(_ call: Call) throws(FunctionError) -> [UInt8] {
        let count = call.int(0)
        guard count >= 0 else { throw Panic.makeSlice }
        try call.room(bytes: count)
        return try Crypto.random(count)
    }

    private static func characters(
        _ name: String, _ summary: String, _ belongs: @escaping @Sendable (UInt32) -> Bool
    ) -> TemplateFunction {
        let choices = (UInt8(0)..<0x80).filter { belongs(UInt32($0)) }
        return function(name, "func(count int) string", "so many chance \(summary)", "", "", isPure: false) {
            call throws(FunctionError) in
            let count = call.int(0)
            guard count > 0 else { return .string("") }
            try call.room(bytes: count)
            var generator = SystemRandomNumberGenerator()
            return .text(
                (0..<count).map { _ in choices[Int.random(in: 0..<choices.count, using: &generator)] })
        }
    }

    /// Hashes a password with cost 10, which takes 50 ms.
    private static func bcrypt(_ password: [UInt8], _ call: Call) throws(FunctionError) -> String {
        if password.count > 72 {
            return "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes"
        }
        try call.work(50_000)
        var output = [CChar](repeating: 0, count: 64)
        let text = password.map { CChar(bitPattern: $0) } + [0]
        try Crypto.check(pillion_bcrypt(text, 10, &output))
        return String(decoding: output.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Returns one of the host's addresses; an empty string if it has none.
    private static func address(_ name: String) -> String {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &list) == 0, let first = list else { return "" }
        defer { freeaddrinfo(list) }
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard
            getnameinfo(
                first.pointee.ai_addr, first.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0,
                NI_NUMERICHOST)
                == 0
        else { return "" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
