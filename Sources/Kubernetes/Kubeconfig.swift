import Glibc
import System
import Values
import YAML

/// kubeconfig files, merged as kubectl does. If several files define a name, or the current context, the first one
/// counts. Paths within a file are relative to it.
struct Kubeconfig {
    /// The largest size of a file, in bytes. With all certificates included, a cluster takes a few kilobytes.
    static let longestFile = 16 << 20
    /// The largest number of files in KUBECONFIG.
    static let mostFiles = 100

    /// An entry of `clusters`, `users` or `contexts`, with the folder that its paths are relative to.
    private struct Entry {
        var value: Value
        var file: String
        var folder: String
    }

    private var clusters: [String: Entry] = [:]
    private var users: [String: Entry] = [:]
    private var contexts: [String: Entry] = [:]
    private var currentContext: String?
    private var files: [String] = []

    /// - Parameters:
    ///   - paths: the files; missing ones are skipped.
    ///   - mustExist: whether missing files are an error instead.
    init(_ paths: [String], mustExist: Bool) throws(APIError) {
        for path in paths.prefix(Self.mostFiles) {
            guard mustExist || Glibc.access(path, F_OK) == 0 else { continue }
            try add(path)
        }
    }

    var isEmpty: Bool { files.isEmpty }

    private mutating func add(_ path: String) throws(APIError) {
        let value: Value
        do throws(FileError) {
            let bytes = try File.contents(of: path, atMost: Self.longestFile)
            do throws(YAMLError) {
                value = try YAMLReader.value(bytes)
            } catch {
                throw FileError(path: path, reason: "\(error)")
            }
        } catch {
            throw APIError(.credentials, error.description)
        }
        files.append(path)
        if value.isNull { return }
        guard value.object != nil else {
            throw APIError(.credentials, "\(path): is not a kubeconfig: expected an object")
        }
        let folder = path.lastIndex(ofByte: "/").map { String(path[..<$0]) } ?? "."
        try add("clusters", "cluster", to: \.clusters, value, path, folder)
        try add("users", "user", to: \.users, value, path, folder)
        try add("contexts", "context", to: \.contexts, value, path, folder)
        if currentContext == nil, let name = value["current-context"]?.string, !name.isEmpty {
            currentContext = name
        }
    }

    private mutating func add(
        _ list: String, _ member: String, to entries: WritableKeyPath<Kubeconfig, [String: Entry]>,
        _ value: Value,
        _ path: String, _ folder: String
    ) throws(APIError) {
        guard let listed = value[list], !listed.isNull else { return }
        guard let items = listed.array else {
            throw APIError(.credentials, "\(path): /\(list) is not a list")
        }
        for (index, item) in items.enumerated() {
            guard let name = item["name"]?.string else {
                throw APIError(.credentials, "\(path): /\(list)/\(index) has no name")
            }
            if self[keyPath: entries][name] == nil {
                self[keyPath: entries][name] = Entry(value: item[member] ?? .null, file: path, folder: folder)
            }
        }
    }

    /// - Parameter context: nil is the current one.
    func access(context asked: String?, environment: Environment) throws(APIError) -> ClusterAccess {
        let all = files.joined(separator: ", ")
        guard let name = asked ?? currentContext else {
            throw APIError(
                .credentials,
                "\(all): there is no current-context: expected --context, one of \(names(contexts))"
            )
        }
        let context = try find(name, in: contexts, "the context", of: all)
        let clusterName = context.value["cluster"]?.string ?? ""
        let cluster = try find(
            clusterName, in: clusters, "context \"\(name)\": the cluster", of: context.file)
        var result = try access(cluster, clusterName, environment)
        result.origin = "\(context.file), context \"\(name)\""
        result.namespace = context.value["namespace"]?.string
        if let userName = context.value["user"]?.string, !userName.isEmpty {
            let user = try find(userName, in: users, "context \"\(name)\": the user", of: context.file)
            result.credentials = try credentials(user, userName, cluster.value, environment)
        }
        return result
    }

    private func names(_ entries: [String: Entry]) -> String {
        entries.isEmpty ? "none" : entries.keys.sorted().prefix(20).joined(separator: ", ")
    }

    private func find(
        _ name: String, in entries: [String: Entry], _ what: String, of file: String
    ) throws(APIError) -> Entry {
        if let entry = entries[name] { return entry }
        throw APIError(
            .credentials, "\(file): \(what) \"\(name)\" is not there; there are: \(names(entries))")
    }

