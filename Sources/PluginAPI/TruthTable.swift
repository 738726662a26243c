/// The decisions of a set of rules as a table, as `pillion decide --table` prints it.
public struct TruthTable: Sendable {
    public struct Row: Sendable, Equatable {
        /// The conditions in the order of `columns`.
        public var conditions: [String]
        public var inject: Bool
        public var reason: ReasonCode

        public init(conditions: [String], inject: Bool, reason: ReasonCode) {
            self.conditions = conditions
            self.inject = inject
            self.reason = reason
        }
    }

    /// The names of the conditions, such as `policy` or `annotation`.
    public var columns: [String]
    public var rows: [Row]
    /// Notes about what the table omits.
    public var notes: [String]

    public init(columns: [String], rows: [Row], notes: [String] = []) {
        self.columns = columns
        self.rows = rows
        self.notes = notes
    }
}
