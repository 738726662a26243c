public enum ManifestFormat: String, Sendable { case auto, yaml, json }

/// How a manifest is injected.
public struct ManifestOptions: Sendable {
    /// The namespace of objects that name none; nil is `default`.
    public var namespace: String? = nil
    /// Whether policy and annotations decide in the classic form too, where Istio's kube-inject does not ask them.
    public var respectPolicy = false
    /// Whether workloads that were injected before are injected again in the classic form.
    public var reinject = false
    /// Whether the way back is kept in an annotation, for an exact `kube-uninject`.
    public var provenance = false
    /// Whether, as with Istio's kube-inject, the template `sidecar` is the default whatever the configuration says, and
    /// aliases are not resolved.
    public var istioctlCompat = false
    /// Whether strings that are written as numbers or booleans (`version: 1.0`) get quotes.
    public var quotesScalars = false
    /// Whether such strings are errors, not notes.
    public var isStrict = false
    /// Whether the outcome says who wrote each line; templates are rendered a second time for it.
    public var explain = false
    /// The manifest's name in messages.
    public var name = "manifest"
    /// Values of all its documents together.
    public var values = Int.max
    /// Called before each document with its number, from 0, and how many there are.
    public var progress: (@Sendable (_ document: Int, _ count: Int) -> Void)? = nil

    public init() {}
}
