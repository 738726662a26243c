public import PluginAPI
import Values

/// A manifest after injection.
public struct ManifestOutcome: Sendable {
    /// The text in parts, as they came: that of a thousand workloads has some megabytes, which are not put together only
    /// to be written out again.
    public var parts: [[UInt8]]
    public var changed: Bool
    public var workloads: [WorkloadReport]
    /// Who wrote the lines that injections wrote, in their order; empty unless `ManifestOptions.explain` asks for it.
    public var origins: [LineOrigin] = []

    /// The whole text, put together each time.
    public var output: [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(parts.reduce(0) { $0 + $1.count })
        for part in parts { output += part }
        return output
    }

    /// The whole text in UTF-8, whatever the manifest's encoding is: the lines of `origins` are its lines.
    public var text: [UInt8] {
        let output = output
        guard let encoding = TextEncoding(markIn: output), encoding != .utf8 else { return output }
        return (try? encoding.decode(output)) ?? output
    }
}

/// What was decided for one workload of a manifest, and why.
public struct WorkloadReport: Sendable, Equatable {
    public var kind: String
    public var name: String
    public var namespace: String
    public var injected: Bool
    /// Whether an injection was taken out of it.
    public var restored = false
    public var reason: ReasonCode
    public var message: String
    /// What else should be said: heuristics that were used, values that were overwritten.
    public var notes: [String]
    /// Those of the notes that warn: the forecast, and what the pod template's text did in the templates.
    public var warnings: [String] = []
    /// What the pod template's text did in the templates.
    public var taint = TaintReport()
    /// Which document of the manifest, from 0.
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
