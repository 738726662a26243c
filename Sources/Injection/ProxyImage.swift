import Values

/// The images of the proxy and of its init container: `hub/image:tag`, the tag with the variant that is asked for.
///
/// The variant comes from the pod's annotation, else (the proxy only) from the proxy configuration, else from
/// `values.global.variant`. A known variant at the end of the tag is replaced; `default` only removes it.
extension SidecarTemplateData {
    private static let imageType = "sidecar.istio.io/proxyImageType"
    private static let variants = ["debug", "distroless"]

    static func proxyImage(values: Value, proxyConfig: Value, annotations: Object) -> String {
        let configured = proxyConfig["image"]?["imageType"]?.string
        return image("proxy", values, annotations[imageType]?.string ?? nonEmpty(configured))
    }

    static func proxyInitImage(values: Value, annotations: Object) -> String {
        image("proxy_init", values, annotations[imageType]?.string)
    }

    private static func image(_ member: String, _ values: Value, _ variant: String?) -> String {
        let global = values["global"]
        let name = nonEmpty(global?[member]?["image"]?.string) ?? "proxyv2"
        let variant = variant ?? global?["variant"]?.string ?? ""
        let hub = global?["hub"]?.string ?? ""
        return "\(hub)/\(name):\(tag(text(global?["tag"]), variant: variant))"
    }

    private static func nonEmpty(_ text: String?) -> String? { text?.isEmpty == false ? text : nil }

    /// A tag may be a number: `tag: 1.20` is written without quotes more often than not.
    private static func text(_ tag: Value?) -> String {
        switch tag {
        case .string(let text): text
        case .int(let number): String(number)
        case .double(let number): NumberFormat.text(number, style: .general)
        case .bool(let flag): flag ? "true" : "false"
        default: ""
        }
    }

    private static func tag(_ tag: String, variant: String) -> String {
        guard !variant.isEmpty else { return tag }
        var tag = tag
        for known in variants where tag.utf8.count > known.utf8.count && tag.hasSuffix("-" + known) {
            tag.removeLast(known.count + 1)
            break
        }
        return variant == "default" ? tag : tag + "-" + variant
    }
}

extension SidecarTemplateData {
    private static let userRange = "openshift.io/sa.scc.uid-range"
    private static let groupRange = "openshift.io/sa.scc.supplemental-groups"

    /// The user and group that OpenShift sets aside for the proxy in a namespace with these annotations: the largest
    /// ids of the first ranges, groups falling back to the users' range; 1337 where they do not say.
    static func openShiftIdentity(namespaceAnnotations: Object) -> (user: Int64, group: Int64) {
        let users = namespaceAnnotations[userRange]?.string
        let groups = namespaceAnnotations[groupRange]?.string ?? users
        let firstGroups = groups?.split(separator: ",", omittingEmptySubsequences: false).first.map(
            String.init)
        return (users.flatMap(lastID) ?? 1337, firstGroups.flatMap(lastID) ?? 1337)
    }

    /// The last number of `first/count` or `first-last`.
    private static func lastID(_ block: String) -> Int64? {
        let counted = block.split(separator: "/", omittingEmptySubsequences: false)
        if counted.count == 2, let first = UInt32(counted[0]), let count = UInt32(counted[1]), count > 0 {
            return Int64(first) + Int64(count) - 1
        }
        let bounded = block.split(separator: "-", omittingEmptySubsequences: false)
        guard bounded.count == 2, let first = UInt32(bounded[0]), let last = UInt32(bounded[1]), first <= last
        else { return nil }
        return Int64(last)
    }
}
