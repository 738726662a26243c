import CGnuTLS
import Values

/// sprig's functions for encodings, hashes, paths, URLs and versions.
enum SprigEncodings {
    static let functions: [TemplateFunction] = encodings + hashes + paths + urls + versions

    private static let encodings: [TemplateFunction] = [
        function("b64enc", "func(s string) string", "base64", #"{{ b64enc "Hello" }}"#, "SGVsbG8=") {
            call throws(FunctionError) in
            .string(Base64.encode(call.bytes(0)))
        },
        function(
            "b64dec", "func(s string) string", "the decoded text, or the message of the error",
            #"{{ b64dec "SGVsbG8=" }}"#, "Hello"
        ) { call throws(FunctionError) in
            do throws(GoDecode.Failure) { return .text(try GoDecode.base64(call.bytes(0))) } catch {
                return .string(error.message)
            }
        },
        function("b32enc", "func(s string) string", "base32", #"{{ b32enc "Hello" }}"#, "JBSWY3DP") {
            call throws(FunctionError) in
            .text(GoDecode.encodeBase32(call.bytes(0)))
        },
        function(
            "b32dec", "func(s string) string", "what base32 says, or why it says nothing",
            #"{{ b32dec "JBSWY3DP" }}"#, "Hello"
        ) { call throws(FunctionError) in
            do throws(GoDecode.Failure) { return .text(try GoDecode.base32(call.bytes(0))) } catch {
                return .string(error.message)
            }
        },
    ]

    private static func hash(
        _ name: String, _ algorithm: pillion_digest, size: Int, _ output: String
    ) -> TemplateFunction {
        function(name, "func(s string) string", "the hash in hexadecimal", "{{ \(name) \"a\" }}", output) {
            call throws(FunctionError) in
            .string(ByteText.hex(try Crypto.digest(algorithm, call.bytes(0), size: size)))
        }
    }

    private static let hashes: [TemplateFunction] = [
        hash("sha1sum", PILLION_SHA1, size: 20, "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"),
        function(
            "sha256sum", "func(s string) string", "the hash in hexadecimal", #"{{ sha256sum "a" }}"#,
            "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
        ) { call throws(FunctionError) in
            let text = call.bytes(0)
            return call.context.printedData.digest(of: text) { .string(SHA256.hex(text)) }
        },
        hash(
            "sha512sum", PILLION_SHA512, size: 64,
            "1f40fc92da241694750979ee6cf582f2d5d7d28e18335de05abc54d0560e0f5302860c652bf08d560252aa5e74210546"
                + "f369fbbbce8c12cfc7957b2652fe9a75"),
        function(
            "adler32sum", "func(s string) string", "the checksum of RFC 1950 in decimal",
            #"{{ adler32sum "a" }}"#,
            "6422626"
        ) { call throws(FunctionError) in
            var (low, high): (UInt32, UInt32) = (1, 0)
            for byte in call.bytes(0) {
                low = (low + UInt32(byte)) % 65_521
                high = (high + low) % 65_521
            }
            return .string(String(high << 16 | low))
        },
        function(
            "derivePassword",
            "func(counter uint32, kind string, password string, user string, site string) string",
            "a site's password from a master password: maximum, long, medium, short, basic or pin",
            #"{{ derivePassword 1 "pin" "password" "user" "example.com" }}"#, "6685"
        ) { call throws(FunctionError) in .text(try DerivedPassword.make(call)) },
        function(
            "decryptAES", "func(password string, s string) (string, error)", "what encryptAES has written",
            #"{{ decryptAES "key" "" }}"#, ""
        ) { call throws(FunctionError) in .text(try AES.decrypt(call.bytes(1), password: call.bytes(0))) },
    ]

    private static func mapped(
        _ name: String, _ summary: String, _ template: String, _ output: String,
        _ body: @escaping @Sendable ([UInt8]) -> [UInt8]
    ) -> TemplateFunction {
        function(name, "func(path string) string", summary, template, output) { call throws(FunctionError) in
            .text(body(call.bytes(0)))
        }
    }

