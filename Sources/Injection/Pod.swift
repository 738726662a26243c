import PluginAPI
import Values

/// The metadata and the spec of a pod or pod template: what injection changes.
///
/// The values stay as the user wrote them; only what an injection must change is touched.
struct Pod: Sendable {
    var metadata: Object
    var spec: Object
}

/// Names that Istio gives to containers.
enum ContainerName {
    static let proxy = "istio-proxy"
    static let initialisation = "istio-init"
    static let validation = "istio-validation"
    static let coreDump = "enable-core-dump"
}

/// Annotations and labels that injection reads or writes.
enum MetadataKey {
    static let status = "sidecar.istio.io/status"
    static let statusPort = "status.sidecar.istio.io/port"
    static let rewriteProbes = "sidecar.istio.io/rewriteAppHTTPProbers"
    static let nativeSidecar = "sidecar.istio.io/nativeSidecar"
    static let interceptionMode = "sidecar.istio.io/interceptionMode"
    static let proxyImageType = "sidecar.istio.io/proxyImageType"
    static let templates = "inject.istio.io/templates"
    static let overrides = "proxy.istio.io/overrides"
    static let proxyConfig = "proxy.istio.io/config"
    static let mergeMetrics = "prometheus.istio.io/merge-metrics"
    static let network = "topology.istio.io/network"
    static let revision = "istio.io/rev"
    static let tlsMode = "security.istio.io/tlsMode"
    static let canonicalName = "service.istio.io/canonical-name"
    static let canonicalRevision = "service.istio.io/canonical-revision"
    static let podTemplateHash = "pod-template-hash"
}

extension Pod {
    /// The lists and maps whose shape injection relies on; a value of another shape is refused as Go's decoding
    /// would refuse it.
    static func check(_ value: Value, at pointer: String = "") throws(InjectionError) -> Pod {
        guard case .object(let pod) = value else {
            throw shape("pod", at: pointer, found: value, want: "an object")
        }
        let metadata = try pod.checkedObject("metadata", at: pointer)
        let spec = try pod.checkedObject("spec", at: pointer)
        for key in ["labels", "annotations"] {
            for member in try metadata.checkedObject(key, at: pointer + "/metadata").members {
                switch member.value {
                case .string, .null: continue
                case let other:
                    let place = "\(pointer)/metadata/\(key)/\(JSONPointer.escape(member.key))"
                    throw shape(member.key, at: place, found: other, want: "a string")
                }
            }
        }
        try metadata.checkItems("ownerReferences", at: pointer + "/metadata")
        for key in ["containers", "initContainers"] {
            for (index, container) in try spec.checkedObjects(key, at: pointer + "/spec").enumerated() {
                let place = "\(pointer)/spec/\(key)/\(index)"
                for list in ["env", "ports", "volumeMounts"] {
                    _ = try container.checkedObjects(list, at: place)
                }
                for object in [
                    "readinessProbe", "livenessProbe", "startupProbe", "lifecycle", "securityContext",
                ] {
                    _ = try container.checkedObject(object, at: place)
                }
            }
        }
        for key in ["volumes", "imagePullSecrets"] { try spec.checkItems(key, at: pointer + "/spec") }
        _ = try spec.checkedObject("securityContext", at: pointer + "/spec")
        return Pod(metadata: metadata, spec: spec)
    }

    fileprivate static func shape(
        _ name: String, at pointer: String, found: Value, want: String
    ) -> InjectionError {
        let message = "\(pointer.isEmpty ? "/" : pointer): \(name) is \(found.kindName), expected \(want)"
        return InjectionError(.decode, .decodeError, message)
    }

    var annotations: Object { metadata["annotations"]?.object ?? Object() }
    var labels: Object { metadata["labels"]?.object ?? Object() }
    var name: String { metadata.text("name") }
    /// The name, or what the server will make one of.
    var nameOrPrefix: String { name.isEmpty ? metadata.text("generateName") : name }
    var usesHostNetwork: Bool { spec["hostNetwork"]?.bool ?? false }

