import PluginAPI
import Values

/// The metadata and the spec of a pod or pod template, which an injection changes.
///
/// Values stay as the user wrote them; an injection changes only what it must.
struct Pod: Sendable {
    var metadata: Object
    var spec: Object
}

extension Pod {
    /// Checks the shape of the lists and maps that injection relies on.
    ///
    /// - Throws: all values of another shape together. Go's decoder would report only the first of them.
    static func check(
        _ value: Value, at pointer: @autoclosure () -> String = ""
    ) throws(InjectionError) -> Pod {
        var shape = PodShape()
        let pod = shape.pod(value, at: pointer)
        try shape.problems.check()
        return pod
    }

    var annotations: Object { metadata["annotations"]?.object ?? Object() }
    var labels: Object { metadata["labels"]?.object ?? Object() }
    var name: String { metadata.text("name") }
    /// The name, or the prefix from which the server will generate one.
    var nameOrPrefix: String { name.isEmpty ? metadata.text("generateName") : name }
    var usesHostNetwork: Bool { spec["hostNetwork"]?.bool ?? false }

    /// The value of an annotation; nil if the pod does not have it.
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

    /// Changes a list of the spec in place. Creates a missing list only if `body` adds items.
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

    /// Changes the proxy in place, in the containers or init containers.
    ///
    /// - Returns: whether there is one.
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

    /// The proxy, in the containers or init containers.
    var proxy: Object? {
        (containers.first { $0.name.hasSameBytes(as: ContainerName.proxy) }
            ?? initContainers.first { $0.name.hasSameBytes(as: ContainerName.proxy) })?.object
    }

    /// The object with its metadata and spec replaced by the pod's. An empty part that was absent stays absent.
    func applied(to value: Value) -> Value {
        var object = value.object ?? Object()
        if object["metadata"] != .object(metadata), !metadata.isEmpty || object["metadata"]?.object != nil {
            object["metadata"] = .object(metadata)
        }
        if object["spec"] != .object(spec), !spec.isEmpty || object["spec"]?.object != nil {
            object["spec"] = .object(spec)
        }
        return .object(object)
    }
}
