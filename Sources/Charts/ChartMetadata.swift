import Values

/// The content of Chart.yaml that rendering needs.
public struct ChartMetadata: Sendable {
    /// The whole file, for `.Chart`.
    var fields: Value
    public internal(set) var name: String
    public var version: String { fields["version"]?.string ?? "" }
    var type: String { fields["type"]?.string ?? "" }
    var kubeVersion: String { fields["kubeVersion"]?.string ?? "" }
    public var isDeprecated: Bool { fields["deprecated"]?.bool ?? false }
    var dependencies: [ChartDependency]

    init(_ fields: Value, requirements: Value?) {
        self.fields = fields
        name = fields["name"]?.string ?? ""
        let list = fields["dependencies"]?.array ?? requirements?["dependencies"]?.array ?? []
        dependencies = list.compactMap { $0.object == nil ? nil : ChartDependency($0) }
    }

    var isLibrary: Bool { type.lowercased() == "library" }

    private static func texts(_ value: Value?) -> Value {
        .array((value?.array ?? []).map { .string($0.string ?? JSON.text($0)) })
    }

    /// The value of `.Chart`: every field of Helm's metadata with its Go name.
    func templateValue(isRoot: Bool) -> Value {
        func text(_ key: String) -> Value { .string(fields[key].map(ChartMetadata.text) ?? "") }
        let maintainers = (fields["maintainers"]?.array ?? []).filter { $0.object != nil }.map {
            item -> Value in
            [
                "Email": .string(item["email"]?.string ?? ""), "Name": .string(item["name"]?.string ?? ""),
                "URL": .string(item["url"]?.string ?? ""),
            ]
        }
        var annotations = Value.null
        if let given = fields["annotations"]?.object {
            annotations = .object(
                Object(given.members.map { Member($0.key, .string(ChartMetadata.text($0.value))) }))
        }
        return [
            "APIVersion": text("apiVersion"), "Annotations": annotations, "AppVersion": text("appVersion"),
            "Condition": text("condition"), "Dependencies": .array(dependencies.map(\.templateValue)),
            "Deprecated": .bool(isDeprecated), "Description": text("description"), "Home": text("home"),
            "Icon": text("icon"), "IsRoot": .bool(isRoot),
            "Keywords": ChartMetadata.texts(fields["keywords"]),
            "KubeVersion": text("kubeVersion"), "Maintainers": .array(maintainers), "Name": .string(name),
            "Sources": ChartMetadata.texts(fields["sources"]), "Tags": text("tags"), "Type": text("type"),
            "Version": text("version"),
        ]
    }

    /// Returns a scalar as the string that Go's decoder makes of it.
    private static func text(_ value: Value) -> String {
        switch value {
        case .string(let text): text
        case .null: ""
        default: JSON.text(value)
        }
    }
}

/// An entry of `dependencies`.
struct ChartDependency: Sendable {
    /// The chart's name; its alias once aliases are resolved.
    var name: String
    var version: String
    var repository: String
    var condition: String
    var tags: [String]
    var alias: String
    var importValues: [Value]
    var isEnabled = false

    init(_ fields: Value) {
        func text(_ key: String) -> String { fields[key]?.string ?? "" }
        name = text("name")
        version = fields["version"].map { $0.string ?? JSON.text($0) } ?? ""
        repository = text("repository")
        condition = text("condition")
        alias = text("alias")
        tags = (fields["tags"]?.array ?? []).compactMap(\.string)
        importValues = fields["import-values"]?.array ?? []
    }

    var templateValue: Value {
        [
            "Alias": .string(alias), "Condition": .string(condition), "Enabled": .bool(isEnabled),
            "ImportValues": .array(importValues), "Name": .string(name), "Repository": .string(repository),
            "Tags": .array(tags.map { .string($0) }), "Version": .string(version),
        ]
    }
}
