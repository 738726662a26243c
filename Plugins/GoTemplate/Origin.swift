/// The tainted data from which a value was made.
///
/// Without a source map only the three constants are used, which is enough to find the tainted output; a text of `quote`
/// is serialised. With a source map, the other numbers are entries of an `OriginTable`.
struct Origin: Sendable, Equatable, Hashable {
    private var rawValue: UInt32

    /// Made from no tainted data.
    static let clean = Origin(rawValue: 0)
    /// The root of the data, parts of which are tainted.
    static let root = Origin(rawValue: 1)
    /// Made from tainted data, without recording which.
    static let tainted = Origin(rawValue: 2)

    private static let serialisedBit: UInt32 = 1 << 31

    private init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Refers to the entry with that number in a table.
    init(entry: Int) { rawValue = UInt32(entry) + 3 }

    /// The number of its entry in a table; nil for the constants.
    var entry: Int? {
        let number = rawValue & ~Origin.serialisedBit
        return number < 3 ? nil : Int(number) - 3
    }

    /// Whether the value is the result of a function that writes values as JSON, YAML or a quoted string.
    var isSerialised: Bool { rawValue & Origin.serialisedBit != 0 }

    /// Returns the same origin, marked as serialised text or not.
    func serialised(_ isSerialised: Bool) -> Origin {
        guard self != .clean else { return self }
        let number = rawValue & ~Origin.serialisedBit
        return Origin(rawValue: isSerialised ? number | Origin.serialisedBit : number)
    }
}
