import PluginAPI
import YAML

/// Finds the powers over the host that tainted text gave a pod by the design of the template: it writes whole values,
/// such as the volumes of an annotation.
struct TaintPowers {
    let marks: YAMLMarks
    let runs: [SourceMap.Run]

    /// The keys that give a power if their value is true.
    private static let flags: Set<String> = ["privileged", "hostNetwork", "hostPID", "hostIPC"]

    /// Returns each power once per run that wrote it.
    func found() -> [(power: String, run: SourceMap.Run)] {
        var found: [(power: String, run: SourceMap.Run)] = []
        for run in runs {
            var node = marks.firstNode(from: run.output.lowerBound)
            if let scalar = marks.scalar(at: run.output.lowerBound) { node = min(node, scalar) }
            while node < marks.nodes.count, marks.nodes[node].range.lowerBound < run.output.upperBound {
                if let power = power(of: node), !found.contains(where: { $0.power == power && $0.run == run })
                {
                    found.append((power, run))
                }
                node += 1
            }
        }
        return found
    }

    private func power(of number: Int) -> String? {
        let node = marks.nodes[number]
        if node.isKey { return node.text == "hostPath" ? "hostPath" : nil }
        let key = node.key >= 0 ? marks.nodes[node.key].text : ""
        if Self.flags.contains(key), node.kind == .scalar(.plain), Self.isTrue(node.text) { return key }
        guard node.parent >= 0, node.key < 0, case .scalar = node.kind else { return nil }
        // An item of `capabilities: {add: […]}`.
        let list = marks.nodes[node.parent]
        guard list.key >= 0, marks.nodes[list.key].text == "add", list.parent >= 0 else { return nil }
        let holder = marks.nodes[list.parent]
        guard holder.key >= 0, marks.nodes[holder.key].text == "capabilities" else { return nil }
        return "capability \(node.text)"
    }

    /// Whether YAML 1.1 parses the text as true.
    private static func isTrue(_ text: String) -> Bool {
        ["true", "yes", "on", "y"].contains(text.lowercased())
    }
}
