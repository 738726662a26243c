import Values

/// A map with string keys, shared by all who hold a reference to it.
///
/// A map of the data uses the data's own object until one of its maps or lists is read or the map is changed, because a
/// chart has thousands of values, of which a rendering reads a few hundred. If there are few members, they are searched
/// linearly, which is quicker than hashing; otherwise by hash.
///
/// A map may contain itself (`set $d "self" $d`), which reference counting never frees. Therefore code that changes a
/// map that a template can reach calls `FunctionContext.noteMutation(of:)`, and the rendering empties such maps when it
/// ends. A rendering runs on one thread, maps never leave it, and no access calls back into a map. Checking each access
/// for overlaps is therefore unnecessary, and took 4 % of a chart's rendering.
public final class GoMap: @unchecked Sendable {
    private struct Entry {
        var key: String
        var value: GoValue
    }

    public let type: GoType
    /// Whether its values are in interfaces.
    let holdsInterfaces: Bool
    /// Its members, as long as they are unchanged data; nil otherwise.
    @exclusivity(unchecked) private var data: Object?
    /// Its members in any order, if they are not unchanged data.
    @exclusivity(unchecked) private var entries: [Entry] = []
    /// The index of each key, if there are more than `searched`.
    @exclusivity(unchecked) private var places: [ExactKey: Int]?
    /// The map that has the members of this one. In Go, both are the same map with two types.
    private let original: GoMap?

    /// The number of members up to which a linear search is as quick as hashing, because most keys differ in length.
    private static let searched = 32

    public init(type: GoType = .anyMap) {
        self.type = type
        holdsInterfaces = type.element?.kind == .interface
        original = nil
    }

    /// Creates a view of the same map with another type. A change of one is visible in both.
    public init(_ original: GoMap, as type: GoType) {
        self.type = type
        holdsInterfaces = type.element?.kind == .interface
        self.original = original.original ?? original
    }

    public convenience init(_ members: [(String, GoValue)], type: GoType = .anyMap) {
        self.init(type: type)
        for (key, value) in members { self[key] = value }
    }

    /// Creates a map of the data that can be changed, as can all maps and lists within it.
    convenience init(data: Object, type: GoType = .anyMap) {
        self.init(type: type)
        self.data = data
    }

    /// Whether both are the same map, whatever their types.
    func isSame(as other: GoMap) -> Bool { (original ?? self) === (other.original ?? other) }

    /// The members, if neither the map nor anything in it was changed; otherwise nil.
    var unchanged: Object? { (original ?? self).data }

    /// The same, but nil if there are maps or lists in it, because every reader would have to get the same instances of
    /// these.
    var unchangedScalars: Object? {
        guard let data = unchanged, !data.members.contains(where: { $0.value.isContainer }) else {
            return nil
        }
        return data
    }

    public var count: Int {
        let map = original ?? self
        return map.data?.count ?? map.entries.count
    }

    /// Accesses a member. Reading a missing key returns nil; writing nil removes the key.
    public subscript(key: String) -> GoValue? {
        get { (original ?? self).find(Program.Name(key)) }
        set { (original ?? self).set(key, newValue) }
    }

    /// Returns the member with a name from a template; nil if it is missing.
    func value(of name: borrowing Program.Name) -> GoValue? {
        if let original { original.find(name) } else { find(name) }
    }

    private func find(_ name: borrowing Program.Name) -> GoValue? {
        if let data {
            if data.count > GoMap.searched {
                expand()
            } else {
                for index in data.members.indices where name.isName(of: data.members[index].key) {
                    let value = data.members[index].value
                    if !value.isContainer { return GoValue(value) }
                    expand()
                    return entries[index].value
                }
                return nil
            }
        }
        return place(of: name).map { entries[$0].value }
    }

    private func place(of name: borrowing Program.Name) -> Int? {
        if entries.count > GoMap.searched { return index()[ExactKey(name.text)] }
        for index in entries.indices where name.isName(of: entries[index].key) { return index }
        return nil
    }

    private func index() -> [ExactKey: Int] {
        if let places { return places }
        var made: [ExactKey: Int] = [:]
        made.reserveCapacity(entries.count)
        for (place, entry) in entries.enumerated() { made[ExactKey(entry.key)] = place }
        places = made
        return made
    }

    private func set(_ key: String, _ value: GoValue?) {
        expand()
        switch (place(of: Program.Name(key)), value) {
        case (let place?, let value?): entries[place].value = value
        case (nil, let value?):
            if places != nil { places?[ExactKey(key)] = entries.count }
            entries.append(Entry(key: key, value: value))
        case (let place?, nil):
            places?[ExactKey(key)] = nil
            let last = entries.removeLast()
            if place < entries.count {
                entries[place] = last
                places?[ExactKey(last.key)] = place
            }
        case (nil, nil): break
        }
    }

    /// Converts members of the data to members that can be changed. The maps among them use the data's objects.
    private func expand() {
        guard let data else { return }
        self.data = nil
        entries = data.members.map { Entry(key: $0.key, value: GoValue($0.value).sharedMaps()) }
    }

    /// The keys in byte order, as Go's `range` and `print` iterate over a map.
    public var sortedKeys: [String] {
        let map = original ?? self
        if let data = map.data { return data.sortedMembers.map(\.key) }
        return map.entries.map(\.key).sorted { GoText.isLess($0, $1) }
    }

    /// The members, sorted by key.
    var sortedMembers: [(key: String, value: GoValue)] {
        let map = original ?? self
        if let data = unchangedScalars { return data.sortedMembers.map { ($0.key, GoValue($0.value)) } }
        map.expand()
        let members = map.entries.map { (key: $0.key, value: $0.value) }
        for index in members.indices.dropFirst()
        where !GoText.isLess(members[index - 1].key, members[index].key) {
            return members.sorted { GoText.isLess($0.key, $1.key) }
        }
        return members
    }

    /// Removes all members.
    public func removeAll() {
        let map = original ?? self
        map.data = nil
        map.places = nil
        map.entries = []
    }
}

extension Value {
    /// Whether it is a list or a map.
    var isContainer: Bool {
        switch self {
        case .array, .object: true
        default: false
        }
    }
}
