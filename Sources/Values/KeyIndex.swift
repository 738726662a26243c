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
        if place < members.count, members[place].key.hasSameBytes(as: key) { return place }
        if let places { return places[ExactKey(key)] }
        return Object.index(of: key, in: members)
    }

    /// Returns the index of the member with the same key as a member of another object, probably at the same index.
    public func place(ofKeyAt place: Int, in object: Object) -> Int? {
        let isSame = members.withBorrowedItems { members in
            object.members.withBorrowedItems {
                place < members.count && members.hasSameBits(as: $0, at: place)
            }
        }
        return isSame ? place : self.place(of: object.members[place].key, near: place)
    }
}
