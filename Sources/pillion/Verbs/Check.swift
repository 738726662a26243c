import Glibc
import HTTPServer
import Service
import System
import Values
import YAML

let checkVerb = Verb(
    name: "check", summary: "verify the serving certificate as an API server does",
    discussion: """
        Checks that key and certificate match, that the chain is complete and in order, the names and the expiry, that
        key and signature are strong enough, and that the caBundle of a webhook configuration leads to the
        certificate. With --connect, checks the chain of a running server.
        """,
    options: [
        Option(
            name: "tlsCertFile", shape: .value("FILE"), fallback: ServeOptions.defaultCertificate,
            help: "the certificate with its chain, PEM", readsEnvironment: true),
        Option(
            name: "tlsKeyFile", shape: .value("FILE"),
            help: "its key, PEM; with the default certificate, the default key", readsEnvironment: true),
        Option(
            name: "connect", shape: .value("HOST:PORT"),
            help: "verify the certificate of a running server instead of a file"),
        Option(
            name: "service", shape: .list("NAME.NAMESPACE"),
            help: "a Service that API servers call: the certificate must have the name NAME.NAMESPACE.svc"),
        Option(name: "name", shape: .list("NAME"), help: "a DNS name that it must have"),
        Option(
            name: "webhookConfig", shape: .list("FILE"),
            help:
                "a webhook configuration: its caBundles must lead to the certificate, which must have its "
                + "Services' names"
        ),
        Option(
            name: "caCertFile", shape: .list("FILE"), help: "CAs that must lead to the certificate, PEM"),
        Option(
            name: "output", short: "o", shape: .choice(["text", "json"]), fallback: "text",
            help: "the format of the findings"),
        Option(name: "strict", shape: .flag, help: "treat warnings as errors"),
    ],
    examples: [
        (
            "pillion check --tlsCertFile cert.pem --tlsKeyFile key.pem --service pillion.pillion-system",
            "before a rollout"
        ),
        (
            "pillion check --connect localhost:9443 --webhookConfig webhook.yaml",
            "the certificate of a server, compared with what the cluster expects"
        ),
    ],
    run: { arguments in
        var doctor = try doctor(arguments)
        try addExpectations(&doctor, arguments)
        let findings = doctor.findings()
        try report(findings, of: doctor, arguments)
        let isStrict = try arguments.flag("strict")
        let isBad = findings.contains { $0.severity == .error || isStrict && $0.severity == .warning }
        return isBad ? .failure : .success
    })

/// Returns the check of the certificate chain, with its key if it is given.
private func doctor(_ arguments: Arguments) throws -> CertificateDoctor {
    do {
        if let target = arguments.string("connect") {
            guard let colon = target.lastIndex(ofByte: ":"),
                let port = UInt16(target[target.utf8.index(after: colon)...])
            else { throw UsageError("--connect is \"\(target)\", expected HOST:PORT") }
            let host = target[..<colon].filter { $0 != "[" && $0 != "]" }
            let name = arguments.list("service").first.map { $0 + ".svc" } ?? arguments.list("name").first
            let chain = try CertificateChain.shown(by: host, port: port, name: name ?? host)
            return CertificateDoctor(chain: chain, now: WallClock.seconds)
        }
        let path = arguments.string("tlsCertFile") ?? ServeOptions.defaultCertificate
        let bytes = try read(file: path)
        do throws(HTTPServerError) {
            var doctor = CertificateDoctor(chain: try CertificateChain(pem: bytes), now: WallClock.seconds)
            let key = arguments.isGiven("tlsCertFile") ? nil : ServeOptions.defaultKey
            if let key = arguments.string("tlsKeyFile") ?? key { doctor.key = try? read(file: key) }
            if let key = arguments.string("tlsKeyFile"), doctor.key == nil {
                throw HTTPServerError(message: "\(key): cannot be read")
            }
            return doctor
        } catch {
            throw HTTPServerError(message: "\(path): \(error.message)")
        }
    } catch let error as HTTPServerError {
        throw Failure(error.message)
    }
}

/// The file with the CAs of the system on Debian, Ubuntu and Alpine.
private let systemAuthorities = "/etc/ssl/certs/ca-certificates.crt"

/// Adds the names that callers use and the CAs that they trust.
private func addExpectations(_ doctor: inout CertificateDoctor, _ arguments: Arguments) throws {
    for service in arguments.list("service") {
        guard service.split(byte: ".", omittingEmptySubsequences: false).count == 2 else {
            throw UsageError("--service is \"\(service)\", expected NAME.NAMESPACE")
        }
        doctor.names.append(service + ".svc")
    }
    doctor.names += arguments.list("name")
    for path in arguments.list("caCertFile") { doctor.authorities.append((path, try read(file: path))) }
    doctor.systemAuthorities = try? File.contents(of: systemAuthorities, atMost: 16 << 20)
    for path in arguments.list("webhookConfig") {
        for document in try values(ofFile: path) {
            do throws(ServiceError) {
                for client in try WebhookClient.all(of: document, name: path) {
                    if let name = client.serverName, !doctor.names.contains(name) {
                        doctor.names.append(name)
                    }
                    guard let authorities = client.authorities else {
                        doctor.unbundled.append((client.webhook, client.isService))
                        continue
                    }
                    doctor.authorities.append(("the caBundle of \(client.webhook)", authorities))
                }
            } catch {
                throw Failure(error.message)
            }
        }
    }
}

private func report(
    _ findings: [CertificateDoctor.Finding], of doctor: CertificateDoctor, _ arguments: Arguments
) throws {
    if arguments.choice("output") == "json" {
        let certificates = doctor.chain.certificates.map { certificate -> Value in
            [
                "subject": .string(certificate.subject), "issuer": .string(certificate.issuer),
                "names": .array(certificate.names.map { .string($0) }), "key": .string(certificate.key),
                "signature": .string(certificate.signature),
            ]
        }
        let report: Value = ["chain": .array(certificates), "findings": .array(findings.map(\.json))]
        standardOutput.write(JSON.text(report, style: .pretty(2)) + "\n")
        return
    }
    let colour = Colour(isOn: standardOutput.isTerminal)
    for finding in findings {
        let text = finding.text
        switch finding.severity {
        case .error: standardOutput.write(styled: "\(colour.red(text))\n")
        case .warning: standardOutput.write(styled: "\(colour.bold(text))\n")
        case .good: standardOutput.write(styled: "\(colour.green(text))\n")
        }
    }
}
