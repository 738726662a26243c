import Kubernetes
import Values

/// The injector's start: the flags of its container, and the ConfigMaps and Secrets that it mounts.
struct Injector: Sendable {
    private var flags: [String: String] = [:]
    private var mounts: [(path: String, configMap: String?, secret: String?)] = []
    let namespace: String
    let service: String

    /// - Parameter pod: one of the injector's pods, or a pod template; nil if none could be read.
    init(namespace: String, service: String, pod: Value?) {
        self.namespace = namespace
        self.service = service
        guard let spec = pod?["spec"] else { return }
        for container in spec["containers"]?.array ?? [] {
            let words =
                ((container["command"]?.array ?? []) + (container["args"]?.array ?? [])).compactMap(\.string)
            for (index, word) in words.enumerated() where word.begins(with: "--") {
                let parts = word.dropFirst(2).split(
                    byte: "=", maxSplits: 1, omittingEmptySubsequences: false)
                let next =
                    index + 1 < words.count && !words[index + 1].begins(with: "-") ? words[index + 1] : "true"
                flags[String(parts[0])] = (parts.count == 2 ? String(parts[1]) : next)
                    .replacing("$(POD_NAMESPACE)", with: namespace)
            }
            let volumes = spec["volumes"]?.array ?? []
            for mount in container["volumeMounts"]?.array ?? [] {
                let volume = volumes.first { $0["name"] == mount["name"] }
                mounts.append(
                    (
                        mount["mountPath"]?.string ?? "", volume?["configMap"]?["name"]?.string,
                        volume?["secret"]?["secretName"]?.string
                    ))
            }
        }
    }

    func flag(_ name: String) -> String? { flags[name] }

    private func mount(of path: String?) -> (path: String, configMap: String?, secret: String?)? {
        guard let path else { return nil }
        return mounts.first { path.begins(with: $0.path + "/") }
    }

    /// Whether it looks like istiod, or Istio's injector before 1.5.
    private var isIstios: Bool {
        service.begins(with: "istiod") || service.begins(with: "istio-sidecar-injector")
    }

    /// The suffix for the revision in Istio's names.
    private func suffix(_ revision: String) -> String {
        revision.isEmpty || revision == "default" ? "" : "-\(revision)"
    }

    func injectConfigMap(revision: String) -> ObjectReference {
        if let named = flag("injectConfigMap").flatMap({ ObjectReference($0) }) { return named }
        let mounted = mount(of: flag("injectConfig") ?? "/etc/istio/inject/config")?.configMap
        let usual = isIstios ? "istio-sidecar-injector\(suffix(revision))" : "\(service)-config"
        return ObjectReference(namespace: namespace, name: mounted ?? usual)
    }

    func meshConfigMap(revision: String) -> ObjectReference {
        if let named = flag("meshConfigMap").flatMap({ ObjectReference($0) }) { return named }
        let mounted = mount(of: flag("meshConfig") ?? "/etc/istio/config/mesh")?.configMap
        let usual = isIstios ? "istio\(suffix(revision))" : "\(service)-config"
        return ObjectReference(namespace: namespace, name: mounted ?? usual)
    }

    /// The Secret of the certificate that it serves; nil if that is not known, as for istiod's own certificate.
    var servingSecret: ObjectReference? {
        if let named = flag("tlsAuto").flatMap({ ObjectReference($0) }) { return named }
        if let name = mount(of: flag("tlsCertFile") ?? "/etc/istio/certs/cert-chain.pem")?.secret {
            return ObjectReference(namespace: namespace, name: name)
        }
        return isIstios ? nil : ObjectReference(namespace: namespace, name: "\(service)-tls")
    }
}
