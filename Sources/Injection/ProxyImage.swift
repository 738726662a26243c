import Values

/// The images of the proxy and of its init container: `hub/image:tag`, the tag with the variant that is asked for.
///
/// The variant comes from the pod's annotation, else (the proxy only) from the proxy configuration where that has an
/// `image` at all, else from `values.global.variant`. A known variant at the end of the tag is replaced; `default` only removes it.
extension SidecarTemplateData {
    private static let imageType = "sidecar.istio.io/proxyImageType"
    private static let variants = ["debug", "distroless"]

    static func proxyImage(values: Value, proxyConfig: Value, annotations: Object) -> String {
        var configured: String?
        if case .object(let image)? = proxyConfig["image"] { configured = image.text("imageType") }
        return image("proxy", values, annotations[imageType]?.string ?? configured)
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

    /// A tag may be a number: `tag: 1.20` is written without quotes more often than not. Every number is a fraction to
    /// Istio here, so that 20260801 is printed as 2.0260801e+07.
    private static func text(_ tag: Value?) -> String {
        switch tag {
        case .string(let text): text
        case .int(let number): NumberFormat.text(Double(number), style: .general)
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
        // One range that cannot be read makes all of them worthless.
        let ranges = groups?.split(separator: ",", omittingEmptySubsequences: false).map {
            lastID(String($0))
        }
        let group = ranges?.contains(nil) == false ? ranges?.first ?? nil : nil
        return (users.flatMap(lastID) ?? FSGroup.proxyGroup, group ?? FSGroup.proxyGroup)
    }

    /// The last number of `first/count` or `first-last`, 32 bits wide; what stands behind it is not looked at.
    private static func lastID(_ block: String) -> Int64? {
        let separator: Character = block.contains("/") ? "/" : "-"
        let sides = block.split(separator: separator, maxSplits: 1, omittingEmptySubsequences: false)
        guard sides.count == 2, let first = UInt32(sides[0]),
            let second = UInt32(sides[1].prefix { $0.isASCII && $0.isNumber })
        else { return nil }
        return Int64(separator == "/" ? first &+ second &- 1 : second)
    }
}
