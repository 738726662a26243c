import Values

/// Finds the parts of a value that another value does not have, with items of lists matched by their merge keys.
enum PodDifference {
    /// Calls a closure for each part that is new or different. No part is within another.
    static func visit(
        _ before: Value?, _ after: Value, _ path: InjectionTrace.Path, _ found: (InjectionTrace.Path) -> Void
    ) {
        if before == after { return }
        switch (before, after) {
        case (.object(let old)?, .object(let new)):
            for member in new.members {
                visit(old[member.key], member.value, path + [.member(member.key)], found)
            }
        case (.array(let old)?, .array(let new)):
            let known = byIdentity(old)
            for (identity, item) in zip(identities(of: new), new) {
                visit(known[identity], item, path + [.item(identity)], found)
            }
        default: found(path)
        }
    }

    static func byIdentity(_ items: [Value]) -> [String: Value] {
        Dictionary(zip(identities(of: items), items)) { first, _ in first }
    }

    /// The members that distinguish the items of a list, the most specific first.
    private static let keys = [
        "mountPath", "devicePath", "containerPort", "topologyKey", "ip", "uid", "name", "key",
    ]

    /// The identity of each item of a list: its merge key, or the item itself. The second item with a name is `name#2`.
    static func identities(of items: [Value]) -> [String] {
        var counts: [String: Int] = [:]
        return items.map { item in
            let key = keys.first { item[$0] != nil }
            let name = ListKeys.identity(item, key) ?? ""
            let count = (counts[name] ?? 0) + 1
            counts[name] = count
            return count == 1 ? name : "\(name)#\(count)"
        }
    }
}
