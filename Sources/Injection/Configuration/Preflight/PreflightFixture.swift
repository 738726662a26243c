import Values

/// A pod that a configuration is tried on.
struct PreflightFixture: Sendable {
    /// `a Deployment's pod, annotated, host network`
    var name: String
    var pod: Pod
}
