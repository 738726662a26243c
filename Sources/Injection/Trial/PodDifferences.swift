import PluginAPI
import Values

/// Compares two pods, or two objects, as Kubernetes would after parsing both.
struct PodDifferences {
    /// The maximum number of differences that are kept; a wrong file differs everywhere.
    static let limit = 200

    private(set) var differences: [LiveDifference] = []
    private(set) var paths: [[PodSurvival.Loss.Step]] = []
    private var path: [PodSurvival.Loss.Step] = []
    private let pod: Value
    private let other: Value

    init(_ pod: Value, _ other: Value) {
        self.pod = pod
        self.other = other
    }

    mutating func compare() { value(pod, other, TypeTable.modern.pod, nil) }

    mutating func compareUntyped() { compare(as: .any) }

    mutating func compare(as type: ObjectType) { value(pod, other, type, nil) }

    private mutating func differ(_ found: Value?, _ expected: Value?) {
        guard differences.count < Self.limit else { return }
        let pointer = PodSurvival.Loss(path: path, isChanged: false).pointer
        differences.append(LiveDifference(pointer: pointer, found: found, expected: expected))
        paths.append(path)
    }

    /// - Parameter field: the member that has the values; nil if the type does not define it.
    private mutating func value(
        _ found: Value?, _ expected: Value?, _ type: ObjectType, _ field: ObjectType.Field?
    ) {
        if found == expected { return }
        var type = type
        while type.kind == .pointer, let element = type.element { type = element }
        switch (found, expected) {
        case (.object(let found)?, .object(let expected)?): members(found, expected, type)
        case (.array(let found)?, .array(let expected)?): list(found, expected, type, field)
        case (.string(let one)?, .string(let other)?):
            if type.kind == .quantity, SameText.isSameQuantity(.string(one), .string(other)) { return }
            if isSameText(one, other) { return }
            differ(found, expected)
        default:
            let isQuantity = type.kind == .quantity
            if let found, let expected, isQuantity, SameText.isSameQuantity(found, expected) { return }
            if Self.isNothing(found, field), Self.isNothing(expected, field) { return }
            differ(found, expected)
        }
    }

    private func isSameText(_ one: String, _ other: String) -> Bool {
        switch path.last {
        case .member(MetadataKey.status): SameText.isSameStatus(one, other)
        // Containers, as Go encodes them.
        case .member(MetadataKey.overrides): SameText.isSameJSON(one, other, as: TypeTable.modern.podSpec)
        default: SameText.isSameJSON(one, other)
        }
    }

    /// Whether Go omits the value when it encodes the field.
    private static func isNothing(_ value: Value?, _ field: ObjectType.Field?) -> Bool {
        switch value {
        case nil, .null?: true
        case .object(let object)?: object.members.allSatisfy { isNothing($0.value, nil) } && !isPointer(field)
        case .array(let items)?: items.isEmpty
        case .string("")?, .bool(false)?, .int(0)?: !isPointer(field)
        default: false
        }
    }

    private static func isPointer(_ field: ObjectType.Field?) -> Bool {
        // `emptyDir: {}` is a volume's source, `resources: {}` is nothing.
        field?.type.kind == .pointer
    }

    private mutating func members(_ found: Object, _ expected: Object, _ type: ObjectType) {
        if found.members.isSameStorage(as: expected.members) { return }
        var keys = found.members.map(\.key)
        for member in expected.members where found.index(of: member.key) == nil { keys.append(member.key) }
        for key in keys where !isIgnored(key, found, expected) {
            let field = type.kind == .structure ? type.memberIndex(of: key).map { type.members[$0] } : nil
            let inner = field?.type ?? (type.kind == .map ? type.element : nil) ?? .any
            path.append(.member(key))
            value(found[key], expected[key], inner, field)
            path.removeLast()
        }
    }

