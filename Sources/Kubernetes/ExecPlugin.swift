import Glibc
import Synchronization
import System
import Values

/// A program of a kubeconfig that returns credentials (client.authentication.k8s.io, v1 and v1beta1). It is run if the
/// last credential has expired or was refused, with a time limit.
public final class ExecPlugin: Sendable {
    /// The credential that the program returned.
    struct Credential: Sendable {
        var token: String?
        var certificate: [UInt8]?
        var key: [UInt8]?
        /// The expiry, in seconds since 1970; nil is valid as long as the process.
        var expiry: Int?
    }

    /// The time limit of the program: it may request a password from the user.
    static let milliseconds = 60_000
    /// The largest size of the program's output, in bytes.
    static let longestOutput = 1 << 20
    /// A credential that expires within that many seconds is treated as expired.
    static let earlySeconds = 10

    private let command: String
    private let arguments: [String]
    private let variables: [(name: String, value: String)]
    private let version: String
    private let mayAsk: Bool
    private let hint: String
    private let place: String
    private let cluster: Value
    private let milliseconds: Int
    private let last = Mutex<Credential?>(nil)

    /// - Parameters:
    ///   - folder: the folder for relative commands that contain a slash.
    ///   - place: the place in the kubeconfig, for messages.
    ///   - cluster: the cluster of the kubeconfig, for plugins that request it.
    init(
        _ value: Value, folder: String, place: String, cluster: Value, environment: Environment,
        milliseconds: Int = ExecPlugin.milliseconds
    ) throws(APIError) {
        guard let command = value["command"]?.string, !command.isEmpty else {
            throw APIError(.credentials, "\(place): exec has no command")
        }
        let version = value["apiVersion"]?.string ?? ""
        let versions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]
        guard versions.contains(version) else {
            throw APIError(
                .credentials,
                "\(place): exec has the apiVersion \"\(version)\", expected \(versions.joined(separator: " or "))"
            )
        }
        self.command =
            command.contains(byte: "/") && !command.begins(with: "/") ? "\(folder)/\(command)" : command
        self.place = "\(place): exec \"\(command)\""
        arguments = (value["args"]?.array ?? []).compactMap(\.string)
        var variables = environment.all
        for item in value["env"]?.array ?? [] {
            guard let name = item["name"]?.string, let text = item["value"]?.string else { continue }
            variables.removeAll { $0.name == name }
            variables.append((name, text))
        }
        self.variables = variables
        self.version = version
        let isTerminal = isatty(0) == 1
        let mode = value["interactiveMode"]?.string ?? "IfAvailable"
        guard mode != "Always" || isTerminal else {
            throw APIError(
                .credentials, "\(self.place): needs a terminal (interactiveMode: Always), found none")
        }
        mayAsk = mode != "Never" && isTerminal
        hint = value["installHint"]?.string ?? ""
        var shown = Object()
        if value["provideClusterInfo"]?.bool == true {
            for name in [
                "server", "tls-server-name", "insecure-skip-tls-verify", "certificate-authority-data",
                "proxy-url",
            ] {
                if let member = cluster[name] { shown[name] = member }
            }
        }
        self.cluster = shown.isEmpty ? .null : .object(shown)
        self.milliseconds = milliseconds
    }

    func credential(isAnew: Bool, stop: StopSignal) throws(APIError) -> Credential {
        if !isAnew, let known = last.withLock({ $0 }), !Self.hasEnded(known) { return known }
        let fresh = try ask(stop)
        last.withLock { $0 = fresh }
        return fresh
    }

    private static func hasEnded(_ credential: Credential) -> Bool {
        credential.expiry.map { $0 - earlySeconds <= WallClock.seconds } ?? false
    }

    private func ask(_ stop: StopSignal) throws(APIError) -> Credential {
        var spec: Value = ["interactive": .bool(mayAsk)]
        if !cluster.isNull { spec.modifyObject { $0["cluster"] = cluster } }
        let question: Value = ["apiVersion": .string(version), "kind": "ExecCredential", "spec": spec]
        var program = ChildProcess.Program(
            command, words: [command] + arguments,
            environment: variables + [("KUBERNETES_EXEC_INFO", JSON.text(question))])
        program.readsInput = mayAsk
        let output: [UInt8]
        do throws(ChildProcessError) {
            output = try ChildProcess.output(
                of: program, atMost: Self.longestOutput, milliseconds: milliseconds, stop: stop)
        } catch {
            let advice = hint.isEmpty ? "" : "; \(hint)"
            throw APIError(
                stop.isRaised ? .stopped : .credentials, "\(place): \(error.message)\(advice)")
        }
        return try read(output)
    }

    private func read(_ output: [UInt8]) throws(APIError) -> Credential {
        let answer: Value
        do throws(JSONError) {
            answer = try JSON.read(output, limits: JSONLimits(depth: 20))
        } catch {
            throw APIError(.credentials, "\(place): wrote no JSON: byte \(error.offset): \(error.message)")
        }
        guard answer["kind"]?.string == "ExecCredential", answer["apiVersion"]?.string == version else {
            throw APIError(.credentials, "\(place): wrote no ExecCredential of \(version)")
        }
        let status = answer["status"] ?? .null
        var credential = Credential()
        credential.token = status["token"]?.string
        credential.certificate = status["clientCertificateData"]?.string.map { Array($0.utf8) }
        credential.key = status["clientKeyData"]?.string.map { Array($0.utf8) }
        guard credential.token != nil || (credential.certificate != nil && credential.key != nil) else {
            throw APIError(
                .credentials,
                "\(place): gave neither status.token nor clientCertificateData with clientKeyData")
        }
        if let text = status["expirationTimestamp"]?.string {
            guard let moment = InternetTime.seconds(text) else {
                throw APIError(
                    .credentials, "\(place): expirationTimestamp is \"\(text)\", expected a time of RFC 3339")
            }
            credential.expiry = moment
        }
        return credential
    }
}

/// Parses times in the format of RFC 3339.
enum InternetTime {
    /// Parses `2026-11-24T15:00:00Z`, also with a fraction or an offset, to seconds since 1970.
    static func seconds(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        func number(_ from: Int, _ count: Int) -> Int32? {
            guard bytes.count >= from + count else { return nil }
            return Int32(String(decoding: bytes[from..<(from + count)], as: UTF8.self))
        }
        guard let year = number(0, 4), let month = number(5, 2), let day = number(8, 2),
            let hour = number(11, 2),
            let minute = number(14, 2), let second = number(17, 2), bytes.count >= 20
        else { return nil }
        var rest = 19
        if bytes[rest] == UInt8(ascii: ".") {
            rest += 1
            while rest < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[rest]) {
                rest += 1
            }
        }
        guard rest < bytes.count else { return nil }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (year - 1900, month - 1, day)
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (hour, minute, second)
        let moment = timegm(&parts)
        switch bytes[rest] {
        case UInt8(ascii: "Z"), UInt8(ascii: "z"): return moment
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            guard let hours = number(rest + 1, 2), let minutes = number(rest + 4, 2) else { return nil }
            let offset = Int(hours) * 3_600 + Int(minutes) * 60
            return bytes[rest] == UInt8(ascii: "+") ? moment - offset : moment + offset
        default: return nil
        }
    }
}
