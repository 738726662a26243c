import PluginAPI
import Values

/// A chart with its enabled subcharts, and the values that it is rendered with.
struct ChartSettlement {
    let chart: Chart
    let values: Value
    let release: ChartRelease
    private(set) var warnings: [String]

    init(
        _ chart: Chart, _ given: Value, _ release: ChartRelease, _ limits: ChartLimits
    ) throws(ChartError) {
        if chart.metadata.isLibrary { throw ChartError(.chart, "library charts are not installable") }
        if !["", "application"].contains(chart.metadata.type) {
            throw ChartError(.chart, "\(chart.metadata.type) charts are not installable")
        }
        let missing = Dependencies.missing(chart)
        guard missing.isEmpty else {
            throw ChartError(
                .chart,
                "an error occurred while checking for chart dependencies. You may need to run 'helm dependency "
                    + "build' to fetch missing dependencies: found in Chart.yaml, but missing in charts/ directory: "
                    + missing.joined(separator: ", "))
        }
        guard given.isNull || given.object != nil else {
            throw ChartError(.values, "found \(JSON.text(given).prefix(60)) as values, expected a map")
        }
        let given = given.isNull ? .object(Object()) : given
        var dependencies = Dependencies()
        self.chart = try dependencies.settled(chart, values: given)
        var coalescing = Coalescing()
        values = try coalescing.values(of: self.chart, over: given)
        self.release = release
        warnings = chart.metadata.isDeprecated ? ["this chart is deprecated"] : []
        warnings += dependencies.warnings + coalescing.warnings
        let wanted = chart.metadata.kubeVersion
        if !wanted.isEmpty {
            let version = try? SemanticVersion(release.capabilities.kubeVersion)
            let constraint = try? VersionConstraint(wanted, rules: .group)
            guard let version, let constraint, constraint.accepts(version) else {
                throw ChartError(
                    .chart,
                    "chart requires kubeVersion: \(wanted) which is incompatible with Kubernetes "
                        + release.capabilities.kubeVersion, file: "Chart.yaml")
            }
        }
        if !release.skipsSchema { try ValuesSchema.check(values, self.chart, limits) }
    }

    /// Returns the data of all templates: the chart's data, which contains that of its subcharts.
    func data(readsFiles: Bool) -> SharedData {
        scope(chart, place: [], readsFiles: readsFiles, capabilities: release.capabilities.data())
    }

    private func scope(
        _ chart: Chart, place: [String], readsFiles: Bool, capabilities: SharedData
    ) -> SharedData {
        let isRoot = place.isEmpty
        let release: SharedData = .map(
            typeName: nil,
            [
                ("Name", .plain(.string(self.release.name))),
                ("Namespace", .plain(.string(self.release.namespace))),
                ("IsUpgrade", .plain(.bool(self.release.isUpgrade))),
                ("IsInstall", .plain(.bool(!self.release.isUpgrade))),
                ("Revision", .typed(1, ChartSettlement.int)), ("Service", .plain("Helm")),
            ])
        let inner = chart.dependencies.map { subchart in
            (
                key: subchart.name,
                value: scope(
                    subchart, place: place + [subchart.name], readsFiles: readsFiles,
                    capabilities: capabilities)
            )
        }
        return .map(
            typeName: isRoot ? ChartSettlement.typeName : nil,
            [
                ("Chart", .plain(chart.metadata.templateValue(isRoot: isRoot))),
                ("Capabilities", capabilities),
                ("Release", isRoot ? release : .place(typeName: nil, ["Release"])),
                ("Files", ChartFilesValue.data(chart.files, isRead: readsFiles)),
                (
                    "Values",
                    isRoot
                        ? .named(ChartSettlement.typeName, values)
                        : .place(typeName: ChartSettlement.typeName, ["Values"] + place)
                ),
                ("Subcharts", .map(typeName: nil, inner)),
            ])
    }

    /// The name of the Go type of `.` and `.Values` in Helm's templates.
    static let typeName = "common.Values"

    private static let int = ObjectType(name: "int", kind: .int)
}
