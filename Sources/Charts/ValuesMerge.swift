public import Values

/// Values laid over values.
public enum ValuesMerge {
    /// How deep maps are merged; deeper ones are taken whole.
    static let depthLimit = 100

    /// As Helm merges values files: maps member by member, everything else as the later one has it, null too.
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

    /// What a values file says, as Helm reads it: by way of JSON, so that every number is a binary fraction.
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
