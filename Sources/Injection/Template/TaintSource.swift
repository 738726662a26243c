import PluginAPI
import Values
import YAML

/// The parts of an injection template's data that a pod wrote, and their names for people.
///
/// | path | |
/// | --- | --- |
/// | `ObjectMeta`, `Spec` | the pod's own |
/// | `TypeMeta`, `DeploymentMeta` | its owner's kind and name, its namespace |
/// | `ProxyConfig`, `MeshConfig.DefaultConfig` | members that the annotation proxy.istio.io/config sets |
/// | `ProxyImage`, `ProxyInitImage` | if an annotation selects the variant of the image |
///
/// Values, the rest of the mesh configuration and the options are the operator's.
enum TaintSource {
    /// All parts that a pod can write.
    static let all = DataTaint([
        ["ObjectMeta"], ["Spec"], ["TypeMeta"], ["DeploymentMeta"], ["ProxyConfig"],
        ["MeshConfig", "DefaultConfig"], ["ProxyImage"], ["ProxyInitImage"],
    ])

    /// The maximum number of members of the annotation proxy.istio.io/config that are distinguished. With more, all of
    /// it is tainted.
    private static let memberLimit = 256
    private static let depthLimit = 16

    /// The parts that a pod with these annotations wrote.
    static func taint(annotations: Object) -> DataTaint {
        var taint = DataTaint([["ObjectMeta"], ["Spec"], ["TypeMeta"], ["DeploymentMeta"]])
        var image = annotations[imageType] != nil
        if let text = annotations[MetadataKey.proxyConfig]?.string {
            var members: [[String]] = []
            if let value = try? YAMLReader.value(text) { collect(value, [], &members) }
            if members.isEmpty || members.count >= memberLimit { members = [[]] }
            for member in members {
                taint.paths.append(["ProxyConfig"] + member)
                taint.paths.append(["MeshConfig", "DefaultConfig"] + member)
                image = image || member.first ?? "image" == "image"
            }
        }
        if image { taint.paths += [["ProxyImage"], ["ProxyInitImage"]] }
        return taint
    }

    private static let imageType = "sidecar.istio.io/proxyImageType"

    private static func collect(_ value: Value, _ path: [String], _ members: inout [[String]]) {
        guard case .object(let object) = value, !object.isEmpty, path.count < depthLimit else {
            if !path.isEmpty { members.append(path) }
            return
        }
        for member in object.members where members.count < memberLimit {
            collect(member.value, path + [member.key], &members)
        }
    }

    // MARK: Names

    /// The name of a path for people: `annotation 'sidecar.istio.io/logLevel'`.
    ///
    /// - Parameters:
    ///   - metadata: the pod's.
    ///   - culprit: selects annotations or labels by key or value, if the path leads to all of them.
    static func name(
        of path: [String], metadata: Object, culprit: (String) -> Bool = { _ in false }
    ) -> String {
        let first = path.first ?? ""
        let second = path.count > 1 ? path[1] : ""
        switch first.lowercased() {
        case "objectmeta": return metadataName(second, path, metadata, culprit)
        case "deploymentmeta" where second.lowercased() == "name":
            return
                "field metadata.ownerReferences (or metadata.name, metadata.generateName) of the workload's name"
        case "deploymentmeta" where second.lowercased() == "namespace": return "field metadata.namespace"
        case "deploymentmeta":
            return "field metadata of the workload (ownerReferences, namespace, labels, annotations)"
        case "typemeta": return "field metadata.ownerReferences (the owner's kind)"
        case "spec": return "field spec" + steps(path.dropFirst())
        case "proxyconfig": return configName(path.dropFirst())
        case "meshconfig": return configName(path.dropFirst(2))
        case "proxyimage", "proxyinitimage":
            return "annotation '\(imageType)' or '\(MetadataKey.proxyConfig)' (image.imageType)"
        default: return path.isEmpty ? "the data" : "value " + path.joined(separator: ".")
        }
    }

    private static func configName(_ member: ArraySlice<String>) -> String {
        let path = member.map {
            lowerFirst($0.begins(with: "Get") && $0.utf8.count > 3 ? String($0.dropFirst(3)) : $0)
        }
        return "annotation '\(MetadataKey.proxyConfig)'"
            + (path.isEmpty ? "" : " (\(path.joined(separator: ".")))")
    }

    private static func metadataName(
        _ field: String, _ path: [String], _ metadata: Object, _ culprit: (String) -> Bool
    ) -> String {
        let kind = field.lowercased()
        guard kind == "annotations" || kind == "labels" else {
            return "field metadata" + steps(path.dropFirst())
        }
        let word = kind == "annotations" ? "annotation" : "label"
        if path.count > 2 { return "\(word) '\(path[2])'" }
        let found = (metadata[kind]?.object ?? Object()).members
            .filter { culprit($0.key) || culprit($0.value.string ?? "") }.prefix(3)
        guard !found.isEmpty else { return "an \(word)".replacingPrefix("an l", with: "a l") }
        return word + " " + found.map { "'\($0.key)'" }.joined(separator: ", ")
    }

    /// Formats a path of Go names and indexes as `.containers[0].name`.
    private static func steps(_ path: ArraySlice<String>) -> String {
        path.map { Int($0) == nil ? "." + lowerFirst($0) : "[\($0)]" }.joined()
    }

    private static func lowerFirst(_ name: String) -> String {
        // A key of a map is not changed.
        guard let first = name.first, name.dropFirst().first?.isUppercase != true else { return name }
        return first.lowercased() + name.dropFirst()
    }
}

extension String {
    fileprivate func replacingPrefix(_ prefix: String, with other: String) -> String {
        hasPrefix(prefix) ? other + dropFirst(prefix.count) : self
    }
}