    /// Whether a member is ignored: kind and version if one of the objects has no such member, and what only a server
    /// writes.
    private func isIgnored(_ key: String, _ found: Object, _ expected: Object) -> Bool {
        switch (path.count, key) {
        case (0, "kind"), (0, "apiVersion"): found[key] == nil || expected[key] == nil
        case (1, "managedFields"): path[0] == .member("metadata")
        default: false
        }
    }

    private mutating func list(
        _ found: [Value], _ expected: [Value], _ type: ObjectType, _ field: ObjectType.Field?
    ) {
        if found.isSameStorage(as: expected) { return }
        var element = type
        while element.kind == .pointer || element.kind == .slice, let inner = element.element {
            element = inner
        }
        if let key = field?.patchMergeKey, element.kind == .structure {
            return pair(found, expected, key, element)
        }
        guard (found + expected).allSatisfy({ $0.object != nil }), found.count == expected.count else {
            return differ(.array(found), .array(expected))
        }
        for (index, pair) in zip(found, expected).enumerated() {
            path.append(.item("#\(index + 1)"))
            value(pair.0, pair.1, element, nil)
            path.removeLast()
        }
    }

    /// Pairs the n-th item with a key with the n-th item with that key in the other list. The order of the paired items
    /// must be equal.
    private mutating func pair(_ found: [Value], _ expected: [Value], _ key: String, _ element: ObjectType) {
        var pairing = ListPairing(found, key)
        var taken: Set<Int> = []
        var order: [Int] = []
        for (index, item) in expected.enumerated() {
            let identity = ListKeys.identity(item, key) ?? ""
            let place = pairing.take(identity)
            path.append(.item(identity.isEmpty ? "#\(index + 1)" : identity))
            if let place {
                taken.insert(place)
                order.append(place)
                value(found[place], item, element, nil)
            } else {
                differ(nil, item)
            }
            path.removeLast()
        }
        for (index, item) in found.enumerated() where !taken.contains(index) {
            let identity = ListKeys.identity(item, key) ?? ""
            path.append(.item(identity.isEmpty ? "#\(index + 1)" : identity))
            differ(item, nil)
            path.removeLast()
        }
        guard order != order.sorted() else { return }
        let names = { (items: [Value]) in
            Value.array(items.map { .string(ListKeys.identity($0, key) ?? "") })
        }
        differ(names(found), names(expected))
    }
}

/// Whether two texts have the same meaning.
enum SameText {
    static func isSameQuantity(_ one: Value, _ other: Value) -> Bool {
        let text = { (value: Value) in value.string ?? JSON.text(value) }
        guard let one = Quantity(text(one)), let other = Quantity(text(other)) else { return false }
        return one.digits == other.digits && one.exponent == other.exponent
            && one.isNegative == other.isNegative
    }

    /// Whether two status annotations list the same parts. The hash of the classic form's template is ignored.
    static func isSameStatus(_ one: String, _ other: String) -> Bool {
        let limits = JSONLimits(depth: 16, bytes: 256 << 10)
        guard var found = try? JSON.read(one, limits: limits), found.object != nil,
            var wanted = try? JSON.read(other, limits: limits), wanted.object != nil
        else { return false }
        found.modifyObject { $0["version"] = nil }
        wanted.modifyObject { $0["version"] = nil }
        var comparison = PodDifferences(found, wanted)
        comparison.compareUntyped()
        return comparison.differences.isEmpty
    }

    /// Whether both are the same JSON, with members in any order, and null equal to a missing member.
    static func isSameJSON(_ one: String, _ other: String, as type: ObjectType = .any) -> Bool {
        guard let first = one.utf8.first, first == UInt8(ascii: "{") || first == UInt8(ascii: "["),
            let found = try? JSON.read(one, limits: JSONLimits(depth: 64, bytes: 1 << 20)),
            let wanted = try? JSON.read(other, limits: JSONLimits(depth: 64, bytes: 1 << 20))
        else { return false }
        var comparison = PodDifferences(found, wanted)
        comparison.compare(as: type)
        return comparison.differences.isEmpty
    }
}
