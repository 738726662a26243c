import PluginAPI
import Values

/// Strategic merge of Kubernetes objects by the patch strategies and merge keys of their Go types.
///
/// A patch and an object in, the merged object out. Maps merge member by member, null deletes; lists with the strategy
/// `merge` merge their items by the merge key, or become the union where they hold scalars; everything else is
/// replaced. The order of a merged list is that of Kubernetes' apimachinery (`ListOrder`).
///
/// Zero values of a patch override, but are not written where Go would leave them out; what the original has and the
/// patch does not name stays as it is, known to the type or not.
enum StrategicMerge {
    /// Merges `patch` into `original`.
    ///
    /// - Parameters:
    ///   - patch: what `TypedDecoding.decode(_, .patch)` made; parts of it that are settled are used without looking
    ///     at them again.
    ///   - original: anything; null is an empty object.
    static func merge(
        _ patch: TypedDecoding.Result, into original: inout Value, as type: ObjectType
    ) throws(SchemaError) {
        var merger = Merger(unsettled: patch.unsettled, settledParts: patch.settledParts)
        try merger.merge(patch.value, into: &original, type)
    }
}

/// A member name that tells the merge what to do.
enum Directive: Equatable {
    /// `$patch`: `delete`, `replace` or `merge`
    case patch
    /// `$retainKeys`: all other members of the original go.
    case retainKeys
    /// `$setElementOrder/FIELD`
    case order(String)
    /// `$deleteFromPrimitiveList/FIELD`
    case delete(String)

    init?(_ key: String) {
        switch key {
        case "$patch": self = .patch
        case "$retainKeys": self = .retainKeys
        default:
            let parts = key.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { return nil }
            switch parts[0] {
            case "$setElementOrder": self = .order(String(parts[1]))
            case "$deleteFromPrimitiveList": self = .delete(String(parts[1]))
            default: return nil
            }
        }
    }
}

/// The recursion follows the types, which do not nest in circles.
private struct Merger {
    private let unsettled: [[TypedDecoding.Step]]
    private var isSettled: Bool { unsettled.isEmpty }
    private let settledParts: [(path: [TypedDecoding.Step], value: Value)]
    /// Into the patch.
    private var path: [TypedDecoding.Step] = []

    init(unsettled: [[TypedDecoding.Step]], settledParts: [(path: [TypedDecoding.Step], value: Value)]) {
        self.unsettled = unsettled
        self.settledParts = settledParts
        path.reserveCapacity(8)
    }

    mutating func merge(_ patch: Value, into original: inout Value, _ type: ObjectType) throws(SchemaError) {
        var target = type
        while target.kind == .pointer, let element = target.element { target = element }
        guard case .object(let members) = patch, target.kind == .structure || target.kind == .map else {
            original = try settle(patch, target)
            return
        }
        var object = Object()
        if case .object(let existing) = original { object = existing }
        // Taken out, so that the members are changed where they are.
        original = .null
        defer { original = .object(object) }
        try mergeMembers(members, into: &object, target)
    }

    private enum Shape {
        case object, array, scalar

        init(_ value: Value) {
            switch value {
            case .object: self = .object
            case .array: self = .array
            default: self = .scalar
            }
        }
    }

    private var pointer: String { SchemaError.pointer(path) }

    private func settle(_ patch: Value, _ type: ObjectType) throws(SchemaError) -> Value {
        guard hasUnsettled else { return patch }
        if let known = settledParts.first(where: { $0.path.count == path.count && $0.path == path }) {
            return known.value
        }
        return try TypedDecoding.settled(patch, as: type)
    }

    /// Whether a place that has to settle is within the current part, or the part within it.
    private var hasUnsettled: Bool {
        let places = Borrowed(unsettled)
        let path = Borrowed(path)
        return (0..<places.count).contains { number in
            let place = Borrowed(places[number].content)
            return (0..<min(place.count, path.count)).allSatisfy { index in
                place[index].content == path[index].content
            }
        }
    }

    private mutating func mergeMembers(
        _ patch: Object, into object: inout Object, _ type: ObjectType
    ) throws(SchemaError) {
        var patch = patch
        if !isSettled, patch.members.contains(where: { $0.key.utf8.first == UInt8(ascii: "$") }) {
            if try obeyDirectives(&patch, &object, type) { return }
        }
        for member in patch.members {
            let place = type.kind == .structure ? type.memberIndex(of: member.key) : nil
            let memberType = place.map { type.memberType(at: $0) } ?? type.element ?? .any
            path.append(.member(member.key))
            defer { path.removeLast() }
            guard let index = object.index(of: member.key), !object.members[index].value.isNull else {
                try add(
                    member, to: &object, memberType,
                    omitsEmpty: place.map { type.memberOmitsEmpty(at: $0) } ?? false)
                continue
            }
            // Asked first: a pattern over both would hold the original's storage, and changing it would copy it.
            let shape = Shape(object.members[index].value)
            switch member.value {
            case .null:
                object.members.remove(at: index)
            case .object where shape == .object:
                try merge(member.value, into: &object.members[index].value, memberType)
            case .array(let items) where shape == .array:
                guard let place, type.members[place].patchStrategy != nil else {
                    try replace(index, by: member.value, in: &object, type, place, memberType)
                    break
                }
                let key = type.members[place].patchMergeKey
                try mergeLists(items, into: &object.members[index].value, memberType, key: key)
            default:
                try replace(index, by: member.value, in: &object, type, place, memberType)
            }
        }
    }

