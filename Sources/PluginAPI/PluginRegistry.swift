/// The engines of a process by id. It is created once from an explicit list. A duplicate or malformed id is an error.
public struct PluginRegistry: Sendable {
    /// The renderers in the order of the list.
    public let renderers: [any Renderer]
    public let decisions: [any DecisionPlugin]

    public init(
        renderers: [any Renderer], decisions: [any DecisionPlugin]
    ) throws(PluginRegistryError) {
        try Self.check(renderers.map(\.description.id), of: "renderer")
        try Self.check(decisions.map(\.id), of: "decision plugin")
        self.renderers = renderers
        self.decisions = decisions
    }

    /// The id of the engine that is used if none is specified: the first of the list.
    public var defaultEngine: String { renderers.first?.description.id ?? "" }

    /// The decision rules that are used: the first of the list.
    public var decisionPlugin: (any DecisionPlugin)? { decisions.first }

    /// Returns the renderer with that id, or nil.
    public func renderer(_ id: String) -> (any Renderer)? {
        renderers.first { $0.description.id == id }
    }

    private static func check(_ ids: [String], of kind: String) throws(PluginRegistryError) {
        for (index, id) in ids.enumerated() {
            guard isWellFormed(id) else {
                throw PluginRegistryError(
                    message: "\(kind) id \"\(id)\" is malformed: "
                        + "expected a lower-case letter, then lower-case letters, digits or '-', 63 at most")
            }
            guard !ids[..<index].contains(id) else {
                throw PluginRegistryError(message: "\(kind) id \"\(id)\" is taken: an id names one engine")
            }
        }
    }

    /// Whether a string is a valid id: a lower-case letter, then lower-case letters, digits or `-`; at most 63 bytes.
    public static func isWellFormed(_ id: String) -> Bool {
        guard let first = id.utf8.first, id.utf8.count <= 63, (0x61...0x7a).contains(first) else {
            return false
        }
        return id.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d }
    }
}

/// The reason why the list of plugins cannot be used.
public struct PluginRegistryError: Error, CustomStringConvertible {
    public let message: String
    public var description: String { message }
}
