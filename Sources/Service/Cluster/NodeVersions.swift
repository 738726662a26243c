import Kubernetes
import Synchronization
import Values

/// Whether every node's kubelet supports native sidecars, for `--nativeSidecars auto`. For a cluster without nodes, the
/// version of its API server counts.
final class NodeVersions: Sendable {
    /// The interval of checks, in seconds: joined and upgraded nodes count after at most ten minutes.
    static let seconds = 600

    private let state = Mutex(false)

    var runNativeSidecars: Bool { state.withLock { $0 } }

    /// - Returns: whether the answer changed.
    func look(_ client: APIClient) throws(APIError) -> Bool {
        var oldest: KubernetesVersion?
        _ = try client.list(.nodes) { nodes throws(APIError) in
            for node in nodes {
                let text = node["status"]?["nodeInfo"]?["kubeletVersion"]?.string ?? ""
                // A node without a valid version is considered old.
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
