import Values

extension GoValue {
    /// The greatest depth of lists in lists that are copied. Maps in deeper ones cannot be changed.
    private static let sharingLimit = 100

    /// Returns the same value, with every map of the data as one that functions can change in place.
    func sharedMaps(depth: Int = 0) -> GoValue {
        switch self {
        case .object(let object): return .map(GoMap(data: object))
        case .array(let items):
            guard depth < GoValue.sharingLimit, items.contains(where: { $0.isContainer }) else { return self }
            return .list(items.map { GoValue($0).sharedMaps(depth: depth + 1) })
        default: return self
        }
    }
}
