import Values

/// The path to the pod template in objects of a kind.
public struct PodTemplatePath: Sendable, Equatable {
    public var kind: String
    /// The API group without the version; nil means every group.
    public var group: String?
    /// Member names from the object to the pod template (metadata and spec); `*` is every item of a list.
    public var path: [String]

    public init(kind: String, group: String?, path: [String]) {
        self.kind = kind
        self.group = group
        self.path = path
    }

    /// Parses `Kind.group=spec.template`, or `Kind=…` for every group; `spec.tasks[*].template` means every item of a
    /// list. nil if the text does not have this form.
    public init?(_ text: String) {
        let sides = text.split(byte: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard sides.count == 2 else { return nil }
        let name = sides[0].split(byte: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let path = sides[1].split(byte: ".", omittingEmptySubsequences: false).flatMap { step in
            step.ends(with: "[*]") ? [String(step.dropLast(3)), "*"] : [String(step)]
        }
        guard !name[0].isEmpty, !path.isEmpty, !path.contains("") else { return nil }
        self.init(kind: String(name[0]), group: name.count == 2 ? String(name[1]) : nil, path: path)
    }
}
