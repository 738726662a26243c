import CGnuTLS

/// Hashes and random bytes from GnuTLS, with errors that name what is missing.
enum Crypto {
    static func check(_ status: Int32) throws(FunctionError) {
        switch pillion_crypto_status(status) {
        case PILLION_CRYPTO_OK: return
        case PILLION_CRYPTO_MISSING:
            throw .message("no cryptography: \(String(cString: pillion_crypto_problem()))")
        case PILLION_CRYPTO_MEMORY: throw .message("out of memory")
        default: throw .message("the cryptographic library refused the arguments")
        }
    }

    static func digest(_ algorithm: pillion_digest, _ bytes: [UInt8], size: Int) throws(FunctionError)
        -> [UInt8]
    {
        var output = [UInt8](repeating: 0, count: 64)
        try check(bytes.withUnsafeBytes { pillion_digest(algorithm, $0.baseAddress, $0.count, &output) })
        return Array(output[..<size])
    }

    static func random(_ count: Int) throws(FunctionError) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: count)
        try check(output.withUnsafeMutableBytes { pillion_random($0.baseAddress, $0.count) })
        return output
    }
}

/// AES-256-CBC with the password, padded with zeros, as the key. The initialisation vector precedes the text, and all
/// is in base64. This is sprig's format: it hides a value from view, but is not secure.
enum AES {
    private static let block = 16

    private static func key(_ password: [UInt8]) -> [UInt8] {
        Array((password + [UInt8](repeating: 0, count: 32)).prefix(32))
    }

    static func decrypt(_ text: [UInt8], password: [UInt8]) throws(FunctionError) -> [UInt8] {
        if text.isEmpty { return [] }
        let bytes: [UInt8]
        do { bytes = try GoDecode.base64(text) } catch { throw .message(error.message) }
        guard bytes.count >= block else {
            let room = text.count { $0 != 0x0A && $0 != 0x0D } / 4 * 3
            throw room < block ? Panic.slice(":16", "capacity", room) : Panic.slice("16:\(bytes.count)")
        }
        guard bytes.count % block == 0 else { throw .message("crypto/cipher: input not full blocks") }
        var content = Array(bytes[block...])
        let (iv, key) = (Array(bytes[..<block]), key(password))
        let size = content.count
        try Crypto.check(pillion_aes256_cbc(0, key, iv, &content, size))
        guard let padding = content.last else { throw .message("runtime error: index out of range [-1]") }
        let length = content.count - Int(padding)
        guard length >= 0 else { throw Panic.slice(":\(length)") }
        return Array(content[..<length])
    }

    static func encrypt(_ text: [UInt8], password: [UInt8]) throws(FunctionError) -> [UInt8] {
        if text.isEmpty { return [] }
        let padding = block - text.count % block
        var content = text + [UInt8](repeating: UInt8(padding), count: padding)
        let (iv, key) = (try Crypto.random(block), key(password))
        let size = content.count
        try Crypto.check(pillion_aes256_cbc(1, key, iv, &content, size))
        return iv + content
    }
}

/// Derives passwords from a master password, a user, a site and a counter (the Master Password algorithm).
enum DerivedPassword {
    /// The cost in steps. scrypt with 32 MiB takes 100 ms. With this cost, an untrusted template can derive only one or
    /// two passwords.
    private static let cost = 500_000

    private static let templates: [String: [String]] = [
        "maximum": ["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"],
        "long": [
            "CvcvnoCvcvCvcv", "CvcvCvcvnoCvcv", "CvcvCvcvCvcvno", "CvccnoCvcvCvcv", "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno", "CvcvnoCvccCvcv", "CvcvCvccnoCvcv", "CvcvCvccCvcvno", "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc", "CvcvCvcvCvccno", "CvccnoCvccCvcv", "CvccCvccnoCvcv", "CvccCvccCvcvno",
            "CvcvnoCvccCvcc", "CvcvCvccnoCvcc", "CvcvCvccCvccno", "CvccnoCvcvCvcc", "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
        "medium": ["CvcnoCvc", "CvcCvcno"],
        "short": ["Cvcn"],
        "basic": ["aaanaaan", "aannaaan", "aaannaaa"],
        "pin": ["nnnn"],
    ]

    private static let characters: [Character: [UInt8]] = {
        let (vowels, consonants) = ("AEIOU", "BCDFGHJKLMNPQRSTVWXYZ")
        let letters = vowels + vowels.lowercased() + consonants + consonants.lowercased()
        let table: [Character: String] = [
            "V": vowels, "C": consonants, "v": vowels.lowercased(), "c": consonants.lowercased(),
            "A": vowels + consonants, "a": letters, "n": "0123456789", "o": "@&%?,=[]_:-+*$#!'^~;()/.",
            "x": letters + "0123456789!@#$%^&*()",
        ]
        return table.mapValues { Array($0.utf8) }
    }()

    static func make(_ call: Call) throws(FunctionError) -> [UInt8] {
        let counter = UInt32(truncatingIfNeeded: Cast.int64(call[0]))
        guard let choices = templates[call.text(1)] else {
            return Array("cannot find password template ".utf8) + call.bytes(1)
        }
        try call.work(cost)
        let (password, user, site) = (call.bytes(2), call.bytes(3), call.bytes(4))
        let salt = scope + bigEndian(user.count) + user
        var key = [UInt8](repeating: 0, count: 64)
        try Crypto.check(
            pillion_scrypt(password, password.count, salt, salt.count, 32_768, 8, 2, &key, 64))
        let message = scope + bigEndian(site.count) + site + bigEndian(Int(counter))
        var seed = [UInt8](repeating: 0, count: 32)
        try Crypto.check(pillion_hmac_sha256(key, key.count, message, message.count, &seed))
        let template = choices[Int(seed[0]) % choices.count]
        return template.enumerated().map { index, kind in
            let choices = characters[kind] ?? [0x3F]
            return choices[Int(seed[index + 1]) % choices.count]
        }
    }

    private static let scope = Array("com.lyndir.masterpassword".utf8)

    private static func bigEndian(_ number: Int) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
    }
}
