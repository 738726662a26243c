import Values

/// The images of the proxy and of its init container: `hub/image:tag`, the tag with the requested variant.
///
/// The variant comes from the pod's annotation, else (for the proxy only) from the proxy configuration if it has an
/// `image`, else from `values.global.variant`. It replaces a known variant at the end of the tag; `default` only
/// removes it.
enum ProxyImage {
    private static let variants = ["debug", "distroless"]

    static func proxy(values: Value, proxyConfig: Value, annotations: Object) -> String {
        var configured: String?
        if case .object(let image)? = proxyConfig["image"] { configured = image.text("imageType") }
        return image("proxy", values, annotations[MetadataKey.proxyImageType]?.string ?? configured)
    }

    static func initialisation(values: Value, annotations: Object) -> String {
        image("proxy_init", values, annotations[MetadataKey.proxyImageType]?.string)
    }

    private static func image(_ member: String, _ values: Value, _ variant: String?) -> String {
        let global = values["global"]
        let name = nonEmpty(global?[member]?["image"]?.string) ?? "proxyv2"
        let variant = variant ?? global?["variant"]?.string ?? ""
        let hub = global?["hub"]?.string ?? ""
        return "\(hub)/\(name):\(tag(text(global?["tag"]), variant: variant))"
    }

    private static func nonEmpty(_ text: String?) -> String? { text?.isEmpty == false ? text : nil }

    /// A tag may be a number, because most people write `tag: 1.20` without quotes. Istio parses every number as a
    /// float, so 20260801 is printed as 2.0260801e+07.
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
        for known in variants where tag.utf8.count > known.utf8.count && tag.ends(with: "-" + known) {
            tag.removeLast(known.count + 1)
            break
        }
        return variant == "default" ? tag : tag + "-" + variant
    }
}
