import PluginAPI
import Values

/// The metadata and the spec of a pod or pod template: what injection changes.
///
/// The values stay as the user wrote them; only what an injection must change is touched.
struct Pod: Sendable {
    var metadata: Object
    var spec: Object
}

extension Pod {
    /// The lists and maps whose shape injection relies on; values of another shape are refused, all together, as Go's
    /// decoding would refuse the first of them.
    static func check(_ value: Value, at pointer: String = "") throws(InjectionError) -> Pod {
        var shape = PodShape()
        let pod = shape.pod(value, at: pointer)
        try shape.problems.check()
        return pod
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
}
