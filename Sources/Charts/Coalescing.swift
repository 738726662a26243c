import Values

/// Merges values as Helm does: given values override a chart's values, maps are merged, and null removes a key.
///
/// Null is treated in two ways: coalescing removes the key, while merging keeps it, because a subchart that is
/// processed later needs it.
struct Coalescing {
    /// Messages about values that cannot be merged.
    private(set) var warnings: [String] = []

    /// Returns the values of a chart and of its subcharts.
    mutating func values(of chart: Chart, over given: Value, merge: Bool = false) throws(ChartError) -> Value
    {
        try coalesced(chart, given, prefix: "", merge: merge)
    }

    private mutating func coalesced(
        _ chart: Chart, _ given: Value, prefix: String, merge: Bool
    ) throws(ChartError) -> Value {
        var values = given.object ?? Object()
        coalesce(chart, &values, prefix: prefix, merge: merge)
        for inner in chart.dependencies {
            let existing = values[inner.name] ?? .object(Object())
            guard existing.object != nil else {
                throw ChartError(
                    .values,
                    "type mismatch on \(inner.name): found \(JSON.text(existing).prefix(60)), expected a map")
            }
            let below = Coalescing.joined(prefix, chart.name)
            let withGlobals = globals(of: .object(values), over: existing, below)
            values[inner.name] = try coalesced(inner, withGlobals, prefix: below, merge: merge)
        }
        return .object(values)
    }

    private static func joined(_ prefix: String, _ name: String) -> String {
        prefix.isEmpty ? name : prefix + "." + name
    }

    private mutating func coalesce(
        _ chart: Chart, _ values: inout Object, prefix: String, merge: Bool
    ) {
        let below = Coalescing.joined(prefix, chart.name)
        for member in chart.values.object?.members ?? [] {
            // A null in a chart's values is ignored, unless it is for a subchart that is processed later.
            let own = merge ? member.value : Coalescing.withoutNulls(member.value)
            guard let value = values[member.key] else {
                if merge || !own.isNull { values[member.key] = own }
                continue
            }
            if value.isNull, !merge {
                values[member.key] = nil
            } else if value.object != nil {
                guard member.value.object != nil else {
                    if !member.value.isNull {
                        warnings.append("warning: skipped value for \(below).\(member.key): Not a table.")
                    }
                    continue
                }
                let isChart = chart.dependencies.contains { $0.name == member.key }
                values[member.key] = tables(
                    value, isChart ? member.value : own, Coalescing.joined(below, member.key),
                    merge: merge || isChart)
            }
        }
    }

    /// Returns the value without null members, also in nested maps. Lists are unchanged.
    private static func withoutNulls(_ value: Value, depth: Int = 0) -> Value {
        guard case .object(let object) = value, depth < ValuesMerge.depthLimit else { return value }
        guard object.members.contains(where: { $0.value.isNull || $0.value.object != nil }) else {
            return value
        }
        return .object(
            Object(
                object.members.filter { !$0.value.isNull }.map {
                    Member($0.key, withoutNulls($0.value, depth: depth + 1))
                }))
    }

    /// Adds a chart's globals to the values of one of its subcharts.
    private mutating func globals(of outer: Value, over inner: Value, _ prefix: String) -> Value {
        var own = Object()
        switch inner["global"] {
        case nil: break
        case .object(let object)?: own = object
        default:
            warnings.append("warning: skipping globals because destination global is not a table.")
            return inner
        }
        var given = Object()
        switch outer["global"] {
        case nil: break
        case .object(let object)?: given = object
        default:
            warnings.append("warning: skipping globals because source global is not a table.")
            return inner
        }
        for member in given.members {
            let existing = own[member.key]
            if member.value.object != nil {
                guard let existing else {
                    own[member.key] = member.value
                    continue
                }
                guard existing.object != nil else {
                    warnings.append(
                        "Conflict: cannot merge map onto non-map for \"\(member.key)\". Skipping.")
                    continue
                }
                // The outer chart's global overrides the subchart's.
                own[member.key] = tables(
                    member.value, existing, Coalescing.joined(prefix, member.key), merge: true)
            } else if existing?.object != nil {
                warnings.append("key \(member.key) is table. Skipping")
            } else {
                own[member.key] = member.value
            }
        }
        var result = inner
        result.modifyObject { $0["global"] = .object(own) }
        return result
    }

    /// Merges two maps. Members of the first override those of the second.
    mutating func tables(
        _ over: Value, _ under: Value, _ path: String, merge: Bool, depth: Int = 0
    ) -> Value {
        guard var result = over.object else { return under }
        guard let source = under.object, depth < ValuesMerge.depthLimit else { return over }
        for member in source.members {
            let full = Coalescing.joined(path, member.key)
            guard let existing = result[member.key] else {
                result[member.key] = member.value
                continue
            }
            if existing.isNull {
                if !merge { result[member.key] = nil }
            } else if member.value.object != nil {
                if existing.object != nil {
                    result[member.key] = tables(existing, member.value, full, merge: merge, depth: depth + 1)
                } else {
                    warnings.append("warning: cannot overwrite table with non table for \(full)")
                }
            } else if existing.object != nil, !member.value.isNull {
                warnings.append("warning: destination for \(full) is a table. Ignoring non-table value")
            }
        }
        return .object(result)
    }
}
