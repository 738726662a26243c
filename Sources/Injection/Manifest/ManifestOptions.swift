public enum ManifestFormat: String, Sendable { case auto, yaml, json }

/// Options for injecting into a manifest.
public struct ManifestOptions: Sendable {
    /// The namespace of objects that name none; nil is `default`.
    public var namespace: String? = nil
    /// Whether policy and annotations decide in the classic form too, where Istio's kube-inject ignores them.
    public var respectPolicy = false
    /// Whether workloads that were injected before are injected again in the classic form.
    public var reinject = false
    /// Whether the original is recorded in an annotation, for an exact `kube-uninject`.
    public var provenance = false
    /// Whether, as with Istio's kube-inject, the template `sidecar` is the default regardless of the configuration, and
    /// aliases are not resolved.
    public var istioctlCompat = false
    /// Whether strings that are written as numbers or booleans (`version: 1.0`) are quoted.
    public var quotesScalars = false
    /// Whether these strings are errors instead of notes.
    public var isStrict = false
    /// Whether the outcome includes the origin of each line; this renders the templates a second time.
    public var explain = false
    /// The manifest's name in messages.
    public var name = "manifest"
    /// The maximum number of values of all documents together.
    public var values = Int.max
    /// Called before each document with its index and the number of documents.
    public var progress: (@Sendable (_ document: Int, _ count: Int) -> Void)? = nil

    public init() {}
}
