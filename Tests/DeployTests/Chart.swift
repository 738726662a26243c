import TestSupport
import Testing
import Values
import YAML

/// The Helm chart, rendered by Pillion's own engine with sprig's and Helm's functions: one request for each template,
/// with the data that Helm passes to it.
struct Chart {
    static let folder = packageRoot + "/deploy/chart"
    static let templates = entries(of: folder + "/templates")

    /// - Parameter presets: files of `presets/`; a later one overrides an earlier one.
    static func values(_ presets: String...) throws -> Value {
        try presets.reduce(try value(of: "values.yaml")) { try merged($0, value(of: "presets/\($1).yaml")) }
    }

    static func values(with changes: Value) throws -> Value { try merged(values(), changes) }

    static func value(of file: String) throws -> Value {
        try YAMLReader.value(text(of: "\(folder)/\(file)"))
    }

    /// The output of each template by its file name, and the errors of templates that failed.
    struct Rendering {
        var outputs: [String: String] = [:]
        var errors: [String: String] = [:]

        /// All objects of the YAML files; leaves out NOTES.txt.
        var objects: [Manifest] {
            get throws { try outputs.filter { $0.key.hasSuffix(".yaml") }.values.flatMap(Manifest.all) }
        }
    }

    static func render(
        _ values: Value, release: String = "pillion", namespace: String = "pillion-system",
        kubernetes: String = "v1.32.0"
    ) throws -> Rendering {
        let data: Value = [
            "Values": values,
            "Release": [
                "Name": .string(release), "Namespace": .string(namespace), "Service": "Helm",
                "IsInstall": true, "IsUpgrade": false, "Revision": 1,
            ],
            "Chart": try capitalized(value(of: "Chart.yaml")),
            "Capabilities": ["KubeVersion": ["Version": .string(kubernetes)]],
        ]
        let sources = templates.map { (name: $0, text: text(of: "\(folder)/templates/\($0)")) }
        var lines = ""
        for (name, source) in sources where !name.hasPrefix("_") {
            let others = sources.filter { $0.name != name }.map { Member(path($0.name), .string($0.text)) }
            let request: Value = [
                "id": .string(name), "name": .string(path(name)), "template": .string(source),
                "templates": .object(Object(others)), "data": data, "functions": ["sprig", "helm"],
            ]
            lines += JSON.text(request) + "\n"
        }
        let result = run(pillionBinary, ["render", "--requests", "-"], input: lines)
        try #require(result.status == 0, "\(result.errors)")
        var rendering = Rendering()
        for line in result.output.split(separator: "\n") {
            let answer = try JSON.read(Array(line.utf8))
            let name = try #require(answer["id"]?.string)
            rendering.outputs[name] = answer["output"]?.string
            if let error = answer["error"], !error.isNull {
                rendering.errors[name] = error["detail"]?.string ?? ""
            }
        }
        return rendering
    }

    private static func path(_ template: String) -> String { "pillion/templates/" + template }

    /// Helm capitalizes the member names of Chart.yaml.
    private static func capitalized(_ chart: Value) throws -> Value {
        .object(
            Object(
                try #require(chart.object).members.map {
                    Member($0.key.prefix(1).uppercased() + $0.key.dropFirst(), $0.value)
                }))
    }

    /// Merges values as Helm does: objects member by member; anything else is replaced.
    private static func merged(_ below: Value, _ above: Value) throws -> Value {
        guard var object = below.object, let changes = above.object else { return above }
        for member in changes.members {
            object[member.key] = try object[member.key].map { try merged($0, member.value) } ?? member.value
        }
        return .object(object)
    }
}
