import PluginAPI
import Values

/// Compares a pod with its result recursively, for `PodSurvival`. The depth of the types limits the recursion.
struct PodComparison {
    private(set) var losses: [PodSurvival.Loss] = []
    private let original: Pod
    private let result: Pod
    private let allowance: PodSurvival.Allowance
    private var path: [PodSurvival.Loss.Step] = []

    init(_ original: Pod, _ result: Pod, _ allowance: PodSurvival.Allowance) {
        self.original = original
        self.result = result
        self.allowance = allowance
        path.reserveCapacity(8)
    }

    mutating func compare(_ types: TypeTable) {
        let pod = original
        if !pod.metadata.members.isSameStorage(as: result.metadata.members) {
            path.append(.member("metadata"))
            identity(pod.metadata, result.metadata)
            members(pod.metadata, result.metadata, types.objectMeta, .metadata)
            path.removeLast()
        }
        path.append(.member("spec"))
        members(pod.spec, result.spec, types.podSpec, .spec)
        path.removeLast()
    }

    /// The kinds of places with their own rules.
    private enum Place {
        case metadata, annotations, spec, containers, container, proxy, proxyContext, lifecycle, probe, other

        func member(_ key: String) -> Place {
            switch (self, key) {
            case (.metadata, "annotations"): .annotations
            case (.spec, "containers"), (.spec, "initContainers"): .containers
            case (.container, "readinessProbe"), (.container, "livenessProbe"), (.container, "startupProbe"):
                .probe
            case (.container, "lifecycle"): .lifecycle
            case (.lifecycle, _): .probe
            case (.proxy, "securityContext"): .proxyContext
            default: .other
            }
        }
    }

    private mutating func lose(isChanged: Bool = false) {
        guard losses.count < PodSurvival.limit else { return }
        losses.append(PodSurvival.Loss(path: path, isChanged: isChanged))
    }

    /// Whether the part at the current place may be missing.
    private var isAllowed: Bool {
        guard !allowance.removed.isEmpty else { return false }
        return allowance.removed.contains(PodSurvival.Loss(path: path, isChanged: false).pointer)
    }

    private static let identityKeys = ["name", "generateName", "namespace", "uid", "ownerReferences"]

    private mutating func identity(_ old: Object, _ new: Object) {
        for key in Self.identityKeys {
            let (before, after) = (old[key], new[key])
            if before == after || before ?? .null == after ?? .null { continue }
            if key == "namespace", before?.string?.isEmpty ?? true, after?.string == allowance.namespace {
                continue
            }
            path.append(.member(key))
            lose(isChanged: true)
            path.removeLast()
        }
    }

    // MARK: Members

    private mutating func members(_ old: Object, _ new: Object, _ type: ObjectType, _ inside: Place) {
        guard !old.members.isSameStorage(as: new.members) else { return }
        old.members.withBorrowedItems { members in
            new.members.withBorrowedItems { newMembers in
                // Most members keep their index and their value. After a removed member, all others have lower indexes.
                var shift = 0
                for index in 0..<members.count {
                    let place = index + shift
                    let isThere = place >= 0 && place < newMembers.count
                    if isThere, shift == 0, members.hasSameBits(as: newMembers, at: index) { continue }
                    if Self.isNothing(members[index].content.value) { continue }
                    let key = members[index].content.key
                    var found: Value?
                    if isThere, newMembers[place].content.key.hasSameBytes(as: key) {
                        found = newMembers[place].content.value
                    } else if let place = new.index(of: key) {
                        found = new.members[place].value
                        shift = place - index
                    }
                    if let found, Self.isSurelyKept(members[index].content.value, found) { continue }
                    if isExcepted(key, inside, old, new) { continue }
                    path.append(.member(key))
                    member(Member(key, members[index].content.value), found, type, inside.member(key))
                    path.removeLast()
                }
            }
        }
    }

    /// - Parameter found: the member's value in the result.
    private mutating func member(_ member: Member, _ found: Value?, _ type: ObjectType, _ inner: Place) {
        guard let found, !found.isNull else {
            // A list may be missing if each of its items may.
            if case .array(let items) = member.value, let index = type.memberIndex(of: member.key),
                type.kind == .structure, !allowance.removed.isEmpty
            {
                list(items, [], type.members[index], inner)
            } else if !isAllowed {
                lose()
            }
            return
        }
        guard type.kind == .structure else { return value(member.value, found, type.element ?? .any, inner) }
        guard let index = type.memberIndex(of: member.key) else {
            return value(member.value, found, .any, inner)
        }
        if case .array(let items) = member.value, case .array(let newItems) = found {
            list(items, newItems, type.members[index], inner)
        } else {
            value(member.value, found, type.memberType(at: index), inner)
        }
    }

    /// Whether a documented step of an injection may rewrite that member of the pod.
    private func isExcepted(_ key: String, _ place: Place, _ old: Object, _ new: Object) -> Bool {
        switch place {
        case .metadata: Self.identityKeys.contains(key) || key == "managedFields"
        case .annotations where new[key] == nil:
            key == MetadataKey.status || key == MetadataKey.overrides
                || PrometheusMerge.isSetting(key)
                    && (PrometheusMerge.hasProxyPath(new) || PrometheusMerge.hasProxyPath(old))
        case .probe:
            ["httpGet", "tcpSocket", "grpc"].contains(key)
                && (Probes.isRewritten(new) || Probes.isRewritten(old))
        case .proxyContext: key == "runAsUser" || key == "runAsGroup"
        default: false
        }
    }

