import Values

/// What a value has that another has not, items of lists by their merge keys.
enum PodDifference {
    /// Calls a closure for each part that is new or otherwise, none of which is within another.
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

    /// Members that tell the items of a list apart, the most telling first.
    private static let keys = [
        "mountPath", "devicePath", "containerPort", "topologyKey", "ip", "uid", "name", "key",
    ]

    /// What each item of a list is called: by its merge key, or by itself. The second of a name is `name#2`.
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
