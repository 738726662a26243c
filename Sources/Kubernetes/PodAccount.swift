import Glibc
import System
import Values

extension ClusterAccess {
    /// The folder of a pod's service account.
    static let accountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// Returns the service account of a pod: the address from the environment, the token and the CA from files. Both
    /// files are read for each request, because the kubelet renews them.
    ///
    /// - Returns: nil outside a pod, that is, without KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT.
    /// - Throws: the problem of a pod's account.
    public static func ofPod(
        environment: Environment = Environment(), folder: String? = nil
    ) throws(APIError) -> ClusterAccess? {
        guard let host = environment["KUBERNETES_SERVICE_HOST"],
            let number = environment["KUBERNETES_SERVICE_PORT"]
        else { return nil }
        // For tests, and for pods that mount the token elsewhere.
        let folder = folder ?? environment["PILLION_SERVICE_ACCOUNT_FOLDER"] ?? accountFolder
        guard let port = Int(number), (1...65_535).contains(port) else {
            throw APIError(.credentials, "KUBERNETES_SERVICE_PORT is \"\(number)\", expected a port")
        }
        guard File.isReadable("\(folder)/token") else {
            throw APIError(
                .credentials,
                "\(folder)/token: \(systemMessage()); a pod that asks the API server needs a "
                    + "serviceAccountName and automountServiceAccountToken: true")
        }
        let address = ServerAddress(host: host, port: port)
        var access = ClusterAccess(origin: "the pod's service account", server: address)
        access.authorities = .file("\(folder)/ca.crt")
        access.credentials.name = "the pod's service account"
        access.credentials.tokenFile = "\(folder)/token"
        access.namespace = try? File.contents(of: "\(folder)/namespace", atMost: 1_000).trimmedText
        access.proxy = ProxyChoice(environment).proxy(for: address)
        return access
    }
}

/// The environment variables of the process, or of a test.
public struct Environment: Sendable {
    private let variables: [String: String]?

    /// The environment of the process.
    public init() { variables = nil }

    public init(_ variables: [String: String]) { self.variables = variables }

    /// The variable's value; nil if it is not set or empty.
    public subscript(name: String) -> String? {
        let value = variables.map { $0[name] } ?? getenv(name).map { String(cString: $0) }
        return value?.isEmpty == false ? value : nil
    }

    /// All variables, for a child process.
    var all: [(name: String, value: String)] {
        if let variables { return variables.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
        var result: [(name: String, value: String)] = []
        var entry = environ
        while let text = entry.pointee {
            let parts = String(cString: text).split(
                byte: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { result.append((String(parts[0]), String(parts[1]))) }
            entry += 1
        }
        return result
    }
}