    private func access(
        _ cluster: Entry, _ name: String, _ environment: Environment
    ) throws(APIError) -> ClusterAccess {
        let value = cluster.value
        let text = value["server"]?.string ?? ""
        guard let server = ServerAddress(text) else {
            throw APIError(
                .credentials,
                "\(cluster.file): the server of cluster \"\(name)\" is \"\(text)\", expected https://HOST:PORT"
            )
        }
        var access = ClusterAccess(origin: cluster.file, server: server)
        access.authorities = try material(cluster, "certificate-authority", "cluster \"\(name)\"")
        access.isUnverified = value["insecure-skip-tls-verify"]?.bool ?? false
        if access.isUnverified, access.authorities != nil {
            throw APIError(
                .credentials,
                "\(cluster.file): cluster \"\(name)\" has insecure-skip-tls-verify and a certificate-authority: expected one"
            )
        }
        access.serverName = value["tls-server-name"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        access.proxy = value["proxy-url"]?.string ?? ""
        if access.proxy.isEmpty { access.proxy = ProxyChoice(environment).proxy(for: server) }
        return access
    }

    private func credentials(
        _ user: Entry, _ name: String, _ cluster: Value, _ environment: Environment
    ) throws(APIError) -> Credentials {
        let value = user.value
        var result = Credentials()
        result.name = "kubeconfig user \"\(name)\""
        result.certificate = try material(user, "client-certificate", result.name)
        result.key = try material(user, "client-key", result.name)
        guard (result.certificate == nil) == (result.key == nil) else {
            throw APIError(
                .credentials,
                "\(user.file): \(result.name) has one of client-certificate and client-key: expected both")
        }
        result.token = value["token"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        result.tokenFile = value["tokenFile"]?.string.map { path($0, user) }
        if let login = value["username"]?.string { result.basic = (login, value["password"]?.string ?? "") }
        if let plugin = value["auth-provider"], !plugin.isNull {
            throw APIError(
                .credentials,
                "\(user.file): \(result.name) has an auth-provider, which Kubernetes gave up in 1.26: expected exec"
            )
        }
        if let plugin = value["exec"], !plugin.isNull {
            result.plugin = try ExecPlugin(
                plugin, folder: user.folder, place: "\(user.file): \(result.name)", cluster: cluster,
                environment: environment)
        }
        if let other = value["as"]?.string { result.impersonation.append(("Impersonate-User", other)) }
        if let id = value["as-uid"]?.string { result.impersonation.append(("Impersonate-Uid", id)) }
        for group in value["as-groups"]?.array ?? [] {
            if let group = group.string { result.impersonation.append(("Impersonate-Group", group)) }
        }
        guard result.impersonation.allSatisfy({ $0.value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f } })
        else {
            throw APIError(.credentials, "\(user.file): \(result.name): as holds a control character")
        }
        return result
    }

    /// The material of `NAME-data` in base64, or of the file `NAME`.
    private func material(_ entry: Entry, _ name: String, _ owner: String) throws(APIError) -> ClusterAccess
        .Material?
    {
        if let text = entry.value["\(name)-data"]?.string, !text.isEmpty {
            guard let bytes = Base64.decode(text) else {
                throw APIError(.credentials, "\(entry.file): \(owner): \(name)-data is not base64")
            }
            return .bytes(bytes)
        }
        guard let file = entry.value[name]?.string, !file.isEmpty else { return nil }
        return .file(path(file, entry))
    }

    private func path(_ path: String, _ entry: Entry) -> String {
        path.begins(with: "/") ? path : "\(entry.folder)/\(path)"
    }
}

extension ClusterAccess {
    /// Finds the cluster as kubectl does: the given file, or the files of KUBECONFIG, or `~/.kube/config`, or in a pod
    /// its service account.
    ///
    /// - Throws: if the first of these that exists cannot be used, or none exists.
    public static func find(
        kubeconfig: String? = nil, context: String? = nil, environment: Environment = Environment()
    ) throws(APIError) -> ClusterAccess {
        if let kubeconfig {
            return try Kubeconfig([kubeconfig], mustExist: true).access(
                context: context, environment: environment)
        }
        var looked = "KUBECONFIG is not set"
        var paths: [String] = []
        if let list = environment["KUBECONFIG"] {
            looked = "KUBECONFIG names no file that is there (\(list))"
            paths = list.split(byte: ":").map(String.init)
        } else if let home = environment["HOME"] {
            paths = ["\(home)/.kube/config"]
            looked += ", \(paths[0]) is not there"
        }
        let merged = try Kubeconfig(paths, mustExist: false)
        if !merged.isEmpty { return try merged.access(context: context, environment: environment) }
        if let context {
            throw APIError(
                .credentials, "there is not a kubeconfig for the context \"\(context)\": \(looked)")
        }
        if let pod = try ofPod(environment: environment) { return pod }
        throw APIError(
            .noCluster,
            "there is no cluster to query: \(looked), and this is not a pod (KUBERNETES_SERVICE_HOST is not set)"
        )
    }
}
