import PluginAPI
import Values

/// Compares a running pod with the result of injecting it again, limited to the parts that an injection writes.
///
/// The expected pod is made from the live one: its injection is removed and repeated. So everything that an injection
/// does not write is equal, and each difference is in a part of an injection. Within an injected part, the following do
/// not count as differences:
///
/// | in the live pod | because |
/// | --- | --- |
/// | a default that the API server sets (`ServerDefaults`), a zero that it drops, `0.5` for `500m` | the meaning is the same |
/// | requests equal to the limits, if there are no requests | the API server sets them |
/// | requests and limits that `kubernetes.io/limit-ranger` lists | the namespace's LimitRange set them |
/// | a mount of the service account's token, or of a volume that no injection added | the API server or another webhook added it |
/// | an item or member that every container of the application has as well | another webhook adds it everywhere |
struct LiveComparison {
    /// The maximum number of reported differences; a changed template may cause any number.
    static let limit = 64

    private(set) var differences: [LiveDifference] = []
    /// The path to each difference, for finding the template that wrote it.
    private(set) var paths: [[PodSurvival.Loss.Step]] = []
    private var path: [PodSurvival.Loss.Step] = []
    /// The containers that no injection added: the application's or, if it has none, those of other webhooks.
    private let own: [Value]
    /// The names of containers and volumes that an injection added: the earlier or the expected one.
    private let injectedContainers: Set<String>
    private let injectedVolumes: Set<String>
    /// The annotation that lists the containers whose resources a LimitRange completed.
    private let limitRanger: String
    /// The injected container that is currently compared, in the live pod.
    private var container: Object?
    /// The index in `path` after which the path within that container begins.
    private var containerDepth = 0

    /// - Parameters:
    ///   - brought: the pod before its injection.
    ///   - status: the parts that the earlier injection added.
    ///   - removed: containers of the live pod that were removed before, because another webhook added them.
    init(live: Pod, expected: Pod, brought: Pod, status: StatusAnnotation, removed: [Value] = []) {
        let injectedNames = status.containers + status.initContainers
        let application = live.containers.filter { !injectedNames.contains($0.name) }
        own = application.isEmpty ? removed : application
        let named = StatusAnnotation(of: expected.spec)
        let before = StatusAnnotation(of: brought.spec)
        injectedContainers = Set(status.containers + status.initContainers)
            .union(Set(named.containers + named.initContainers).subtracting(before.containers))
        injectedVolumes = Set(status.volumes).union(Set(named.volumes).subtracting(before.volumes))
        limitRanger = live.annotation("kubernetes.io/limit-ranger") ?? ""
        let types = TypeTable.modern
        path = [.member("metadata")]
        for key in ["labels", "annotations"] {
            path.append(.member(key))
            metadata(live.metadata[key]?.object ?? Object(), expected.metadata[key]?.object ?? Object())
            path.removeLast()
        }
        path = [.member("spec")]
        members(live.spec, expected.spec, types.podSpec)
        for list in ["containers", "initContainers"] { order(list, live.spec, expected.spec, brought.spec) }
    }

    private mutating func differ(_ live: Value?, _ expected: Value?) {
        guard differences.count < Self.limit else { return }
        differences.append(LiveDifference(pointer: Self.pointer(path[...]), found: live, expected: expected))
        paths.append(path)
    }

    private static func pointer(_ path: ArraySlice<PodSurvival.Loss.Step>) -> String {
        PodSurvival.Loss(path: Array(path), isChanged: false).pointer
    }

    // MARK: Labels and annotations

    private mutating func metadata(_ live: Object, _ expected: Object) {
        for key in Self.keys(live, expected) {
            let (found, wanted) = (live[key], expected[key])
            if found == wanted { continue }
            path.append(.member(key))
            defer { path.removeLast() }
            if key == MetadataKey.status {
                status(found, wanted)
            } else if !isSameText(found, wanted) {
                differ(found, wanted)
            }
        }
    }

    /// Compares the status. Its names are compared by comparing the parts themselves. What remains is the template's
    /// hash (classic) and the revision (modern), if both have one.
    private mutating func status(_ live: Value?, _ expected: Value?) {
        let limits = JSONLimits(depth: 16, bytes: 256 << 10)
        let read = { (value: Value?) in value?.string.flatMap { try? JSON.read($0, limits: limits) } }
        guard let (found, wanted) = read(live).flatMap({ one in read(expected).map { (one, $0) } }) else {
            return differ(live, expected)
        }
        for key in ["version", "revision"] {
            guard let before = found[key], let now = wanted[key], before != now else { continue }
            path.append(.member(key))
            differ(before, now)
            path.removeLast()
        }
    }

    // MARK: Objects

