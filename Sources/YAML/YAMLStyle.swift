/// The style of block YAML: its indentation and quotes.
///
/// The default is the style of sigs.k8s.io/yaml. Text that is inserted into a file has the file's own style.
public struct YAMLStyle: Sendable, Equatable {
    /// The quotes of strings.
    public enum Quotes: Sendable, Equatable {
        /// These quotes, but only for strings that would otherwise be parsed as something else.
        case double, single
        /// These quotes for every string value.
        case allDouble, allSingle
    }

    /// The number of columns from a key to the keys of the mapping below it.
    public var mapping = 2
    /// The number of columns from a key to the dashes of the sequence below it.
    public var sequence = 0
    /// The number of columns from a dash to its item.
    public var item = 2
    public var quotes = Quotes.double

    public init(mapping: Int = 2, sequence: Int = 0, item: Int = 2, quotes: Quotes = .double) {
        self.mapping = mapping
        self.sequence = sequence
        self.item = item
        self.quotes = quotes
    }
}
