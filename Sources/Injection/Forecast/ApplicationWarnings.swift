import PluginAPI
import Values

/// Builds warnings about a valid pod that will not do what its author meant, and which the author can fix.
enum ApplicationWarnings {
    /// Whether the proxy listens on the port in the pod's network.
    private static func isProxyPort(_ port: Int64) -> Bool {
        switch port {
        case 15000, 15001, 15004, 15006, 15008, 15020, 15021, 15053, 15090: true
        default: false
        }
    }

    /// Warns about containers with `image: auto`. Only an injection replaces this image; no node can pull it.
    static func whereNothingIsInjected(_ pod: Pod) -> [String] {
        (pod.initContainers + pod.containers).filter { $0["image"]?.string == Overrides.automaticImage }.map {
            "container \"\($0.name.prefix(63))\" has image auto, and nothing is injected that replaces it"
        }
    }

    /// Warns about application containers that use the proxy's ports, so their traffic never reaches them, or that run
    /// as the proxy's user, so their traffic bypasses the proxy.
    static func conflicts(_ pod: Pod, injected: Pod) -> [String] {
        var found = emptyVolumes(injected, before: pod)
        guard let proxy = injected.proxy else { return found }
        let isProxyUser = proxy["securityContext"]?["runAsUser"]?.int == FSGroup.proxyGroup
        for container in pod.containers where !container.name.hasSameBytes(as: ContainerName.proxy) {
            for port in container["ports"]?.array ?? [] {
                guard let number = port["containerPort"]?.int, isProxyPort(number) else { continue }
                found.append("container \"\(container.name.prefix(63))\": port \(number) is the proxy's")
            }
            guard isProxyUser else { continue }
            let user = container["securityContext"]?["runAsUser"] ?? pod.spec["securityContext"]?["runAsUser"]
            if user?.int == FSGroup.proxyGroup {
                found.append(
                    "container \"\(container.name.prefix(63))\" runs as the proxy's user 1337: its traffic is not redirected"
                )
            }
        }
        return found
    }

    /// Warns about volumes of the annotation `sidecar.istio.io/userVolume` whose source is mistyped: they become empty
    /// folders. (Istio's own templates have volumes without a source, on purpose.)
    private static func emptyVolumes(_ pod: Pod, before: Pod) -> [String] {
        guard let asked = before.annotation(MetadataKey.userVolume),
            case .array(let volumes)? = pod.spec["volumes"]
        else { return [] }
        let own = before.spec["volumes"]?.array ?? []
        return volumes.filter {
            $0.object?.count == 1 && asked.contains("\"\($0.name)\"") && !own.contains($0)
        }.map {
            "volume \"\($0.name.prefix(63))\" has no source that Kubernetes knows: it is an empty folder"
        }
    }

    /// Warns about volumes that Knative's CRDs refuse, such as `downwardAPI`, which Istio's templates mount.
    static func knative(_ workload: Workload, _ pod: Pod, injected: Pod) -> [String] {
        guard workload.apiVersion.begins(with: "serving.knative.dev/") else { return [] }
        let own = pod.spec["volumes"]?.array ?? []
        return (injected.spec["volumes"]?.array ?? []).filter {
            !own.contains($0) && $0["downwardAPI"].map { !$0.isNull } == true
        }.map {
            "Knative refuses volume \"\($0.name.prefix(63))\": its CRD has no downwardAPI; label the namespace and let "
                + "the webhook inject the pods instead"
        }
    }

    /// Warns about annotations of the injection on a workload instead of its pod template, where nothing reads them.
    static func misplaced(_ workload: Workload, _ pod: Pod) -> [String] {
        guard !workload.isPod, !workload.isCronJob else { return [] }
        let annotations = workload.object["metadata"]?["annotations"]?.object?.members ?? []
        return annotations.filter { isRead($0.key) && pod.annotation($0.key) == nil }.prefix(8).map {
            "the annotation \($0.key) of the \(workload.kind) is not read: it belongs to the pod template"
        }
    }

    private static func isRead(_ key: String) -> Bool {
        let isOfPods = ["sidecar.istio.io/", "traffic.sidecar.istio.io/", "status.sidecar.istio.io/"]
        return isOfPods.contains { key.begins(with: $0) } || key == "proxy.istio.io/config"
            || key == MetadataKey.templates
    }
}