    private func add(
        _ member: Member, to object: inout Object, _ type: ObjectType, omitsEmpty: Bool
    ) throws(SchemaError) {
        guard !member.value.isNull else {
            object[member.key] = nil
            return
        }
        let value = try settle(member.value, type)
        if !isSettled, omitsEmpty, TypedDecoding.isZero(value, type) { return }
        object[member.key] = value
    }

    /// A zero value that Go would not print takes the original's place away, unless that is the same zero.
    private func replace(
        _ index: Int, by patch: Value, in object: inout Object, _ type: ObjectType, _ place: Int?,
        _ memberType: ObjectType
    ) throws(SchemaError) {
        let value = try settle(patch, memberType)
        guard object.members[index].value != value else { return }
        if !isSettled, let place, type.memberOmitsEmpty(at: place), TypedDecoding.isZero(value, memberType) {
            object.members.remove(at: index)
        } else {
            object.members[index].value = value
        }
    }
}

// MARK: Directives

extension Merger {
    /// Does what `$patch`, `$retainKeys`, `$deleteFromPrimitiveList` and `$setElementOrder` say, and takes from the
    /// patch what is then done.
    ///
    /// - Returns: whether nothing is left to merge.
    private mutating func obeyDirectives(
        _ patch: inout Object, _ object: inout Object, _ type: ObjectType
    ) throws(SchemaError) -> Bool {
        if let directive = patch["$patch"] {
            patch["$patch"] = nil
            switch directive {
            case "delete":
                object = Object()
                return true
            case "replace":
                object = try settle(.object(patch), type).object ?? Object()
                return true
            case "merge": break
            default: throw failure("$patch", directive, "delete, replace or merge")
            }
        }
        if let kept = patch["$retainKeys"] {
            patch["$retainKeys"] = nil
            guard let kept = kept.array else { throw failure("$retainKeys", kept, "a list of member names") }
            if let other = patch.members.first(where: { member in
                member.key.utf8.first != UInt8(ascii: "$") && !member.value.isNull
                    && !kept.contains(.string(member.key))
            }) {
                throw failure("$retainKeys", .array(kept), "to name \(other.key), which the patch sets")
            }
            object.members.removeAll { !kept.contains(.string($0.key)) }
        }
        for member in patch.members where member.key.utf8.first == UInt8(ascii: "$") {
            switch Directive(member.key) {
            case .delete(let field):
                patch[member.key] = nil
                guard let gone = member.value.array else { throw failure(member.key, member.value, "a list") }
                if case .array(var items) = object[field] {
                    items.removeAll { gone.contains($0) }
                    object[field] = .array(items)
                }
            case .order(let field):
                patch[member.key] = nil
                try setOrder(member, field, &patch, &object, type)
            default: continue
            }
        }
        return false
    }

    private mutating func setOrder(
        _ directive: Member, _ field: String, _ patch: inout Object, _ object: inout Object,
        _ type: ObjectType
    ) throws(SchemaError) {
        guard let wanted = directive.value.array else {
            throw failure(directive.key, directive.value, "a list")
        }
        guard let place = type.memberIndex(of: field) else { return }
        let listType = type.memberType(at: place)
        let key = type.members[place].patchMergeKey
        let original = object[field]?.array
        var merged: Value
        switch (original, patch[field]) {
        case (nil, nil): return
        case (let before?, nil): merged = .array(before)
        case (nil, let added?): merged = try settle(added, listType)
        case (let before?, let added?):
            merged = .array(before)
            if type.members[place].patchStrategy != nil, let items = added.array {
                try mergeLists(items, into: &merged, listType, key: key)
            } else {
                merged = try settle(added, listType)
            }
        }
        patch[field] = nil
        let keys = ListKeys(wanted, key)
        let items = merged.array ?? []
        object[field] = .array(
            ListOrder.arrange(
                items, ListKeys(items, key).identities, by: keys, original: ListKeys(original ?? [], key)))
    }

    private func failure(_ key: String, _ found: Value, _ expected: String) -> SchemaError {
        let pointer = self.pointer + "/" + SchemaError.escaped(key)
        let text = String(JSON.text(found).prefix(80))
        return SchemaError(
            pointer: pointer, found: text, expected: expected,
            message: "bad directive \(key): found \(text), expected \(expected)")
    }
}

// MARK: Lists

