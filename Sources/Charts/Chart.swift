import Values
import YAML

/// A loaded chart. It never changes, so one can be used for any number of renderings.
public struct Chart: Sendable {
    public internal(set) var metadata: ChartMetadata
    /// The content of values.yaml.
    var values: Value
    /// The files in templates/.
    var templates: [ChartFile]
    /// All files without a property of their own, including those in crds/. Templates read them as `.Files`.
    var files: [ChartFile]
    var schema: [UInt8]?
    var dependencies: [Chart]

    public var name: String { metadata.name }

    /// Creates a chart from its files.
    ///
    /// - Parameter files: files with paths relative to the chart's folder.
    public init(_ files: [ChartFile], limits: ChartLimits) throws(ChartError) {
        var charts = 0
        var budget = ChartBudget(limits)
        for file in files { try budget.spend(file.bytes.count, limits) }
        try self.init(files, limits: limits, depth: 0, path: "", charts: &charts, budget: &budget)
    }

    private init(
        _ all: [ChartFile], limits: ChartLimits, depth: Int, path: String, charts: inout Int,
        budget: inout ChartBudget
    ) throws(ChartError) {
        charts += 1
        guard charts <= limits.charts else {
            throw ChartError(
                .limit, "the chart has more than \(limits.charts) charts in it, expected at most that")
        }
        guard depth < limits.depth else {
            throw ChartError(
                .limit, "charts are nested more than \(limits.depth) deep, expected at most that")
        }
        guard let main = all.first(where: { $0.name == "Chart.yaml" }) else {
            throw ChartError(.chart, "Chart.yaml file is missing", file: path + "Chart.yaml")
        }
        let fields = try Chart.yaml(main, path)
        let requirements = try all.first { $0.name == "requirements.yaml" }.map { file throws(ChartError) in
            try Chart.yaml(file, path)
        }
        metadata = ChartMetadata(fields, requirements: requirements)
        guard !metadata.name.isEmpty else {
            throw ChartError(
                .chart,
                "validation: chart.metadata.name is required: found none in Chart.yaml, expected a name",
                file: path + "Chart.yaml")
        }
        values = .object(Object())
        templates = []
        files = []
        dependencies = []
        let isFirstVersion = ["", "v1"].contains(fields["apiVersion"]?.string ?? "")
        /// The files in charts/, with the first component of their paths there.
        var inner: [(name: String, file: ChartFile)] = []
        for file in all {
            switch file.name {
            case "Chart.yaml", "Chart.lock": continue
            case "values.yaml": values = try Chart.values(file, path)
            case "values.schema.json": schema = file.bytes
            case "requirements.yaml", "requirements.lock": if isFirstVersion { files.append(file) }
            case _ where file.name.begins(with: "templates/"): templates.append(file)
            case _ where file.name.begins(with: "charts/"):
                if file.name.ends(with: ".prov") {
                    files.append(file)
                    continue
                }
                let rest = file.name.dropFirst(7)
                let first = String(rest.prefix { $0 != "/" })
                inner.append((first, ChartFile(name: String(rest), bytes: file.bytes)))
            default: files.append(file)
            }
        }
        for (name, members) in Chart.grouped(inner) {
            guard name.first != "_", name.first != "." else { continue }
            let below = path + "charts/" + name + "/"
            var content: [ChartFile]
            if name.ends(with: ".tgz") {
                guard members.count == 1, members[0].name == name else {
                    throw ChartError(
                        .chart,
                        "error unpacking subchart tar in \(metadata.name): expected \(name) to be a file")
                }
                content = try ChartArchive.files(of: members[0].bytes, limits: limits, budget: &budget)
            } else {
                content = members.compactMap { file in
                    guard let slash = file.name.firstIndex(ofByte: "/") else { return nil }
                    return ChartFile(
                        name: String(file.name[file.name.utf8.index(after: slash)...]), bytes: file.bytes)
                }
                // A file next to the subcharts' folders is not a chart.
                if content.isEmpty { continue }
            }
            content = content.filter { !$0.name.isEmpty }
            dependencies.append(
                try Chart(
                    content, limits: limits, depth: depth + 1, path: below, charts: &charts, budget: &budget))
        }
    }

    /// Groups files by name, in the byte order of the names.
    private static func grouped(
        _ files: [(name: String, file: ChartFile)]
    ) -> [(name: String, files: [ChartFile])] {
        let order = files.indices.sorted { one, two in
            files[one].name == files[two].name
                ? one < two : files[one].name.utf8.lexicographicallyPrecedes(files[two].name.utf8)
        }
        var groups: [(name: String, files: [ChartFile])] = []
        for index in order {
            if groups.last?.name != files[index].name { groups.append((files[index].name, [])) }
            groups[groups.count - 1].files.append(files[index].file)
        }
        return groups
    }

    private static func yaml(_ file: ChartFile, _ path: String) throws(ChartError) -> Value {
        do throws(YAMLError) { return try YAMLReader.value(file.bytes) } catch {
            throw ChartError(
                .chart, "cannot load \(file.name): \(error)", file: path + file.name,
                line: error.position?.line)
        }
    }

    private static func values(_ file: ChartFile, _ path: String) throws(ChartError) -> Value {
        let value = ValuesMerge.decoded(try yaml(file, path))
        if value.isNull { return .object(Object()) }
        guard value.object != nil else {
            throw ChartError(
                .chart, "cannot load values.yaml: found \(JSON.text(value).prefix(40)), expected a map",
                file: path + file.name)
        }
        return value
    }

    /// The custom resource definitions: the chart's own, then those of its subcharts.
    func definitions(below path: String) -> [(path: String, bytes: [UInt8])] {
        let own = files.filter { file in
            file.name.begins(with: "crds/")
                && [".yaml", ".yml", ".json"].contains(where: { file.name.ends(with: $0) })
        }
        return own.map { (path + "/" + $0.name, $0.bytes) }
            + dependencies.flatMap { $0.definitions(below: path + "/charts/" + $0.name) }
    }
}
