/// A place in a text that people can go to: lines and columns count from 1, columns in bytes.
public struct SourcePosition: Sendable, Hashable {
    public var line: Int
    public var column: Int
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// Where something stands: a file (or any other name of a text), and the place in it.
public struct SourceLocation: Sendable, Hashable {
    public var name: String
    public var position: SourcePosition?
    public init(_ name: String, _ position: SourcePosition? = nil) {
        self.name = name
        self.position = position
    }
}

extension SourceLocation: CustomStringConvertible {
    /// `name`, `name:line` or `name:line:column`, as compilers print it.
    public var description: String {
        guard let position else { return name }
        return "\(name):\(position.line):\(position.column)"
    }
}
