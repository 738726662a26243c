/// Finds members by key: at the expected index, otherwise with a linear search or, in large objects, a hash table.
public struct KeyIndex {
    private let members: [Member]
    private let places: [ExactKey: Int]?

    public init(_ members: [Member]) {
        self.members = members
        guard members.count > Object.scanLimit else {
            places = nil
            return
        }
        var places: [ExactKey: Int] = [:]
        places.reserveCapacity(members.count)
        for (place, member) in members.enumerated() { places[ExactKey(member.key)] = place }
        self.places = places
    }

    /// Returns the index of the key's member; nil if the object has no such key.
    ///
    /// - Parameter place: the index where it probably is.
    public func place(of key: String, near place: Int) -> Int? {
        members.withBorrowedItems { members in
            if place < members.count, members[place].content.key.hasSameBytes(as: key) { return place }
            if let places { return places[ExactKey(key)] }
            for place in 0..<members.count where members[place].content.key.hasSameBytes(as: key) {
                return place
            }
            return nil
        }
    }
}
