import PluginAPI
import Values

extension WorkloadKinds {
    /// Returns every workload in a document, including the items of Lists.
    static func find(in document: Value, given: [PodTemplatePath]) -> [Workload] {
        search(document, given: given).workloads
    }

    /// Returns every workload in a document, and every object that should or may be one but cannot be injected.
    static func search(
        _ document: Value, given: [PodTemplatePath]
    ) -> (workloads: [Workload], leftAlone: [LeftAlone]) {
        var found = Found(given: given)
        found.collect(document, path: [], inherited: nil)
        return (found.workloads, found.leftAlone)
    }

    private struct Found {
        let given: [PodTemplatePath]
        var workloads: [Workload] = []
        var leftAlone: [LeftAlone] = []

        init(given: [PodTemplatePath]) { self.given = given }

        mutating func collect(
            _ value: Value, path: [PathStep], inherited: (kind: String, apiVersion: String)?
        ) {
            guard case .object(let object) = value, path.count <= maximumListDepth * 2,
                workloads.count < maximumItems, leftAlone.count < maximumItems
            else { return }
            let kind = object["kind"]?.string ?? inherited?.kind ?? ""
            let apiVersion = object["apiVersion"]?.string ?? inherited?.apiVersion ?? ""
            if let list = Self.list(of: object, kind: kind, apiVersion: apiVersion) {
                let itemKind = kind.ends(with: "List") ? String(kind.dropLast(4)) : ""
                for (index, item) in list.items.enumerated() {
                    collect(
                        item, path: path + [.member(list.member), .item(index)],
                        inherited: itemKind.isEmpty ? nil : (itemKind, apiVersion))
                }
                return
            }
            let paths = WorkloadKinds.paths(kind: kind, apiVersion: apiVersion, given: given)
            let metadata = object["metadata"]?.object
            let name =
                metadata.map { $0.text("name").isEmpty ? $0.text("generateName") : $0.text("name") } ?? ""
            let namespace = metadata?.text("namespace") ?? ""
            let templates = paths.flatMap { WorkloadKinds.expand($0[...], in: value) }
            for template in templates.prefix(maximumTemplates) {
                workloads.append(
                    Workload(
                        kind: kind, apiVersion: apiVersion, name: name, namespace: namespace,
                        objectPath: path, templatePath: template, object: object))
            }
            guard templates.isEmpty, !kind.isEmpty else { return }
            var parts = PodParts()
            if paths.isEmpty { parts.search(value) }
            guard !paths.isEmpty || !parts.isEmpty else { return }
            leftAlone.append(
                LeftAlone(
                    kind: kind, apiVersion: apiVersion, name: name, namespace: namespace,
                    pointer: JSONPointer.text(of: path), parts: paths.isEmpty ? parts : nil))
        }

        /// The items of a List, or the objects of an OpenShift Template.
        private static func list(
            of object: Object, kind: String, apiVersion: String
        ) -> (member: String, items: [Value])? {
            if kind.ends(with: "List"), case .array(let items)? = object["items"] { return ("items", items) }
            if kind == "Template", apiVersion == "v1" || apiVersion.begins(with: "template.openshift.io/"),
                case .array(let items)? = object["objects"]
            {
                return ("objects", items)
            }
            return nil
        }
    }
}

/// An object that is left unchanged although its pods might be injected: one of an unknown kind that contains something
/// like a pod, or one of a known kind that lacks its template.
struct LeftAlone: Sendable, Equatable {
    var kind: String
    var apiVersion: String
    var name: String
    var namespace: String
    /// JSON pointer of the object in its document.
    var pointer: String
    /// The parts of it that look like pods; nil if the kind is known and its template is missing.
    var parts: PodParts?

    var reason: ReasonCode { options.isEmpty ? .unsupportedResource : .podTemplateUnknownKind }

    var message: String {
        guard let parts else { return "the \(kind) holds no pod template" }
        if let version = WorkloadKinds.expectedVersion(kind: kind, apiVersion: apiVersion) {
            let found = apiVersion.isEmpty ? "nothing" : "\"\(apiVersion)\""
            return "the apiVersion is not valid for the kind \(kind): found \(found), expected \(version)"
        }
        let places = parts.specs.prefix(Self.maximumPlaces).map { pointer + JSONPointer($0).description }
        let rest = parts.specs.count - places.count
        let more = rest > 0 ? " and \(rest) more" : ""
        switch parts.specs.count {
        case 0:
            let place = pointer + JSONPointer(parts.loose ?? []).description
            return
                "the kind \(kind) is not known and was left unchanged; \(place) is part of a pod, which can be "
                + "injected when it is created"
        case 1:
            return
                "the kind \(kind) is not known and was left unchanged, but \(places[0]) looks like a pod's spec"
        default:
            return "the kind \(kind) is not known and was left unchanged, but "
                + "\(places.joined(separator: ", "))\(more) look like pods' specs"
        }
    }

    private static let maximumPlaces = 4

    /// The options that would inject all its pod templates; empty if there are no templates, or if an option cannot
    /// express their paths.
    var options: [String] {
        guard let parts, WorkloadKinds.expectedVersion(kind: kind, apiVersion: apiVersion) == nil else {
            return []
        }
        let group = WorkloadKinds.group(of: apiVersion)
        let name = group.isEmpty ? kind : "\(kind).\(group)"
        return parts.templatePaths.map { "--podTemplatePath '\(name)=\($0)'" }
    }

    /// The remedy; empty if there is no remedy.
    var notes: [String] {
        let options = options
        return options.isEmpty ? [] : ["to inject it, give " + options.joined(separator: " ")]
    }
}
