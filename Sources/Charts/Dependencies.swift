import Values

/// Decides which subcharts are enabled, by versions, aliases, tags and conditions, and imports subcharts' values into
/// their parents.
struct Dependencies {
    private(set) var warnings: [String] = []

    /// Returns the chart with its enabled subcharts, which are renamed to their aliases.
    mutating func settled(_ chart: Chart, values: Value) throws(ChartError) -> Chart {
        var chart = chart
        try enable(&chart, values, path: "")
        try importValues(&chart)
        return chart
    }

    /// Returns the names of the subcharts that Chart.yaml lists and charts/ does not contain.
    static func missing(_ chart: Chart) -> [String] {
        chart.metadata.dependencies.filter { wanted in
            !chart.dependencies.contains { $0.name == wanted.name }
        }.map(\.name)
    }

    private static func isCompatible(_ constraint: String, _ version: String) -> Bool {
        guard let constraint = try? VersionConstraint(constraint, rules: .group),
            let version = try? SemanticVersion(version)
        else { return false }
        return constraint.accepts(version)
    }

    private mutating func enable(_ chart: inout Chart, _ given: Value, path: String) throws(ChartError) {
        guard !chart.metadata.dependencies.isEmpty else { return }
        var kept: [Chart] = chart.dependencies.filter { existing in
            !chart.metadata.dependencies.contains {
                $0.name == existing.name && Dependencies.isCompatible($0.version, existing.metadata.version)
            }
        }
        for index in chart.metadata.dependencies.indices {
            let wanted = chart.metadata.dependencies[index]
            let match = chart.dependencies.first {
                $0.name == wanted.name && Dependencies.isCompatible(wanted.version, $0.metadata.version)
            }
            if var match {
                if !wanted.alias.isEmpty { match.metadata.name = wanted.alias }
                kept.append(match)
            }
            if !wanted.alias.isEmpty { chart.metadata.dependencies[index].name = wanted.alias }
            chart.metadata.dependencies[index].isEnabled = true
        }
        chart.dependencies = kept
        var coalescing = Coalescing()
        let values = try coalescing.values(of: chart, over: given)
        for index in chart.metadata.dependencies.indices {
            apply(tags: values["tags"], to: &chart.metadata.dependencies[index])
            apply(conditionsIn: values, path, to: &chart.metadata.dependencies[index])
        }
        let off = Set(chart.metadata.dependencies.filter { !$0.isEnabled }.map(\.name))
        chart.dependencies.removeAll { off.contains($0.name) }
        for index in chart.dependencies.indices {
            try enable(
                &chart.dependencies[index], values, path: path + chart.dependencies[index].name + ".")
        }
        chart.metadata.dependencies.removeAll { off.contains($0.name) }
    }

    private mutating func apply(tags: Value?, to dependency: inout ChartDependency) {
        guard tags?.object != nil else { return }
        var (isOn, isOff) = (false, false)
        for tag in dependency.tags {
            guard let value = tags?[tag] else { continue }
            guard let flag = value.bool else {
                warnings.append("Tag \"\(tag)\" of \(dependency.name) returned non-bool value")
                continue
            }
            if flag { isOn = true } else { isOff = true }
        }
        dependency.isEnabled = isOn || !isOff
    }

    /// Applies the first condition that exists and is a boolean.
    private mutating func apply(
        conditionsIn values: Value, _ path: String, to dependency: inout ChartDependency
    ) {
        for condition in ValuesMerge.trimmed(dependency.condition).split(byte: ",") {
            let names = (path + condition).split(
                byte: ".", omittingEmptySubsequences: false)
            var value: Value? = values
            for name in names { value = value?[String(name)] }
            guard let value, !value.isNull, value.object == nil else { continue }
            if let flag = value.bool {
                dependency.isEnabled = flag
                return
            }
            warnings.append(
                "Condition path \"\(path)\(condition)\" of \(dependency.name) returned non-bool value")
        }
    }

    // MARK: Imports

    private mutating func importValues(_ chart: inout Chart) throws(ChartError) {
        for index in chart.dependencies.indices { try importValues(&chart.dependencies[index]) }
        guard !chart.metadata.dependencies.isEmpty else { return }
        var coalescing = Coalescing()
        let values = try coalescing.values(of: chart, over: .object(Object()), merge: true)
        var imported = Value.object(Object())
        for index in chart.metadata.dependencies.indices {
            let name = chart.metadata.dependencies[index].name
            var settled: [Value] = []
            for entry in chart.metadata.dependencies[index].importValues {
                var (child, parent) = ("", ".")
                if let text = entry.string {
                    child = "exports." + text
                } else if entry.object != nil {
                    child = entry["child"]?.string ?? "<nil>"
                    parent = entry["parent"]?.string ?? "<nil>"
                } else {
                    continue
                }
                settled.append(["child": .string(child), "parent": .string(parent)])
                var table: Value? = values[name]
                for part in child.split(byte: ".") { table = table?[String(part)] }
                guard let table, table.object != nil else {
                    warnings.append("ImportValues missing table from chart \(name): \(child)")
                    continue
                }
                imported = coalescing.tables(
                    imported, Dependencies.nested(parent, table), "", merge: true)
            }
            chart.metadata.dependencies[index].importValues = settled
        }
        chart.values = coalescing.tables(values, imported, "", merge: true)
    }

    /// Nests a value in maps at a dotted path; the path `.` is the top.
    private static func nested(_ path: String, _ value: Value) -> Value {
        if path == "." { return value }
        return path.split(byte: ".").reversed().reduce(value) { inner, name in
            .object(Object([Member(String(name), inner)]))
        }
    }
}
