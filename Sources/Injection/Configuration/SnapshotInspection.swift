public import Values

extension Snapshot {
    /// The sources of the templates, in byte order of their names.
    public var templateSources: [(name: String, text: [UInt8])] {
        templateNames.map { ($0, templates[$0]?.source ?? []) }
    }

    /// The mesh configuration with its defaults, as templates see it.
    public var meshConfiguration: Value { mesh.value }
}