    private static let paths: [TemplateFunction] = {
        let slashed = [
            mapped("base", "the last part of a path", #"{{ base "/a/b.c" }}"#, "b.c", GoPath.base),
            mapped("dir", "all but the last part", #"{{ dir "/a/b.c" }}"#, "/a", GoPath.directory),
            mapped("clean", "the shortest form of a path", #"{{ clean "a/../b" }}"#, "b", GoPath.clean),
            mapped("ext", "a file name's ending", #"{{ ext "/a/b.c" }}"#, ".c", GoPath.ending),
            function(
                "isAbs", "func(path string) bool", "whether a path begins at the root",
                #"{{ isAbs "/a" }}"#, "true"
            ) { call throws(FunctionError) in .bool(GoPath.isAbsolute(call.bytes(0))) },
        ]
        return slashed + [
            slashed[0].alias("osBase"), slashed[1].alias("osDir"), slashed[2].alias("osClean"),
            slashed[3].alias("osExt"), slashed[4].alias("osIsAbs"),
        ]
    }()

    private static let urls: [TemplateFunction] = [
        function(
            "urlParse", "func(url string) map[string]any", "the parts of a URL",
            #"{{ (urlParse "http://a.b:80/c").host }}"#, "a.b:80"
        ) { call throws(FunctionError) in
            let url: GoURL
            do throws(GoURL.Failure) { url = try GoURL(call.bytes(0)) } catch {
                throw .message("unable to parse url: \(error.message)")
            }
            return .map(
                GoMap([
                    ("scheme", .text(url.scheme)), ("host", .text(url.host)),
                    ("hostname", .text(url.hostname)),
                    ("path", .text(url.path)), ("query", .text(url.query)), ("opaque", .text(url.opaque)),
                    ("fragment", .text(url.fragment)), ("userinfo", .text(url.userinfo ?? [])),
                ]))
        },
        function(
            "urlJoin", "func(parts map[string]any) string", "a URL of its parts",
            #"{{ urlJoin (dict "scheme" "http" "host" "a.b" "path" "/c") }}"#, "http://a.b/c", joinURL),
    ]

    private static func joinURL(_ call: Call) throws(FunctionError) -> GoValue {
        func part(_ key: String) throws(FunctionError) -> [UInt8] {
            guard let value = call[0].member(key) else { return [] }
            if value.isUntypedNil { throw Panic.nilPointer }
            guard let bytes = value.stringBytes else {
                throw .message(
                    "unable to parse \(key) key, must be of type string, but \(value.kindName) found")
            }
            return bytes
        }
        var url = GoURL()
        url.scheme = try part("scheme")
        url.host = try part("host")
        url.path = try part("path")
        url.query = try part("query")
        url.opaque = try part("opaque")
        url.fragment = try part("fragment")
        let userinfo = try part("userinfo")
        if !userinfo.isEmpty {
            do {
                url.userinfo = try GoURL(Array("proto://".utf8) + userinfo + Array("@host".utf8)).userinfo
            } catch {
                throw .message("unable to parse userinfo in dict: \(error.message)")
            }
        }
        return .text(url.text)
    }

    private static let versions = versions(.each)

    /// Returns `semver` and `semverCompare`. The set `helm` has them with later rules.
    static func versions(_ rules: VersionConstraint.Rules) -> [TemplateFunction] {
        [
            function(
                "semver", "func(version string) (*semver.Version, error)",
                "a version: .Major, .Minor, .Patch, .Prerelease, .Metadata",
                #"{{ (semver "v1.2.3").Minor }}"#, "2"
            ) { call throws(FunctionError) in
                do throws(SemanticVersion.Failure) {
                    return .native(NativeVersion(try SemanticVersion(call.text(0))))
                } catch {
                    throw .message(error.message(rules))
                }
            },
            function(
                "semverCompare", "func(constraint string, version string) (bool, error)",
                "whether a version fulfils a constraint", #"{{ semverCompare "^1.2" "1.4.0" }}"#, "true"
            ) { call throws(FunctionError) in
                do throws(SemanticVersion.Failure) {
                    let constraint = try VersionConstraint(call.text(0), rules: rules)
                    return .bool(constraint.accepts(try SemanticVersion(call.text(1))))
                } catch {
                    throw .message(error.message(rules))
                }
            },
        ]
    }
}
