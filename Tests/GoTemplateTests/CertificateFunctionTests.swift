import GoTemplate
import PluginAPI
import TestSupport
import Testing
import Values

/// Checks the output of sprig's certificate functions with OpenSSL, and their errors against those of Go 1.27's
/// crypto/x509.
@Suite struct CertificateFunctionTests {
    private func text(_ template: String) -> String {
        let (output, error) = rendered(template, sets: ["sprig"], impure: true, limits: .commandLine)
        #expect(error == nil, "\(error?.detail ?? "")")
        return String(decoding: output, as: UTF8.self)
    }

    private static let hasOpenSSL = run("/bin/sh", ["-c", "command -v openssl"], input: "").status == 0

    private func openssl(_ arguments: [String], _ input: String, in folder: TemporaryFolder? = nil) -> String
    {
        let words = (["openssl"] + arguments).map { "'\($0)'" }.joined(separator: " ")
        let result = run("/bin/sh", ["-c", words + " 2>&1"], input: input, in: folder?.root)
        return result.output
    }

    @Test(.enabled(if: hasOpenSSL, "openssl is not installed")) func signedByAnAuthority() throws {
        let folder = TemporaryFolder()
        let made = text(
            """
            {{ $ca := genCA "authority" 365 }}{{ $c := genSignedCert "web" (list "10.0.0.1" "::1") \
            (list "web.test" "*.web.test") 30 $ca }}{{ $ca.Cert }}|{{ $c.Cert }}|{{ $c.Key }}
            """
        ).split(separator: "|").map(String.init)
        try #require(made.count == 3)
        folder.write(made[0], to: "ca")
        folder.write(made[1], to: "crt")
        #expect(openssl(["verify", "-CAfile", "ca", "crt"], "", in: folder) == "crt: OK\n")
        let said = openssl(["x509", "-noout", "-text"], made[1])
        for words in [
            "Version: 3", "Issuer: CN = authority", "Subject: CN = web", "CA:FALSE",
            "DNS:web.test, DNS:*.web.test, IP Address:10.0.0.1, IP Address:0:0:0:0:0:0:0:1",
            "Digital Signature, Key Encipherment\n",
            "TLS Web Server Authentication, TLS Web Client Authentication",
            "sha256WithRSAEncryption", "Public-Key: (2048 bit)",
        ] { #expect(said.contains(words), "\(words) is not in \(said)") }
        #expect(made[2].hasPrefix("-----BEGIN RSA PRIVATE KEY-----\n"))
        let authority = openssl(["x509", "-noout", "-text"], made[0])
        #expect(authority.contains("CA:TRUE\n"))
        #expect(authority.contains("Digital Signature, Key Encipherment, Certificate Sign\n"))
    }

    @Test(
        .enabled(if: hasOpenSSL, "openssl is not installed"),
        arguments: [
            ("ecdsa", "-----BEGIN EC PRIVATE KEY-----\n", "NIST CURVE: P-256"),
            ("ed25519", "-----BEGIN PRIVATE KEY-----\n", "ED25519 Private-Key"),
        ])
    func keysAndWhatTheySign(kind: String, head: String, said: String) throws {
        let made = text(
            """
            {{ $k := genPrivateKey "\(kind)" }}{{ $ca := genCAWithKey "authority" 365 $k }}{{ $c := \
            genSignedCertWithKey "web" nil nil 30 $ca (genPrivateKey "ecdsa") }}{{ eq $ca.Key $k }}|{{ $k }}|\
            {{ $ca.Cert }}|{{ $c.Cert }}
            """
        ).split(separator: "|").map(String.init)
        try #require(made.count == 4)
        #expect(made[0] == "true")
        #expect(made[1].hasPrefix(head))
        #expect(openssl(["pkey", "-noout", "-text"], made[1]).contains(said))
        let folder = TemporaryFolder()
        folder.write(made[2], to: "ca")
        folder.write(made[3], to: "crt")
        #expect(openssl(["verify", "-CAfile", "ca", "crt"], "", in: folder) == "crt: OK\n")
    }

    @Test func aCertificateIsAStruct() {
        let line = text(
            """
            {{ $c := genSelfSignedCertWithKey "" nil nil 1 (genPrivateKey "ed25519") }}{{ printf "%T" $c }} \
            {{ eq (print $c) (printf "{%s %s}" $c.Cert $c.Key) }} {{ (toJson $c | fromJson).Key | eq $c.Key }}
            """)
        #expect(line == "sprig.certificate true true")
    }

    private static let sample: (certificate: String, key: String) =
        GoTemplateRenderer().functions.first { $0.name == "buildCustomCert" }
        .flatMap { $0.example }.map { example in
            let words = example.template.split(separator: "\"")
            return (certificate: String(words[1]), key: String(words[3]))
        } ?? ("", "")

    /// A function call, and the error message after the function's name.
    private static let failures: [(call: String, message: String)] = [
        (#"buildCustomCert "!" """#, "unable to decode base64 certificate"),
        (#"buildCustomCert "" "!""#, "unable to decode base64 private key"),
        (#"buildCustomCert "" """#, "unable to decode certificate"),
        (
            #"buildCustomCert (b64enc "-----BEGIN A-----\nYWJj\n-----END A-----") """#,
            "error parsing certificate: decodedCert.Bytes: x509: malformed certificate"
        ),
        ("buildCustomCert \"\(sample.certificate)\" \"\"", "error parsing private key: no PEM data in input"),
        (
            "buildCustomCert \"\(sample.certificate)\" \"\(sample.certificate)\"",
            "error parsing private key: no private key data in PEM block of type CERTIFICATE"
        ),
        (
            #"genCAWithKey "a" 1 "-----BEGIN X PRIVATE KEY-----\nYWJj\n-----END X PRIVATE KEY-----""#,
            "parsing private key: invalid private key type X"
        ),
        (
            #"genCAWithKey "a" 1 "-----BEGIN EC PRIVATE KEY-----\nYWJj\n-----END EC PRIVATE KEY-----""#,
            "parsing private key: parsing EC private key from PEM: it holds no such key"
        ),
        (#"genSelfSignedCert "a" (list "x") nil 1"#, "error parsing ip: x"),
        (#"genSelfSignedCert "a" (list 1) nil 1"#, "error parsing ip: 1 is not a string"),
        (
            #"genSelfSignedCert "a" nil (list true) 1"#,
            "error processing alternate dns name: true is not a string"
        ),
        (
            #"genSelfSignedCertWithKey "a" nil (list "ü") 1 (genPrivateKey "ecdsa")"#,
            #"error creating certificate: x509: "ü" cannot be encoded as an IA5String"#
        ),
        (
            """
            genSignedCertWithKey "a" nil nil 1 (buildCustomCert "\(sample.certificate)" \
            (genPrivateKey "ecdsa" | b64enc)) (genPrivateKey "ecdsa")
            """, "error creating certificate: x509: provided PrivateKey doesn't match parent's PublicKey"
        ),
    ]

    @Test(arguments: failures.indices) func failuresAreGos(index: Int) {
        let failure = Self.failures[index]
        let (output, error) = rendered("{{ \(failure.call) }}", sets: ["sprig"], impure: true)
        #expect(output.isEmpty)
        let message = error?.detail ?? "no error"
        #expect(message.hasSuffix(": " + failure.message), "\(message)")
    }

    /// Creating keys counts as steps, because it takes time.
    @Test func largeKeysAreSteps() {
        let (_, error) = rendered(
            #"{{ range until 5 }}{{ genPrivateKey "" | len }}{{ end }}"#, sets: ["sprig"], impure: true,
            limits: {
                var limits = RenderLimits.server; limits.steps = 800_000; return limits
            }())
        #expect(error?.limit?.limit == .steps)
    }
}
