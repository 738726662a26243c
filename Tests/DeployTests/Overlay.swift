import TestSupport
import Testing
import Values
import YAML

/// An overlay of `deploy/kustomize` as `kubectl kustomize` builds it. The recorded output is in `kustomize/`, so that
/// the other tests do not need kubectl; one test checks that kubectl still builds the same.
struct Overlay: CustomTestStringConvertible {
    let name: String
    /// The objects, if they do not come from an overlay.
    var text: String?
    var testDescription: String { name }

    init(name: String, text: String? = nil) {
        self.name = name
        self.text = text
    }

    static let all = ["files", "cert-manager", "auto", "revision"].map { Overlay(name: $0) }

    /// Objects of the chart with combinations of certificates and configuration that no overlay has.
    static let mixtures: [Overlay] = [("auto", "mounted"), ("files", "watched"), ("cert-manager", "watched")]
        .map {
            let values: Value = [
                "certificates": ["mode": .string($0)], "configuration": ["source": .string($1)],
            ]
            let rendering = try? Chart.render(Chart.values(with: values))
            let objects = rendering?.outputs.filter { $0.key.hasSuffix(".yaml") }.values.joined(
                separator: "\n---\n")
            let namespace = TestSupport.text(of: packageRoot + "/deploy/kustomize/base/namespace.yaml")
            return Overlay(name: "chart, \($0), \($1)", text: (objects ?? "") + "\n---\n" + namespace)
        }

    var folder: String { packageRoot + "/deploy/kustomize/overlays/" + name }
    var recorded: String { packageRoot + "/Tests/DeployTests/kustomize/\(name).yaml" }

    var objects: [Manifest] {
        get throws { try Manifest.all(in: text ?? TestSupport.text(of: recorded)) }
    }

    /// The only object of that kind.
    func object(_ kind: String) throws -> Value {
        let found = try objects.filter { $0.kind == kind }
        try #require(found.count == 1, "\(name) has \(found.count) objects of kind \(kind)")
        return found[0].value
    }

    /// The only container of the pods.
    var container: Value {
        get throws {
            let spec = try #require(try object("Deployment").at("spec", "template", "spec"))
            return try #require(spec["containers"]?.array?.first)
        }
    }

    /// The container's arguments, with variables expanded as the kubelet does.
    var arguments: [String] {
        get throws {
            try #require(try container["args"]?.array).map {
                ($0.string ?? "").replacing("$(POD_NAMESPACE)", with: "pillion-system")
            }
        }
    }

    /// The value of the argument `--name=value`; nil if it is absent.
    func argument(_ name: String) throws -> String? {
        try arguments.first { $0.hasPrefix("--\(name)=") }.map { String($0.dropFirst(name.utf8.count + 3)) }
    }
}

/// One object of a manifest.
struct Manifest {
    var value: Value

    var kind: String { value["kind"]?.string ?? "" }
    var name: String { value.at("metadata", "name")?.string ?? "" }
    var namespace: String { value.at("metadata", "namespace")?.string ?? "" }
    var id: String { "\(value["apiVersion"]?.string ?? "")/\(kind) \(namespace)/\(name)" }

    static func all(in text: String) throws -> [Manifest] {
        try YAMLReader.documents(Array(text.utf8)).filter { !$0.isEmpty && !$0.value.isNull }
            .map { Manifest(value: $0.value) }
    }

    /// The object without labels that only Helm sets.
    var withoutHelmsLabels: Manifest {
        var copy = self
        copy.value.modify("metadata", "labels") { labels in
            labels.members.removeAll { ["helm.sh/chart", "app.kubernetes.io/managed-by"].contains($0.key) }
        }
        return copy
    }
}

extension Value {
    /// The value at the path of member names; nil if one is missing.
    func at(_ path: String...) -> Value? {
        path.reduce(Optional(self)) { $0?[$1] }
    }

    fileprivate mutating func modify(_ outer: String, _ inner: String, _ body: (inout Object) -> Void) {
        guard var parent = self[outer]?.object, var child = parent[inner]?.object else { return }
        body(&child)
        parent[inner] = .object(child)
        guard var object else { return }
        object[outer] = .object(parent)
        self = .object(object)
    }
}
