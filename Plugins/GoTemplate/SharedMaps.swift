import Values

extension GoValue {
    /// How deep maps are copied; deeper ones stay as they are and cannot be changed.
    private static let sharingLimit = 100

    /// The same value with every map of the data as one that functions can change in place.
    func sharedMaps(depth: Int = 0) -> GoValue {
        guard depth < GoValue.sharingLimit else { return self }
        switch self {
        case .object(let object):
            let map = GoMap()
            for member in object.members {
                map[member.key] = GoValue(member.value).sharedMaps(depth: depth + 1)
            }
            return .map(map)
        case .array(let items):
            return .list(items.map { GoValue($0).sharedMaps(depth: depth + 1) })
        default: return self
        }
    }
}
