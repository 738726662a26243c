public import Values

/// One document of a manifest.
public struct ManifestDocument: Sendable {
    public var value: Value
    /// The line of the manifest on which it begins, from 1.
    public var line: Int

    public init(value: Value, line: Int) {
        self.value = value
        self.line = line
    }
}
