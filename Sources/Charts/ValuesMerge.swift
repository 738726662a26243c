public import Values

/// Merges values of several sources.
public enum ValuesMerge {
    /// The depth to which maps are merged. Deeper ones are replaced as a whole.
    static let depthLimit = 100

    /// Merges values files as Helm does: maps member by member. Everything else is replaced by the later value, also if
    /// that is null.
    public static func overlaid(_ base: Value, by over: Value) -> Value { overlaid(base, by: over, depth: 0) }

    private static func overlaid(_ base: Value, by over: Value, depth: Int) -> Value {
        guard depth < depthLimit, case .object(var result) = base, case .object(let later) = over else {
            return over
        }
        for member in later.members {
            if case .object = member.value, let existing = result[member.key], existing.object != nil {
                result[member.key] = overlaid(existing, by: member.value, depth: depth + 1)
            } else {
                result[member.key] = member.value
            }
        }
        return .object(result)
    }

    /// Converts the content of a values file as Helm does: through JSON, which makes every number a double.
    public static func decoded(_ value: Value) -> Value { decoded(value, depth: 0) }

    private static func decoded(_ value: Value, depth: Int) -> Value {
        guard depth < 1_000 else { return value }
        switch value {
        case .int(let number): return .double(Double(number))
        case .array(let items): return .array(items.map { decoded($0, depth: depth + 1) })
        case .object(let object):
            return .object(Object(object.members.map { Member($0.key, decoded($0.value, depth: depth + 1)) }))
        default: return value
        }
    }

    static func trimmed(_ text: String) -> String {
        var text = Substring(text)
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