    /// - Parameter type: `any` for a member that is not in the type tables, which must not change.
    private mutating func value(_ old: Value, _ new: Value, _ type: ObjectType, _ place: Place) {
        var type = type
        while type.kind == .pointer, let element = type.element { type = element }
        switch (old, new) {
        case (.object(let old), .object(let new)) where type.kind == .structure || type.kind == .map:
            members(old, new, type, place)
        case (.object, _), (.array, _), (_, .object), (_, .array):
            if old != new { lose(isChanged: true) }
        default:
            if type.kind == .any, old != new { lose(isChanged: true) }
        }
    }

    /// A quick check whether a value is unchanged: the same storage, or an equal scalar.
    private static func isSurelyKept(_ old: Value, _ new: Value) -> Bool {
        switch (old, new) {
        case (.string(let old), .string(let new)): old.hasSameBytes(as: new)
        case (.int(let old), .int(let new)): old == new
        case (.bool(let old), .bool(let new)): old == new
        case (.object(let old), .object(let new)): old.members.isSameStorage(as: new.members)
        case (.array(let old), .array(let new)): old.isSameStorage(as: new)
        default: false
        }
    }

    /// Whether a value has no content, so that it may be missing.
    private static func isNothing(_ value: Value) -> Bool {
        switch value {
        case .null: true
        case .object(let object): object.isEmpty
        case .array(let items): items.isEmpty
        default: false
        }
    }

    // MARK: Lists

    private mutating func list(
        _ old: [Value], _ new: [Value], _ field: ObjectType.Field, _ place: Place
    ) {
        guard !old.isSameStorage(as: new) else { return }
        var element = field.type.element ?? .any
        while element.kind == .pointer, let inner = element.element { element = inner }
        if let key = field.patchMergeKey, field.patchStrategy != nil {
            pair(old, new, key, element, place)
        } else if element.kind == .structure || element.kind == .any || field.patchStrategy != nil {
            keep(old, new)
        } else if new.isEmpty {
            lose()
        }
    }

    /// Compares the n-th item with a key with the n-th item with that key in the result.
    private mutating func pair(
        _ old: [Value], _ new: [Value], _ key: String, _ element: ObjectType, _ place: Place
    ) {
        if Self.isPrefix(old, of: new) || Self.isSuffix(old, of: new) { return }
        var pairing = ListPairing(new.map { ListKeys.identity($0, key) ?? "" })
        for (index, item) in old.enumerated() {
            let identity = ListKeys.identity(item, key)
            path.append(.item(identity ?? "#\(index + 1)"))
            defer { path.removeLast() }
            var found = pairing.take(identity ?? "").map { new[$0] }
            let isProxy = place == .containers && identity == ContainerName.proxy
            if found == nil, isProxy, hasOneProxy { found = result.proxy.map { .object($0) } }
            guard let found else {
                if !isAllowed { lose() }
                continue
            }
            if case .object(let old) = item, case .object(let new) = found,
                old.members.isSameStorage(as: new.members) || isAllowed
            {
                continue
            }
            let inner: Place = isProxy ? .proxy : place == .containers ? .container : .other
            value(item, found, element, inner)
        }
    }

    /// Whether the pod has exactly one container with the proxy's name, which a step may move to the other list. If it
    /// has two, both must stay.
    private var hasOneProxy: Bool {
        (original.containers + original.initContainers).count { $0.name == ContainerName.proxy } == 1
    }

    /// Whether the new list begins with the unchanged items of the old one, as after an injection that appends.
    private static func isPrefix(_ old: [Value], of new: [Value]) -> Bool {
        isKept(old, new, from: 0)
    }

    /// Whether the new list ends with the unchanged items of the old one, as after an injection that prepends.
    private static func isSuffix(_ old: [Value], of new: [Value]) -> Bool {
        isKept(old, new, from: new.count - old.count)
    }

    private static func isKept(_ old: [Value], _ new: [Value], from first: Int) -> Bool {
        guard first >= 0, first + old.count <= new.count else { return false }
        return old.withBorrowedItems { old in
            new.withBorrowedItems { new in
                for index in 0..<old.count
                where !isSurelyKept(old[index].content, new[first + index].content) { return false }
                return true
            }
        }
    }

    /// Compares items that must all be in the result unchanged, the same number of times.
    private mutating func keep(_ old: [Value], _ new: [Value]) {
        if old == new { return }
        var left: [String: Int] = [:]
        for item in new { left[JSON.text(item), default: 0] += 1 }
        for (index, item) in old.enumerated() {
            let text = JSON.text(item)
            if let count = left[text], count > 0 {
                left[text] = count - 1
            } else {
                path.append(.item(item.string ?? "#\(index + 1)"))
                if !isAllowed { lose() }
                path.removeLast()
            }
        }
    }
}
