import Glibc
public import Values

/// A server with the Kubernetes API over TLS, in its own process, which ends when the value is deinitialized.
/// `api-server/server.py` describes what it supports.
public final class TestCluster: Sendable {
    public let folder = TemporaryFolder()
    public let port: UInt16
    public let proxyPort: UInt16
    private let control: UInt16
    private let process: RunningProcess

    /// Whether python3 and openssl, which the server needs, are installed.
    public static let isPossible =
        access("/usr/bin/openssl", X_OK) == 0
        && run("/usr/bin/env", ["python3", "-c", "import ssl"]).status == 0

    /// Starts the server; nil if it does not start within 20 seconds.
    public init?() {
        let script = packageRoot + "/Tests/TestSupport/api-server/server.py"
        guard let process = RunningProcess("/usr/bin/env", ["python3", script, folder.root]) else {
            return nil
        }
        self.process = process
        for _ in 0..<2_000 where !process.output.hasSuffix("\n") { usleep(10_000) }
        guard let ports = try? JSON.read(process.output), let port = ports["port"]?.int,
            let control = ports["control"]?.int, let proxy = ports["proxy"]?.int
        else { return nil }
        self.port = UInt16(port)
        self.control = UInt16(control)
        proxyPort = UInt16(proxy)
        setTokens(["first": "system:serviceaccount:pillion:pillion"])
        folder.write("first\n", to: "token")
        folder.write("pillion", to: "namespace")
    }

    public var address: String { "https://127.0.0.1:\(port)" }

    /// The environment variables of a pod in this cluster; its account is in `folder`.
    public var podEnvironment: [String: String] {
        [
            "KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": String(port),
            "PILLION_SERVICE_ACCOUNT_FOLDER": folder.root,
        ]
    }

    /// A kubeconfig with one context.
    ///
    /// - Parameters:
    ///   - user: members of the user, in YAML flow style.
    ///   - cluster: further members of the cluster, each after a comma.
    @discardableResult
    public func kubeconfig(
        user: String = "{token: first}", cluster: String = "", to name: String = "kubeconfig"
    ) -> String {
        folder.write(
            """
            apiVersion: v1
            kind: Config
            current-context: test
            clusters:
            - name: here
              cluster: {server: "\(address)", certificate-authority: ca.crt\(cluster)}
            contexts:
            - name: test
              context: {cluster: here, user: somebody, namespace: apps}
            users:
            - name: somebody
              user: \(user)

            """, to: name)
    }

    @discardableResult
    private func ask(_ what: String, _ body: Value) -> Value {
        let client = HTTPClient(port: control)
        let response = client?.request("POST", "/\(what)", body: Array(JSON.text(body).utf8))
        return response.flatMap { try? JSON.read($0.body) } ?? .null
    }

    /// Creates or replaces an object.
    public func put(_ resource: String, _ namespace: String?, _ object: Value) {
        ask("put", question(resource, namespace, [Member("object", object)]))
    }

    public func putConfigMap(_ namespace: String, _ name: String, _ data: [(String, String)]) {
        put(
            "configmaps", namespace,
            [
                "metadata": ["name": .string(name), "namespace": .string(namespace)],
                "data": .object(Object(data.map { Member($0.0, .string($0.1)) })),
            ])
    }

    /// The object with that name, or an empty one.
    public func get(_ resource: String, _ namespace: String?, _ name: String) -> Value {
        ask("get", question(resource, namespace, [Member("name", .string(name))]))
    }

    public func remove(_ resource: String, _ namespace: String?, _ name: String) {
        ask("remove", question(resource, namespace, [Member("name", .string(name))]))
    }

    private func question(_ resource: String, _ namespace: String?, _ more: [Member]) -> Value {
        var members = [Member("resource", .string(resource))]
        if let namespace { members.append(Member("namespace", .string(namespace))) }
        return .object(Object(members + more))
    }

    /// Sets the accepted tokens and their users.
    public func setTokens(_ tokens: [String: String]) {
        ask("tokens", .object(Object(tokens.map { Member($0.key, .string($0.value)) })))
    }

    /// Sets rules of roles: `apiGroups`, `resources`, `resourceNames`, `verbs`, and `namespace` for those of a Role.
    public func setRules(_ rules: [Value]) { ask("rules", .array(rules)) }

    /// Replaces the answers to the next requests: `status`, `retryAfter`, or `cut`. null leaves an answer unchanged.
    public func fail(_ answers: [Value]) { ask("fail", .array(answers)) }

    public func set(_ settings: Value) { ask("settings", settings) }

    /// Cuts all connections.
    public func cut() { ask("cut", .null) }

    /// Cuts all connections and forgets the history, so that resuming a watch gets 410.
    public func forget() { ask("forget", .null) }

    /// The next uses of a list's continue token get 410.
    public func expireContinuations(_ count: Int) { ask("expire", .int(Int64(count))) }

    /// Stops listening for that many seconds.
    public func restart(seconds: Double) { ask("restart", ["seconds": .double(seconds)]) }

    /// The number of connections of the requests in the last log that was taken.
    public func connections() -> Int { ask("connections", .null)["count"]?.int.map { Int($0) } ?? 0 }

    /// The requests since the last call, and those of the proxy since the start.
    public func takeLog() -> (requests: [Value], proxied: [String]) {
        let log = ask("log", .null)
        return (log["requests"]?.array ?? [], (log["proxied"]?.array ?? []).compactMap(\.string))
    }
}

/// Whether the condition becomes true in time.
public func eventually(seconds: Double = 10, _ condition: () throws -> Bool) rethrows -> Bool {
    for _ in 0..<Int(seconds * 100) {
        if try condition() { return true }
        usleep(10_000)
    }
    return try condition()
}
