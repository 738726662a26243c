import PluginAPI
import Values

/// Merges Kubernetes objects strategically, by the patch strategies and merge keys of their Go types.
///
/// Input: a patch and an object. Output: the merged object. Maps are merged member by member. Items of lists with the
/// strategy `merge` are merged by the merge key; lists of scalars with that strategy become the union. Everything else
/// is replaced. The order of a merged list is that of Kubernetes' apimachinery (`ListOrder`).
///
/// Two rules differ from apimachinery, so that no template removes a part of a pod by accident:
///
/// - Null, an empty list and an empty string never replace a value: they change nothing, at any level. Kubernetes
///   deletes on null. Only a directive (`$patch`, `$retainKeys`, `$deleteFromPrimitiveList`) removes.
/// - If several items of a list have the same key, the n-th of the patch is merged into the n-th of the original. The
///   protocol is part of a port's key. Kubernetes merges them all into the first.
///
/// Zero and false override. Members of the original that are not in the patch stay unchanged, even if the type does not
/// have them.
enum StrategicMerge {
    /// The parts that a merge removed or ignored, for notes and for the check that a pod survives (`PodSurvival`).
    struct Effects: Sendable {
        /// Items that a `$patch: delete` removed from a list, as pointers with keys for items:
        /// `/spec/containers/web/env/DEBUG`.
        var removed: [String] = []
        /// Items that a `$patch: delete` names, whether the original has them or not.
        var removable: [String] = []
        /// Members that a null, an empty list or an empty string did not change, as pointers of the same form.
        var ignored: [String] = []
    }

    /// Merges `patch` into `original`.
    ///
    /// - Parameters:
    ///   - patch: the result of `TypedDecoding.decode(_, .patch)`; its settled parts are used unchanged.
    ///   - original: any value; null counts as an empty object.
    @discardableResult
    static func merge(
        _ patch: TypedDecoding.Result, into original: inout Value, as type: ObjectType
    ) throws(SchemaError) -> Effects {
        guard !patch.value.isNull else { return Effects() }
        var merger = Merger(unsettled: patch.unsettled, settledParts: patch.settledParts)
        try merger.merge(patch.value, into: &original, type)
        return merger.effects
    }
}

/// A member name that is an instruction for the merge.
enum Directive: Equatable {
    /// `$patch`: `delete`, `replace` or `merge`
    case patch
    /// `$retainKeys`: removes all other members of the original.
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
            let parts = key.split(byte: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { return nil }
            switch parts[0] {
            case "$setElementOrder": self = .order(String(parts[1]))
            case "$deleteFromPrimitiveList": self = .delete(String(parts[1]))
            default: return nil
            }
        }
    }
}

/// The recursion follows the types, which are not recursive.
private struct Merger {
    private let unsettled: [[PathStep]]
    private var isSettled: Bool { unsettled.isEmpty }
    private let settledParts: [(path: [PathStep], value: Value)]
    /// The current place in the patch.
    private var path: [PathStep] = []
    /// The keys of the items on that path, in order.
    private var itemKeys: [String] = []
    private(set) var effects = StrategicMerge.Effects()

    /// The maximum number of entries in each list of `effects`.
    private static let effectLimit = 100