    /// An annotation's text; nil where there is none.
    func annotation(_ key: String) -> String? { annotations[key].map { $0.string ?? "" } }
    func label(_ key: String) -> String? { labels[key].map { $0.string ?? "" } }

    mutating func setAnnotation(_ key: String, _ text: String) {
        metadata.modify("annotations") { $0.modifyObject { $0[key] = .string(text) } }
    }

    mutating func removeAnnotation(_ key: String) {
        guard annotations.index(of: key) != nil else { return }
        metadata.modify("annotations") { $0.modifyObject { $0[key] = nil } }
    }

    mutating func removeLabel(_ key: String) {
        guard labels.index(of: key) != nil else { return }
        metadata.modify("labels") { $0.modifyObject { $0[key] = nil } }
    }

    mutating func setLabel(_ key: String, _ text: String) {
        metadata.modify("labels") { $0.modifyObject { $0[key] = .string(text) } }
    }

    /// Sets a label that is absent or empty.
    mutating func setLabelIfUnset(_ key: String, _ text: String) {
        if (label(key) ?? "").isEmpty { setLabel(key, text) }
    }

    var containers: [Value] { spec["containers"]?.array ?? [] }
    var initContainers: [Value] { spec["initContainers"]?.array ?? [] }

    /// Changes a list of the spec in place; a list that is not there is made only when `body` puts something in.
    mutating func modifyList<E: Error>(
        _ key: String, _ body: (inout [Value]) throws(E) -> Void
    ) throws(E) {
        if case .array? = spec[key] {
            try spec.modify(key) { value throws(E) in try value.modifyArray(body) }
            return
        }
        var items: [Value] = []
        try body(&items)
        if !items.isEmpty { spec[key] = .array(items) }
    }

    /// Changes the proxy where it is, among the containers or the init containers; false where there is none.
    @discardableResult
    mutating func modifyProxy(_ body: (inout Object) -> Void) -> Bool {
        for key in ["containers", "initContainers"] {
            guard let index = (spec[key]?.array ?? []).firstIndex(where: { $0.name == ContainerName.proxy })
            else { continue }
            modifyList(key) { items in items[index].modifyObject(body) }
            return true
        }
        return false
    }

    /// The proxy, wherever it is.
    var proxy: Object? {
        (containers.first { $0.name == ContainerName.proxy }
            ?? initContainers.first { $0.name == ContainerName.proxy })?.object
    }
}

extension Value {
    /// The member `name` of a container, volume or port; empty where there is none.
    var name: String { self["name"]?.string ?? "" }

    /// What JSON calls this: `a string`, `an array` …
    var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .int, .double: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension Object {
    /// A member's text; empty where it is missing or no text.
    func text(_ key: String) -> String { self[key]?.string ?? "" }

    func checkedObject(_ key: String, at pointer: String) throws(InjectionError) -> Object {
        switch self[key] {
        case nil, .null?: return Object()
        case .object(let object)?: return object
        case let other?: throw Pod.shape(key, at: "\(pointer)/\(key)", found: other, want: "an object")
        }
    }

    /// A list of objects, each of them looked at.
    func checkedObjects(_ key: String, at pointer: String) throws(InjectionError) -> [Object] {
        try checkItems(key, at: pointer)
        return self[key]?.array?.compactMap(\.object) ?? []
    }

    /// Refuses what is no list of objects.
    func checkItems(_ key: String, at pointer: String) throws(InjectionError) {
        switch self[key] {
        case nil, .null?: return
        case .array(let items)?:
            for (index, item) in items.enumerated() {
                guard case .object = item else {
                    throw Pod.shape(key, at: "\(pointer)/\(key)/\(index)", found: item, want: "an object")
                }
            }
        case let other?: throw Pod.shape(key, at: "\(pointer)/\(key)", found: other, want: "an array")
        }
    }
}
