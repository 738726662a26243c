public import PluginAPI

/// How a review is answered, besides what the Snapshot says.
public struct ReviewOptions: Sendable {
    /// Whether a failed injection is answered with `allowed: true` and no patch.
    public var allowOnFailure = false
    /// Whether the patch is applied and the result injected again before it is answered.
    public var selfCheck = false
    /// Whether the decision's trace is wanted in the report.
    public var explain = false
    /// Nanoseconds of the monotonic clock at which rendering gives up.
    public var deadline: UInt64? = nil
    /// Steps that each template may take, where that is less than the configuration's limit: what a caller allows
    /// that would rather ask again elsewhere than wait.
    public var steps: Int? = nil
    /// Measures the steps; nil measures nothing.
    public var clock: StageClock? = nil

    public init() {}

    /// Whether an answer that was made before does as well: nothing is wanted besides the answer.
    var takesKnownAnswers: Bool { !selfCheck && !explain }
}

/// What happened to a review, for counters and the log.
public struct ReviewReport: Sendable {
    public enum Kind: String, Sendable {
        /// Allowed with a patch.
        case success
        /// Decided not to inject, or nothing to change.
        case skip
        /// Answered with an error, however the failure mode turned it.
        case failure
    }

    public var kind: Kind = .failure
    public var reason: ReasonCode = .internalError
    /// The decision, where there was one.
    public var decision: Decision? = nil
    /// Why it failed, where it did.
    public var error: InjectionError? = nil
    public var uid = ""
    public var namespace = ""
    /// The pod's name or generateName.
    public var name = ""
    /// `v1` or `v1beta1`.
    public var version = ""
    public var patchBytes = 0
    public var patchOperations = 0
    /// Whether the patch was applied and the result injected again before it was answered.
    public var isSelfChecked = false
    /// Whether the answer was made for an equal request before.
    public var isFromCache = false

    public init() {}
}

public enum ManifestFormat: String, Sendable { case auto, yaml, json }

/// How a manifest is injected.
public struct ManifestOptions: Sendable {
    /// The namespace of objects that name none; nil is `default`.
    public var namespace: String? = nil
    /// Whether policy and annotations decide in the classic form too, where Istio's kube-inject does not ask them.
    public var respectPolicy = false
    /// Whether workloads that were injected before are injected anew in the classic form.
    public var reinject = false
    /// Whether the way back is kept in an annotation, for an exact `kube-uninject`.
    public var provenance = false
    /// The manifest's name in messages.
    public var name = "manifest"
    /// Called before each document with its number, from 0, and how many there are.
    public var progress: (@Sendable (_ document: Int, _ count: Int) -> Void)? = nil

    public init() {}
}

/// A manifest after injection.
public struct ManifestOutcome: Sendable {
    /// The text in parts, as they came: that of a thousand workloads has some megabytes, which are not put together only
    /// to be written out again.
    public var parts: [[UInt8]]
    public var changed: Bool
    public var workloads: [WorkloadReport]

    /// The whole text, put together each time.
    public var output: [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(parts.reduce(0) { $0 + $1.count })
        for part in parts { output += part }
        return output
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

/// The answer of `decide` for one pod or pod template.
public struct DecisionAnswer: Sendable {
    public var kind: String
    public var name: String
    public var namespace: String
    /// JSON pointer of the workload in what was given.
    public var pointer: String
    public var decision: Decision
    /// Empty unless they were asked for.
    public var counterfactuals: [Counterfactual]

    public init(
        kind: String, name: String, namespace: String, pointer: String, decision: Decision,
        counterfactuals: [Counterfactual] = []
    ) {
        self.kind = kind
        self.name = name
        self.namespace = namespace
        self.pointer = pointer
        self.decision = decision
        self.counterfactuals = counterfactuals
    }
}