    private static func keys(_ one: Object, _ other: Object) -> [String] {
        var keys = other.members.map(\.key)
        for member in one.members where other.index(of: member.key) == nil { keys.append(member.key) }
        return keys
    }

    private mutating func members(_ live: Object, _ expected: Object, _ type: ObjectType) {
        if live.members.isSameStorage(as: expected.members) { return }
        for key in Self.keys(live, expected) {
            let (found, wanted) = (live[key], expected[key])
            if found == wanted { continue }
            path.append(.member(key))
            defer { path.removeLast() }
            let field = type.kind == .structure ? type.memberIndex(of: key).map { type.members[$0] } : nil
            let inner = field?.type ?? (type.kind == .map ? type.element : nil) ?? .any
            if let found, let wanted {
                value(found, wanted, inner, field)
            } else if let present = found ?? wanted {
                let holder = found == nil ? expected : live
                if Self.isNothing(present, field)
                    || ServerDefaults.isDefault(present, of: key, in: type, holder)
                {
                    continue
                }
                if let found {
                    extra(found, inner, field)
                } else if let items = wanted?.array {
                    list([], items, inner, field)
                } else {
                    differ(nil, wanted)
                }
            }
        }
    }

    private mutating func value(
        _ live: Value, _ expected: Value, _ type: ObjectType, _ field: ObjectType.Field?
    ) {
        var type = type
        while type.kind == .pointer, let element = type.element { type = element }
        switch (live, expected) {
        case (.object(let live), .object(let expected)): members(live, expected, type)
        case (.array(let live), .array(let expected)): list(live, expected, type, field)
        case (.object, _), (.array, _), (_, .object), (_, .array): differ(live, expected)
        default:
            if type.kind == .quantity, SameText.isSameQuantity(live, expected) { return }
            if isSameText(live, expected) { return }
            differ(live, expected)
        }
    }

    // MARK: Parts that only the live pod has

    /// Handles a member or list that the injection does not write.
    private mutating func extra(_ live: Value, _ type: ObjectType, _ field: ObjectType.Field?) {
        if case .array(let items) = live { return list(items, [], type, field) }
        if isForeign(live) { return }
        if case .object(let object) = live {
            // Each member may have another origin.
            var inner = type
            while inner.kind == .pointer, let element = inner.element { inner = element }
            if container != nil { return members(object, Object(), inner) }
        }
        differ(live, nil)
    }

    /// Whether a part of an injected container is not from an injection.
    private func isForeign(_ live: Value) -> Bool {
        guard let container else { return false }
        let inside = path[containerDepth...]
        if inside.first == .member("resources"), inside.count == 3 {
            if inside[containerDepth + 1] == .member("requests"), case .member(let key)? = inside.last,
                let limit = container["resources"]?["limits"]?[key], SameText.isSameQuantity(limit, live)
            {
                return true
            }
            if limitRanger.contains("container \(container.text("name"))") { return true }
        }
        guard !own.isEmpty else { return false }
        return own.allSatisfy { Self.value(at: inside, in: $0) == live }
    }

    private static func value(at path: ArraySlice<PodSurvival.Loss.Step>, in container: Value) -> Value? {
        var value: Value? = container
        for step in path {
            switch step {
            case .member(let key): value = value?[key]
            case .item(let identity):
                value = value?.array?.first { item in
                    itemKeys.contains { ListKeys.identity(item, $0) == identity } || item.string == identity
                }
            }
        }
        return value
    }

    private static let itemKeys = ["name", "mountPath", "containerPort", "devicePath"]

    private func isForeignMount(_ mount: Value) -> Bool {
        mount["mountPath"]?.string == ServiceAccountMount.path || !injectedVolumes.contains(mount.name)
    }

    // MARK: Lists

    private mutating func list(
        _ live: [Value], _ expected: [Value], _ type: ObjectType, _ field: ObjectType.Field?
    ) {
        if live.isSameStorage(as: expected) { return }
        var element = type
        while element.kind == .pointer || element.kind == .slice, let inner = element.element {
            element = inner
        }
        if let key = field?.patchMergeKey, element.kind == .structure {
            return pair(live, expected, key, element)
        }
        let areObjects = (live + expected).allSatisfy { $0.object != nil }
        guard areObjects, live.count == expected.count else {
            if live != expected, live.isEmpty || !expected.isEmpty || !isForeign(.array(live)) {
                differ(
                    live.isEmpty ? nil : .array(live), expected.isEmpty ? nil : .array(expected))
            }
            return
        }
        for (index, pair) in zip(live, expected).enumerated() where pair.0 != pair.1 {
            path.append(.item("#\(index + 1)"))
            value(pair.0, pair.1, element, nil)
            path.removeLast()
        }
    }

