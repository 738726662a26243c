public import PluginAPI

/// A run of a rendered text that does not stay what it is: text of one scalar, or one value.
public struct TaintFinding: Sendable {
    /// The run, with the place of the expression that wrote it and the paths that it read.
    public var run: SourceMap.Run
    /// What was found: `a line break that ends its scalar`.
    public var found: String
    /// What was expected instead.
    public var expected: String
    /// JSON pointer of what it adds or damages; empty where that is nothing in particular.
    public var pointer: String

    /// The byte of the text at which the run leaves its place.
    var offset: Int
}
