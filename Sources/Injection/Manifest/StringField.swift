import Values

/// A field that Kubernetes defines as a string, with another value, such as `version: 1.0`, `value: yes`, `name: 0755`.
///
/// An API server refuses such an object, and the parsed value (`0755` is 493) differs from the written text.
struct StringField: Sendable, Equatable {
    /// The path from the document to the value.
    var path: [PathStep]
    /// `label`, `annotation`, `env value` …
    var what: String
    /// The name of the label, annotation or variable; empty for other fields.
    var name: String
    var value: Value
    /// Whether Istio's injection refuses the object too: a label or annotation of a pod.
    var isRefused: Bool
    /// The line in the manifest, and the value as it is written; set once they were searched.
    var line: Int?
    var written: String?

    /// The maximum number of fields of one document that are reported.
    static let maximum = 1_000

    /// Returns the fields of a document's workloads, in the order of the document.
    static func found(in document: Value, _ workloads: [Workload]) -> [StringField] {
        var search = Search()
        var last: [PathStep]?
        for workload in workloads {
            search.path = workload.objectPath
            if workload.objectPath != last { search.object(.object(workload.object)) }
            last = workload.objectPath
            search.path += workload.templatePath.map { step($0) }
            if !workload.isPod { search.metadata(workload.template["metadata"], isPod: true) }
            search.spec(workload.template["spec"])
        }
        return search.found
    }

    private static func step(_ name: String) -> PathStep {
        Int(name).map { .item($0) } ?? .member(name)
    }

    /// Whether the field belongs to the workload. If the object has several templates, it is in this one or outside all
    /// of them.
    func isWithin(_ workload: Workload) -> Bool {
        guard path.starts(with: workload.objectPath) else { return false }
        let inner = path.dropFirst(workload.objectPath.count)
        return inner.starts(with: workload.templatePath.map { Self.step($0) })
            || inner.first == .member("metadata") || inner.dropFirst().first == .member("selector")
    }

    /// - Parameter name: the manifest's name, put before the line; nil if the reader knows it.
    func message(at name: String? = nil) -> String {
        let line = line.map { name == nil ? "line \($0): " : "\(name!):\($0): " }
        let place = line ?? name.map { "\($0): " } ?? ""
        let found = written ?? JSON.text(value)
        let field = self.name.isEmpty ? what : "\(what) \(self.name)"
        return "\(place)the \(field) is not a valid string: found \(found), \(value.kindName), expected "
            + "\"\(found)\"; put it in quotes, or give --quote-scalars"
    }

    private struct Search {
        var found: [StringField] = []
        /// The path of the current value. It is changed in place, because nearly no document has such a field.
        var path: [PathStep] = []

        mutating func object(_ value: Value) {
            metadata(value["metadata"], isPod: value["kind"] == "Pod")
            inside("spec") { search in
                search.inside("selector") {
                    $0.map(value["spec"]?["selector"]?["matchLabels"], "matchLabels", "label")
                }
            }
        }

        mutating func metadata(_ value: Value?, isPod: Bool) {
            guard case .object(let metadata)? = value else { return }
            inside("metadata") { search in
                for key in ["name", "namespace"] { search.field(metadata[key], at: key, key) }
                search.map(metadata["labels"], "labels", "label", isRefused: isPod)
                search.map(metadata["annotations"], "annotations", "annotation", isRefused: isPod)
            }
        }

        mutating func spec(_ value: Value?) {
            guard case .object(let spec)? = value else { return }
            inside("spec") { search in
                search.map(spec["nodeSelector"], "nodeSelector", "node selector")
                for key in ["initContainers", "containers", "ephemeralContainers"] {
                    search.items(of: spec[key], key) { $0.container($1) }
                }
            }
        }

        private mutating func container(_ value: Value) {
            guard case .object(let container) = value else { return }
            for key in ["name", "image"] { field(container[key], at: key, key) }
            for (key, what) in [("command", "command's part"), ("args", "argument")] {
                items(of: container[key], key) { $0.field($1, what) }
            }
            items(of: container["env"], "env") { search, variable in
                guard case .object(let variable) = variable else { return }
                search.field(variable["name"], at: "name", "name of a variable")
                search.field(
                    variable["value"], at: "value", "value of the variable", name: variable.text("name"))
            }
        }

        /// Searches a value below a member.
        private mutating func inside(_ key: String, _ search: (inout Search) -> Void) {
            path.append(.member(key))
            search(&self)
            path.removeLast()
        }

        private mutating func items(of list: Value?, _ key: String, _ search: (inout Search, Value) -> Void) {
            guard case .array(let items)? = list else { return }
            path.append(.member(key))
            for (index, item) in items.enumerated() {
                path.append(.item(index))
                search(&self, item)
                path.removeLast()
            }
            path.removeLast()
        }

        private mutating func map(_ value: Value?, _ key: String, _ what: String, isRefused: Bool = false) {
            guard case .object(let map)? = value else { return }
            inside(key) { search in
                for member in map.members {
                    search.field(member.value, at: member.key, what, name: member.key, isRefused: isRefused)
                }
            }
        }

        /// - Parameter key: the key of the value in the current object; nil if the path leads to the value.
        private mutating func field(
            _ value: Value?, at key: String? = nil, _ what: String, name: String = "", isRefused: Bool = false
        ) {
            switch value {
            case .bool?, .int?, .double?: break
            default: return
            }
            guard found.count < StringField.maximum, let value else { return }
            let path = path + (key.map { [.member($0)] } ?? [])
            found.append(StringField(path: path, what: what, name: name, value: value, isRefused: isRefused))
        }
    }
}
