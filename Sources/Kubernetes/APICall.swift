import Values

/// A kind of object in the paths of the API.
public struct APIResource: Sendable, Equatable {
    /// The API group; empty for the core group.
    public var group: String
    public var version: String
    /// The plural name: `configmaps`
    public var name: String
    public var isNamespaced: Bool
    /// The kind in objects: `ConfigMap`
    public var kind: String

    public static let configMaps = core("configmaps", "ConfigMap")
    public static let secrets = core("secrets", "Secret")
    public static let namespaces = APIResource(
        group: "", version: "v1", name: "namespaces", isNamespaced: false, kind: "Namespace")
    public static let limitRanges = core("limitranges", "LimitRange")
    public static let resourceQuotas = core("resourcequotas", "ResourceQuota")
    public static let nodes = APIResource(
        group: "", version: "v1", name: "nodes", isNamespaced: false, kind: "Node")
    public static let mutatingWebhookConfigurations = APIResource(
        group: "admissionregistration.k8s.io", version: "v1", name: "mutatingwebhookconfigurations",
        isNamespaced: false, kind: "MutatingWebhookConfiguration")
    public static let pods = core("pods", "Pod")
    public static let services = core("services", "Service")
    public static let endpoints = core("endpoints", "Endpoints")
    public static let endpointSlices = APIResource(
        group: "discovery.k8s.io", version: "v1", name: "endpointslices", isNamespaced: true,
        kind: "EndpointSlice")
    public static let events = core("events", "Event")
    public static let deployments = apps("deployments", "Deployment")
    public static let statefulSets = apps("statefulsets", "StatefulSet")
    public static let daemonSets = apps("daemonsets", "DaemonSet")
    public static let replicaSets = apps("replicasets", "ReplicaSet")
    public static let jobs = APIResource(
        group: "batch", version: "v1", name: "jobs", isNamespaced: true, kind: "Job")
    public static let cronJobs = APIResource(
        group: "batch", version: "v1", name: "cronjobs", isNamespaced: true, kind: "CronJob")

    private static func core(_ name: String, _ kind: String) -> APIResource {
        APIResource(group: "", version: "v1", name: name, isNamespaced: true, kind: kind)
    }

    private static func apps(_ name: String, _ kind: String) -> APIResource {
        APIResource(group: "apps", version: "v1", name: name, isNamespaced: true, kind: kind)
    }

    /// `/api/v1/namespaces/NS/configmaps/NAME`
    func path(namespace: String?, name: String?) -> String {
        var path = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        if isNamespaced, let namespace { path += "/namespaces/\(PercentEncoding.component(namespace))" }
        path += "/\(self.name)"
        if let name { path += "/\(PercentEncoding.component(name))" }
        return path
    }
}

/// A reference to an object, `NAMESPACE/NAME` on the command line.
public struct ObjectReference: Sendable, Equatable, CustomStringConvertible {
    public var namespace: String
    public var name: String

    public init(namespace: String, name: String) {
        self.namespace = namespace
        self.name = name
    }

    /// Parses a reference; nil if the text does not have that form, or a part is not a valid Kubernetes name.
    public init?(_ text: String) {
        let parts = text.split(byte: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, parts.allSatisfy(Self.isName) else { return nil }
        self.init(namespace: parts[0], name: parts[1])
    }

    /// Whether the text is a name by RFC 1123: lower-case letters, digits, `-` and `.`, at most 253 characters.
    public static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, text.utf8.count <= 253 else {
            return false
        }
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && text.utf8.allSatisfy {
                isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
            }
    }

    public var description: String { "\(namespace)/\(name)" }
}

/// The content types of PATCH.
public enum PatchType: String, Sendable {
    case json = "application/json-patch+json"
    case merge = "application/merge-patch+json"
    /// Lists are merged by the key that their type specifies; built-in kinds only.
    case strategic = "application/strategic-merge-patch+json"
}

/// One request to the API server, with its description in messages.
struct APICall {
    enum Verb: String { case get, list, watch, create, update, patch }

    var verb: Verb
    /// nil for `ownPath`, such as /version.
    var resource: APIResource?
    var namespace: String?
    var name: String?
    /// The parameters in order, encoded by `target`.
    var query: [(name: String, value: String)] = []
    var body: [UInt8]?
    var contentType = "application/json"
    var ownPath = ""

    var method: String {
        switch verb {
        case .get, .list, .watch: "GET"
        case .create: "POST"
        case .update: "PUT"
        case .patch: "PATCH"
        }
    }

    /// The path without the query.
    var path: String {
        let isWhole = verb == .list || verb == .watch || verb == .create
        return resource?.path(namespace: namespace, name: isWhole ? nil : name) ?? ownPath
    }

    var target: String {
        guard !query.isEmpty else { return path }
        return path + "?"
            + query.map { "\($0.name)=\(PercentEncoding.component($0.value))" }.joined(separator: "&")
    }

    /// The beginning of an error: `cannot get configmaps "istio" in namespace "istio-system"`
    var sentence: String {
        guard let resource else { return "cannot \(verb.rawValue) \(ownPath)" }
        var text = "cannot \(verb.rawValue) \(resource.name)"
        if let name { text += " \"\(name)\"" }
        if resource.isNamespaced, let namespace { text += " in namespace \"\(namespace)\"" }
        return text
    }

    /// The permission that the request needs: `get on configmaps (resourceNames: istio) in namespace istio-system`
    var permission: String {
        guard let resource else { return "\(verb.rawValue) on the path \(ownPath)" }
        var text = "\(verb.rawValue) on \(resource.name)"
        if !resource.group.isEmpty { text += ".\(resource.group)" }
        // Permission to create cannot be restricted to a name.
        if let name, verb != .create { text += " (resourceNames: \(name))" }
        return text + (resource.isNamespaced ? " in namespace \(namespace ?? "default")" : " in the cluster")
    }
}

/// Percent-encoding by RFC 3986: characters that are not allowed in a segment or a value become `%XX`.
enum PercentEncoding {
    private static let digits = Array("0123456789ABCDEF".utf8)

    static func component(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                bytes.append(byte)
            default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
