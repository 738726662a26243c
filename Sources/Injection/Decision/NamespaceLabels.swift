public import Values

/// The labels of the Namespaces among the documents of a manifest, including those in Lists.
public struct NamespaceLabels: Sendable {
    /// The labels by the namespace's name, with the label that an API server adds itself.
    public private(set) var labels: [String: Object] = [:]
    /// The place of each Namespace's labels: the index of the given document, and a JSON pointer.
    private(set) var places: [String: (document: Int, pointer: JSONPointer)] = [:]

    /// The maximum nesting depth of lists.
    private static let maximumDepth = 8

    public init(_ objects: [Value]) {
        for (index, object) in objects.enumerated() { add(object, document: index, at: [], depth: 0) }
    }

    private mutating func add(_ object: Value, document: Int, at pointer: JSONPointer, depth: Int) {
        guard let kind = object["kind"]?.string, depth < Self.maximumDepth else { return }
        if kind.ends(with: "List"), case .array(let items)? = object["items"] {
            for (index, item) in items.enumerated() {
                add(
                    item, document: document, at: pointer.appending("items").appending(index),
                    depth: depth + 1)
            }
        } else if kind == "Namespace", let name = object["metadata"]?["name"]?.string {
            var labels = object["metadata"]?["labels"]?.object ?? Object()
            labels["kubernetes.io/metadata.name"] = .string(name)
            self.labels[name] = labels
            places[name] = (document, pointer.appending("metadata").appending("labels"))
        }
    }
}
