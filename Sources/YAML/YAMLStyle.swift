/// How a block of YAML is laid out: the columns by which its parts are moved in, and its quotes.
///
/// The default is how sigs.k8s.io/yaml writes. A text that is written into a file takes the file's own.
public struct YAMLStyle: Sendable, Equatable {
    /// Which quotes texts have.
    public enum Quotes: Sendable, Equatable {
        /// Only where a text would be read as something else, and then these.
        case double, single
        /// Every value that is a text has quotes.
        case allDouble, allSingle
    }

    /// Columns from a key to the keys of the mapping under it.
    public var mapping = 2
    /// Columns from a key to the dashes of the sequence under it.
    public var sequence = 0
    /// Columns from a dash to its item.
    public var item = 2
    public var quotes = Quotes.double

    public init(mapping: Int = 2, sequence: Int = 0, item: Int = 2, quotes: Quotes = .double) {
        self.mapping = mapping
        self.sequence = sequence
        self.item = item
        self.quotes = quotes
    }
}
