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
            if workload.objectPath != last {
                search.object(.object(workload.object), at: workload.objectPath)
            }
            last = workload.objectPath
            let path = workload.objectPath + workload.templatePath.map { step($0) }
            if !workload.isPod { search.metadata(workload.template["metadata"], at: path, isPod: true) }
            search.spec(workload.template["spec"], at: path + [.member("spec")])
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

        mutating func object(_ value: Value, at path: [PathStep]) {
            metadata(value["metadata"], at: path, isPod: value["kind"] == "Pod")
            let labels = value["spec"]?["selector"]?["matchLabels"]
            map(labels, "label", at: path + [.member("spec"), .member("selector"), .member("matchLabels")])
        }

        mutating func metadata(_ value: Value?, at path: [PathStep], isPod: Bool) {
            guard case .object(let metadata)? = value else { return }
            let path = path + [.member("metadata")]
            for key in ["name", "namespace"] { field(metadata[key], key, at: path + [.member(key)]) }
            map(metadata["labels"], "label", at: path + [.member("labels")], isRefused: isPod)
            map(metadata["annotations"], "annotation", at: path + [.member("annotations")], isRefused: isPod)
        }

        mutating func spec(_ value: Value?, at path: [PathStep]) {
            guard case .object(let spec)? = value else { return }
            map(spec["nodeSelector"], "node selector", at: path + [.member("nodeSelector")])
            for key in ["initContainers", "containers", "ephemeralContainers"] {
                for (index, container) in (spec[key]?.array ?? []).enumerated() {
                    self.container(container, at: path + [.member(key), .item(index)])
                }
            }
        }

        private mutating func container(_ value: Value, at path: [PathStep]) {
            guard case .object(let container) = value else { return }
            for key in ["name", "image"] { field(container[key], key, at: path + [.member(key)]) }
            for (key, what) in [("command", "command's part"), ("args", "argument")] {
                for (index, item) in (container[key]?.array ?? []).enumerated() {
                    field(item, what, at: path + [.member(key), .item(index)])
                }
            }
            for (index, variable) in (container["env"]?.array ?? []).enumerated() {
                guard case .object(let variable) = variable else { continue }
                let path = path + [.member("env"), .item(index)]
                field(variable["name"], "name of a variable", at: path + [.member("name")])
                field(
                    variable["value"], "value of the variable", name: variable.text("name"),
                    at: path + [.member("value")])
            }
        }

        private mutating func map(
            _ value: Value?, _ what: String, at path: [PathStep], isRefused: Bool = false
        ) {
            guard case .object(let map)? = value else { return }
            for member in map.members {
                field(
                    member.value, what, name: member.key, at: path + [.member(member.key)],
                    isRefused: isRefused)
            }
        }

        private mutating func field(
            _ value: Value?, _ what: String, name: String = "",
            at path: @autoclosure () -> [PathStep],
            isRefused: Bool = false
        ) {
            switch value {
            case .bool?, .int?, .double?: break
            default: return
            }
            guard found.count < StringField.maximum, let value else { return }
            found.append(
                StringField(path: path(), what: what, name: name, value: value, isRefused: isRefused))
        }
    }
}
