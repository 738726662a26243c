/// The answers of a set of rules, row by row, as `pillion decide --table` prints them.
public struct TruthTable: Sendable {
    public struct Row: Sendable, Equatable {
        /// One text a column, in the order of `columns`.
        public var conditions: [String]
        public var inject: Bool
        public var reason: ReasonCode

        public init(conditions: [String], inject: Bool, reason: ReasonCode) {
            self.conditions = conditions
            self.inject = inject
            self.reason = reason
        }
    }

    /// What the rows differ in: `policy`, `annotation` …
    public var columns: [String]
    public var rows: [Row]
    /// What the table leaves out, if anything.
    public var notes: [String]

    public init(columns: [String], rows: [Row], notes: [String] = []) {
        self.columns = columns
        self.rows = rows
        self.notes = notes
    }
}
