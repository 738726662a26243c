import Kubernetes
import Synchronization
import Values

/// Whether every node's kubelet runs native sidecars: what `--nativeSidecars auto` comes to. A cluster without nodes is
/// judged by its API server.
final class NodeVersions: Sendable {
    /// Nodes join and are upgraded; ten minutes later that counts.
    static let seconds = 600

    private let state = Mutex(false)

    var runNativeSidecars: Bool { state.withLock { $0 } }

    /// - Returns: whether the answer changed.
    func look(_ client: APIClient) throws(APIError) -> Bool {
        var oldest: KubernetesVersion?
        _ = try client.list(.nodes) { nodes throws(APIError) in
            for node in nodes {
                let text = node["status"]?["nodeInfo"]?["kubeletVersion"]?.string ?? ""
                // A node that does not say is taken for an old one.
                let version = KubernetesVersion(text) ?? KubernetesVersion(major: 0, minor: 0)
                oldest = min(oldest ?? version, version)
            }
        }
        let version: KubernetesVersion
        if let oldest { version = oldest } else { version = try client.serverVersion() }
        let answer = version >= .nativeSidecars
        return state.withLock { state in
            defer { state = answer }
            return state != answer
        }
    }
}