extension Merger {
    private mutating func mergeLists(
        _ patch: [Value], into original: inout Value, _ type: ObjectType, key: String?
    ) throws(SchemaError) {
        guard case .array(var items) = original else { return }
        original = .null
        defer { original = .array(items) }
        guard let key else {
            let before = ListKeys(items, nil)
            for (index, item) in patch.enumerated()
            where !items.contains(item) && !patch[..<index].contains(item) {
                items.append(item)
            }
            items = ListOrder.arrange(
                items, ListKeys(items, nil).identities, by: ListKeys(patch, nil), original: before)
            return
        }
        var patch = patch
        if !isSettled, patch.contains(where: { $0["$patch"] != nil }) {
            if try obeyItemDirectives(&patch, &items, key) { return }
        }
        let element = type.element ?? .any
        // Keys that are not strings or numbers compare as text; the tables make long lists linear.
        var before = ListKeys(items, key)
        let originalKeys = before
        for (index, item) in patch.enumerated() {
            guard let identity = ListKeys.identity(item, key) else {
                throw SchemaError(
                    pointer: "\(pointer)/\(index)",
                    found: String(JSON.text(item).prefix(80)), expected: "a member \(key)",
                    message: "item \(index) of \(pointer) does not contain declared merge key: \(key)")
            }
            path.append(.item(index))
            defer { path.removeLast() }
            if let found = before.first(identity) {
                try merge(item, into: &items[found], element)
            } else {
                before.append(identity)
                items.append(try settle(item, element))
            }
        }
        let keys = ListKeys(patch, key)
        items = ListOrder.arrange(items, before.identities, by: keys, original: originalKeys)
    }

    /// `$patch` in items: `delete` removes the original's item of that key, `replace` the whole list.
    ///
    /// - Returns: whether nothing is left to merge.
    private func obeyItemDirectives(
        _ patch: inout [Value], _ items: inout [Value], _ key: String
    ) throws(SchemaError) -> Bool {
        var isReplaced = false
        var rest: [Value] = []
        for item in patch {
            guard case .object(var object) = item, let directive = object["$patch"] else {
                rest.append(item)
                continue
            }
            switch directive {
            case "delete":
                guard let identity = ListKeys.identity(item, key) else {
                    throw failure("$patch", directive, "the merge key \(key) beside it")
                }
                items.removeAll { ListKeys.identity($0, key) == identity }
            case "replace": isReplaced = true
            case "merge":
                object["$patch"] = nil
                rest.append(.object(object))
            default: throw failure("$patch", directive, "delete, replace or merge")
            }
        }
        patch = rest
        if isReplaced { items = rest }
        return isReplaced
    }
}

/// The identities of a list's items: the values of the merge key, or the items themselves.
private struct ListKeys {
    private(set) var identities: [String?]
    let key: String?
    /// Made when the list is long; a scan is quicker for the short lists that pods have.
    private var table: [String: Int]?

    init(_ items: [Value], _ key: String?) {
        self.key = key
        identities = items.map { Self.identity($0, key) }
        if items.count > 16 {
            var table: [String: Int] = [:]
            table.reserveCapacity(items.count)
            for (index, identity) in identities.enumerated() {
                if let identity, table[identity] == nil { table[identity] = index }
            }
            self.table = table
        }
    }

    static func identity(_ item: Value, _ key: String?) -> String? {
        guard let value = key.map({ item[$0] }) ?? item else { return nil }
        switch value {
        case .string(let text): return text
        case .int(let number): return String(number)
        case .null: return nil
        default: return JSON.text(value)
        }
    }

    func first(_ identity: String) -> Int? {
        table.map { $0[identity] } ?? identities.firstIndex(of: identity)
    }

    mutating func append(_ identity: String) {
        if table != nil, table?[identity] == nil { table?[identity] = identities.count }
        identities.append(identity)
    }
}

/// The order of a merged list.
///
/// The items that the patch names, in the patch's order, and the others, in the original's, are merged as two sorted
/// lists: the original's next item goes first only if the patch's next item was in the original too, behind it;
/// otherwise the patch's goes. So new items come before what was there.
private enum ListOrder {
    /// - Parameter identities: of the items.
    static func arrange(
        _ items: [Value], _ identities: [String?], by wanted: ListKeys, original: ListKeys
    ) -> [Value] {
        var named: [(rank: Int, item: Int, place: Int?)] = []
        var others: [(item: Int, place: Int?)] = []
        for (index, identity) in identities.enumerated() {
            // An item without the key stays where it was.
            let place =
                identity.map { original.first($0) } ?? (index < original.identities.count ? index : nil)
            if let identity, let rank = wanted.first(identity) {
                named.append((rank, index, place))
            } else {
                others.append((index, place))
            }
        }
        named.sort { ($0.rank, $0.item) < ($1.rank, $1.item) }
        others.sort { ($0.place ?? .max, $0.item) < ($1.place ?? .max, $1.item) }
        var result: [Value] = []
        result.reserveCapacity(items.count)
        var other = 0
        for entry in named {
            while other < others.count, let place = entry.place, let before = others[other].place,
                before < place
            {
                result.append(items[others[other].item])
                other += 1
            }
            result.append(items[entry.item])
        }
        for entry in others[other...] { result.append(items[entry.item]) }
        return result
    }
}
