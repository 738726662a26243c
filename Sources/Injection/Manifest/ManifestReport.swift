public import PluginAPI
import Values

/// A manifest after injection.
public struct ManifestOutcome: Sendable {
    /// The text in parts, as they were written: the text of a thousand workloads has several megabytes, which need not
    /// be joined only to be written.
    public var parts: [[UInt8]]
    public var changed: Bool
    public var workloads: [WorkloadReport]
    /// The origins of the lines that injections wrote, in their order; empty unless `ManifestOptions.explain` is set.
    public var origins: [LineOrigin] = []

    /// The whole text, joined on each access.
    public var output: [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(parts.reduce(0) { $0 + $1.count })
        for part in parts { output += part }
        return output
    }

    /// The whole text in UTF-8, whatever the manifest's encoding is; `origins` refers to its lines.
    public var text: [UInt8] {
        let output = output
        guard let encoding = TextEncoding(markIn: output), encoding != .utf8 else { return output }
        return (try? encoding.decode(output)) ?? output
    }
}

/// The decision for one workload of a manifest, and its reason.
public struct WorkloadReport: Sendable, Equatable {
    public var kind: String
    public var name: String
    public var namespace: String
    public var injected: Bool
    /// Whether an injection was removed from it.
    public var restored = false
    public var reason: ReasonCode
    public var message: String
    /// Further information: heuristics that were used, values that were overwritten.
    public var notes: [String]
    /// The notes that are warnings: the forecast, and the effects of the pod template's text in the templates.
    public var warnings: [String] = []
    /// The effects of the pod template's text in the templates.
    public var taint = TaintReport()
    /// The index of the document in the manifest.
    public var document: Int
    /// JSON pointer of the workload in its document: empty, or `/items/3` in a List.
    public var pointer: String
    /// The line of the document's first key in the manifest, from 1.
    public var line: Int

    public init(
        kind: String, name: String, namespace: String, injected: Bool, reason: ReasonCode, message: String,
        notes: [String] = [], document: Int = 0, pointer: String = "", line: Int = 1
    ) {
        self.kind = kind
        self.name = name
        self.namespace = namespace
        self.injected = injected
        self.reason = reason
        self.message = message
        self.notes = notes
        self.document = document
        self.pointer = pointer
        self.line = line
    }
}