    /// Pairs the n-th item with a key with the n-th item with that key in the other list.
    private mutating func pair(
        _ live: [Value], _ expected: [Value], _ key: String, _ element: ObjectType
    ) {
        let isContainers = element.name == "v1.Container"
        let isMounts = element.name == "v1.VolumeMount"
        var pairing = ListPairing(live, key)
        var taken: Set<Int> = []
        for (index, item) in expected.enumerated() {
            let identity = ListKeys.identity(item, key) ?? ""
            let found = pairing.take(identity)
            if let found { taken.insert(found) }
            let present = found.map { live[$0] }
            if present == item { continue }
            if isMounts, present == nil, item["mountPath"]?.string == ServiceAccountMount.path { continue }
            path.append(.item(identity.isEmpty ? "#\(index + 1)" : identity))
            defer { path.removeLast() }
            guard let present else {
                differ(nil, item)
                continue
            }
            if isContainers, container == nil { enter(present) }
            value(present, item, element, nil)
            if isContainers { container = nil }
        }
        for (index, item) in live.enumerated() where !taken.contains(index) {
            if isMounts, container != nil, isForeignMount(item) { continue }
            let identity = ListKeys.identity(item, key) ?? ""
            path.append(.item(identity.isEmpty ? "#\(index + 1)" : identity))
            if !isForeign(item) { differ(item, nil) }
            path.removeLast()
        }
    }

    /// Records that `path` is now within a container, if it is an injected one.
    private mutating func enter(_ live: Value) {
        guard injectedContainers.contains(live.name), case .object(let object) = live else { return }
        container = object
        containerDepth = path.count
    }

    /// Reports an injected container that is before all of the pod's own and should be after all of them, or the
    /// reverse. Other webhooks put containers anywhere.
    private mutating func order(_ list: String, _ live: Object, _ expected: Object, _ brought: Object) {
        let names = { (spec: Object) in (spec[list]?.array ?? []).map(\.name) }
        let (found, wanted, own) = (names(live), names(expected), Set(names(brought)))
        guard !own.isEmpty else { return }
        let places = { (name: String, names: [String]) -> Bool? in
            guard let place = names.firstIndex(of: name) else { return nil }
            let others = names.indices.filter { own.contains(names[$0]) }
            if others.allSatisfy({ $0 > place }) { return true }
            return others.allSatisfy { $0 < place } ? false : nil
        }
        for name in wanted where !own.contains(name) {
            guard let isFirst = places(name, found), let shouldBe = places(name, wanted), isFirst != shouldBe
            else { continue }
            path.append(.member(list))
            differ(.array(found.map { .string($0) }), .array(wanted.map { .string($0) }))
            path.removeLast()
            return
        }
    }

    // MARK: Equal meaning

    /// Whether an API server may drop or add a value: null, empty objects and lists, and zeros of members that are not
    /// pointers.
    private static func isNothing(_ value: Value, _ field: ObjectType.Field?) -> Bool {
        switch value {
        case .null: return true
        case .object(let object): return object.members.allSatisfy { $0.value.isNull }
        case .array(let items): return items.isEmpty
        case .string(""), .bool(false), .int(0): return field?.type.kind != .pointer
        default: return false
        }
    }

    /// Whether two texts are the same JSON except for values that an API server sets. The proxy's variables record
    /// probes and ports of the application, which had no defaults yet when a manifest was injected.
    private func isSameText(_ one: Value?, _ other: Value?) -> Bool {
        guard case .string(let one)? = one, case .string(let other)? = other,
            let first = one.utf8.first, first == UInt8(ascii: "{") || first == UInt8(ascii: "["),
            let found = try? JSON.read(one, limits: JSONLimits(depth: 32, bytes: 1 << 20)),
            let wanted = try? JSON.read(other, limits: JSONLimits(depth: 32, bytes: 1 << 20))
        else { return false }
        return Self.isSame(found, wanted)
    }

    /// Recursive; the reader's limit bounds the depth.
    private static func isSame(_ one: Value, _ other: Value) -> Bool {
        switch (one, other) {
        case (.object(let one), .object(let other)):
            return keys(one, other).allSatisfy { key in
                switch (one[key], other[key]) {
                case (let left?, let right?): isSame(left, right)
                case (let present?, nil):
                    isNothing(present, nil) || ServerDefaults.isDefault(present, of: key, in: .any, one)
                case (nil, let present?):
                    isNothing(present, nil) || ServerDefaults.isDefault(present, of: key, in: .any, other)
                case (nil, nil): true
                }
            }
        case (.array(let one), .array(let other)):
            return one.count == other.count && zip(one, other).allSatisfy { isSame($0, $1) }
        default: return one == other
        }
    }
}