    init(unsettled: [[PathStep]], settledParts: [(path: [PathStep], value: Value)]) {
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
        // Releases the original's reference, so that members are changed in place.
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

    private var pointer: String { JSONPointer.text(of: path) }

    /// The current place, with keys instead of indices.
    private func keyedPointer(_ last: String? = nil) -> String {
        var keys = itemKeys.makeIterator()
        var text = ""
        for step in path {
            switch step {
            case .member(let key): text += "/" + JSONPointer.escape(key)
            case .item: text += "/" + JSONPointer.escape(keys.next() ?? "")
            }
        }
        return last.map { text + "/" + JSONPointer.escape($0) } ?? text
    }

    private mutating func ignore() {
        if effects.ignored.count < Self.effectLimit { effects.ignored.append(keyedPointer()) }
    }

    private func settle(_ patch: Value, _ type: ObjectType) throws(SchemaError) -> Value {
        guard hasUnsettled else { return patch }
        if let known = settledParts.first(where: { $0.path.count == path.count && $0.path == path }) {
            return known.value
        }
        return try TypedDecoding.settled(patch, as: type)
    }

    /// Whether the current part contains an unsettled place or is within one.
    private var hasUnsettled: Bool {
        unsettled.withBorrowedItems { places in
            path.withBorrowedItems { path in
                for number in 0..<places.count
                where places[number].content.withBorrowedItems({ Self.agree($0, path) }) {
                    return true
                }
                return false
            }
        }
    }

    /// Whether one path is a prefix of the other.
    private static func agree(_ one: borrowing Borrowed<PathStep>, _ other: borrowing Borrowed<PathStep>)
        -> Bool
    {
        for index in 0..<min(one.count, other.count) where one[index].content != other[index].content {
            return false
        }
        return true
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
            // Determined first: a pattern over both values would retain the original's storage, and changing it would
            // copy.
            let shape = Shape(object.members[index].value)
            switch member.value {
            case .null: ignore()
            case .object where shape == .object:
                try merge(member.value, into: &object.members[index].value, memberType)
            case .array(let items) where shape == .array:
                guard let place, type.members[place].patchStrategy != nil else {
                    try replace(index, by: member.value, in: &object, memberType)
                    break
                }
                let key = type.members[place].patchMergeKey
                try mergeLists(items, into: &object.members[index].value, memberType, key: key)
            default:
                try replace(index, by: member.value, in: &object, memberType)
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
        var value = try settle(member.value, type)
        if !isSettled {
            if value.isNull { return }
            if case .array(let items) = value, let given = member.value.array, let element = type.element,
                element.name == Self.containerType
            {
                // If a name occurs twice, the first item decides.
                let named = Dictionary(given.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
                let kept = items.filter { !Self.isNameAlone($0, named[$0.name] ?? .null, element) }
                if kept.count < items.count { value = .array(kept) }
            }
            if omitsEmpty, TypedDecoding.isZero(value, type) { return }
        }
        object[member.key] = value
    }

    /// Whether a container has only its name because all other members of the patch are null or empty. Such a container
    /// is not valid, so it is not added.
    private static func isNameAlone(_ settled: Value, _ given: Value, _ element: ObjectType) -> Bool {
        guard case .object(let members) = settled, members.count == 1, members.members[0].key == "name",
            element.name == containerType
        else { return false }
        return (given.object?.count ?? 0) > 1
    }

    private static let containerType = "v1.Container"

    /// Replaces a member's value, unless the new one is empty.
    private mutating func replace(
        _ index: Int, by patch: Value, in object: inout Object, _ memberType: ObjectType
    ) throws(SchemaError) {
        let value = try settle(patch, memberType)
        guard object.members[index].value != value else { return }
        switch value {
        // Settling turns nulls in a list into zeros, so only the whole value can be empty.
        case .null, .array([]), .string(""): ignore()
        default: object.members[index].value = value
        }
    }
}

// MARK: Directives

extension Merger {
    /// Applies `$patch`, `$retainKeys`, `$deleteFromPrimitiveList` and `$setElementOrder`, and removes the applied
    /// parts from the patch.
    ///
    /// - Returns: whether nothing is left to merge.
    private mutating func obeyDirectives(
        _ patch: inout Object, _ object: inout Object, _ type: ObjectType
    ) throws(SchemaError) -> Bool {
        if let directive = patch["$patch"] {
            patch["$patch"] = nil
            switch directive {
            case .null: break
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
        let items = merged.array ?? []
        let keys = ListKeys(items, key)
        object[field] = .array(
            ListOrder.arrange(
                items, ranks: keys.ranks(in: ListKeys(wanted, key)),
                places: keys.ranks(in: ListKeys(original ?? [], key))))
    }

    private func failure(_ key: String, _ found: Value, _ expected: String) -> SchemaError {
        let pointer = self.pointer + "/" + JSONPointer.escape(key)
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
            let before = items.count
            // The items are the same as in a new list, so that applying the patch again finds them.
            let patch = try settle(.array(patch), type).array ?? []
            for (index, item) in patch.enumerated()
            where !items.contains(item) && !patch[..<index].contains(item) {
                items.append(item)
            }
            let ranks = ListKeys(items, nil).ranks(in: ListKeys(patch, nil))
            items = ListOrder.arrange(items, ranks: ranks, originalCount: before)
            return
        }
        var patch = patch
        if !isSettled {
            // Null items are ignored.
            if patch.contains(where: \.isNull) { patch.removeAll(where: \.isNull) }
            if patch.contains(where: { $0["$patch"] != nil }) {
                if try obeyItemDirectives(&patch, &items, key) { return }
            }
        }
        let element = type.element ?? .any
        var pairing = ListPairing(items, key)
        let before = items.count
        var ranks = [Int?](repeating: nil, count: before)
        for (index, item) in patch.enumerated() {
            guard let identity = ListKeys.identity(item, key) else {
                throw SchemaError(
                    pointer: "\(pointer)/\(index)",
                    found: String(JSON.text(item).prefix(80)), expected: "a member \(key)",
                    message: "item \(index) of \(pointer) does not contain declared merge key: \(key)")
            }
            path.append(.item(index))
            itemKeys.append(identity)
            defer {
                path.removeLast()
                itemKeys.removeLast()
            }
            if let found = pairing.take(identity) {
                ranks[found] = index
                try merge(item, into: &items[found], element)
            } else {
                let added = try settle(item, element)
                if !isSettled, Self.isNameAlone(added, item, element) {
                    ignore()
                    continue
                }
                ranks.append(index)
                items.append(added)
            }
        }
        items = ListOrder.arrange(items, ranks: ranks, originalCount: before)
    }

    /// Applies `$patch` in items: `delete` removes the original's items with that key; `replace` replaces the whole
    /// list.
    ///
    /// - Returns: whether nothing is left to merge.
    private mutating func obeyItemDirectives(
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
                let count = items.count
                items.removeAll { ListKeys.identity($0, key) == identity }
                guard effects.removable.count < Self.effectLimit else { continue }
                let pointer = keyedPointer(identity)
                effects.removable.append(pointer)
                if items.count < count { effects.removed.append(pointer) }
            case "replace": isReplaced = true
            case "merge", .null:
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
