/// The three files of a configuration, as mounted from Istio's ConfigMaps.
public struct InjectionFiles: Sendable {
    /// policy, selectors, template or templates
    public var configuration: NamedText
    /// What templates see as `.Values`; nil is an empty object.
    public var values: NamedText?
    /// Laid over the defaults of the form; nil is the defaults.
    public var mesh: NamedText?

    public init(configuration: NamedText, values: NamedText? = nil, mesh: NamedText? = nil) {
        self.configuration = configuration
        self.values = values
        self.mesh = mesh
    }
}
