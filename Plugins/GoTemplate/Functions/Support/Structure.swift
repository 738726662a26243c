import PluginAPI
import Values

/// Operations on whole values: emptiness, equality, copying, merging.
enum Structure {
    /// The greatest nesting depth. A map can contain itself: Go would overflow its stack, here it is an error.
    static let depthLimit = 1_000
    private static let tooDeep = FunctionError.message(
        "the value nests more than \(depthLimit) deep, or holds itself")

    /// Whether a value is empty as for sprig's `empty`: zero, false, nil, or a string, list or map without content. A
    /// struct is never empty.
    static func isEmpty(_ value: GoValue) -> Bool {
        switch value {
        case .none: return true
        case .bool(let flag): return !flag
        case .int(let number): return number == 0
        case .int64(let number), .signed(_, let number): return number == 0
        case .unsigned(_, let number): return number == 0
        case .float64(let number): return number == 0
        case .float32(let number): return number == 0
        case .complex(let real, let imaginary): return real == 0 && imaginary == 0
        case .string(let text): return text.isEmpty
        case .rawString(let bytes), .bytes(let bytes): return bytes.isEmpty
        case .array(let items): return items.isEmpty
        case .list(let items): return items.isEmpty
        case .strings(let items): return items.isEmpty
        case .slice(let slice): return slice.items.isEmpty
        case .object(let object): return object.isEmpty
        case .map(let map): return map.count == 0
        case .native(let native): return !native.isTrue
        case .typed(let typed):
            switch typed.type.kind {
            case .slice: return typed.value.array?.isEmpty ?? true
            case .map: return typed.value.object?.isEmpty ?? true
            case .string, .bytes: return typed.value.string?.isEmpty ?? true
            case .bool: return !(typed.value.bool ?? false)
            case .pointer: return typed.value.isNull
            case .duration, .wrapper: return typed.value.isNull && typed.type.name.begins(with: "*")
            default: return false
            }
        }
    }

    /// Compares as `reflect.DeepEqual` does: the types must be the same too.
    static func isEqual(_ left: GoValue, _ right: GoValue, _ call: Call, depth: Int = 0) throws(FunctionError)
        -> Bool
    {
        if depth > depthLimit { throw tooDeep }
        try call.work(1)
        switch (left, right) {
        case (.none, .none): return true
        case (.bool(let one), .bool(let two)): return one == two
        case (.int(let one), .int(let two)): return one == two
        case (.int64(let one), .int64(let two)): return one == two
        case (.float64(let one), .float64(let two)): return one == two
        case (.float32(let one), .float32(let two)): return one == two
        case (.signed(let type, let one), .signed(let other, let two)): return type == other && one == two
        case (.unsigned(let type, let one), .unsigned(let other, let two)): return type == other && one == two
        case (.complex(let real, let imaginary), .complex(let other, let more)):
            return real == other && imaginary == more
        case (.native(let one), .native(let two)): return one.isEqual(to: two)
        case (.typed(let one), .typed(let two)):
            return one.type.name == two.type.name && one.value == two.value
        default: break
        }
        if case .string(let one) = left, case .string(let two) = right { return one.hasSameBytes(as: two) }
        guard left.typeName == right.typeName else { return false }
        if left.type.kind == .string { return left.hasSameStringBytes(as: right) }
        guard left.isNil == right.isNil else { return false }
        if let one = left.items, let two = right.items {
            guard one.count == two.count else { return false }
            for index in one.indices where try !isEqual(one[index], two[index], call, depth: depth + 1) {
                return false
            }
            return true
        }
        if let one = left.sortedMembers, left.memberCount == right.memberCount {
            let other = right.keyed
            for (key, value) in one {
                guard let found = other(key), try isEqual(value, found, call, depth: depth + 1) else {
                    return false
                }
            }
            return true
        }
        return false
    }

    /// Returns a copy that shares no map with the original.
    static func copy(_ value: GoValue, _ call: Call, depth: Int = 0) throws(FunctionError) -> GoValue {
        if depth > depthLimit { throw tooDeep }
        try call.work(1)
        switch value {
        case .map(let map):
            if let data = map.unchanged { return .map(GoMap(data: data, type: map.type)) }
            let result = GoMap(type: map.type)
            for (key, member) in map.sortedMembers { result[key] = try copy(member, call, depth: depth + 1) }
            return .map(result)
        case .object(let object):
            let result = GoMap()
            for member in object.members {
                result[member.key] = try copy(GoValue(member.value), call, depth: depth + 1)
            }
            return .map(result)
        case .array, .list:
            var items: [GoValue] = []
            for item in value.items ?? [] { items.append(try copy(item, call, depth: depth + 1)) }
            return .list(items)
        case .slice(let slice):
            var items: [GoValue] = []
            for item in slice.items { items.append(try copy(item, call, depth: depth + 1)) }
            return .slice(GoSlice(type: slice.type, items: items))
        default: return value
        }
    }

    /// Merges `source` into `target`, as mergo 1.0 does. A member of `target` takes precedence unless it is empty or
    /// `overwrites` is set. Maps within maps are merged, lists are not.
    static func merge(
        _ source: GoValue, into target: GoMap, overwrites: Bool, _ call: Call, depth: Int = 0
    ) throws(FunctionError) {
        if depth > depthLimit { throw tooDeep }
        for (key, value) in source.sortedMembers ?? [] {
            try call.work(1)
            let existing = target[key]
            if value.isNil {
                if overwrites { target[key] = value }
                continue
            }
            if value.memberCount != nil, let existing, existing.memberCount != nil {
                if case .map(let inner) = existing {
                    // The nested map may be referenced elsewhere too, where the change is also visible, as in Go.
                    call.context.noteMutation(of: inner)
                    try merge(value, into: inner, overwrites: overwrites, call, depth: depth + 1)
                    if inner.count == 0 { target[key] = value }
                } else if case .map(let inner) = try copy(existing, call) {
                    try merge(value, into: inner, overwrites: overwrites, call, depth: depth + 1)
                    target[key] = .map(inner)
                }
                continue
            }
            if overwrites || existing.map(isEmpty) ?? true { target[key] = value }
        }
    }
}
