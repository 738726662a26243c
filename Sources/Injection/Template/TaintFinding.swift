public import PluginAPI

/// A run of a rendered text that breaks the rule: it must stay text of one scalar, or one value.
public struct TaintFinding: Sendable {
    /// The run, with the place of the expression that wrote it and the paths that it read.
    public var run: SourceMap.Run
    /// What was found, such as `a line break that ends its scalar`.
    public var found: String
    /// What was expected instead.
    public var expected: String
    /// The JSON pointer of the part that it adds or damages; empty if there is no particular one.
    public var pointer: String

    /// The offset in the text at which the run breaks the rule.
    var offset: Int
}
