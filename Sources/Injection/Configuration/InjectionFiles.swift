/// The three files of a configuration, as mounted from Istio's ConfigMaps.
public struct InjectionFiles: Sendable {
    /// policy, selectors, template or templates
    public var configuration: NamedText
    /// The value of `.Values` in templates; nil is an empty object.
    public var values: NamedText?
    /// Merged over the defaults of the form; nil is the defaults.
    public var mesh: NamedText?

    public init(configuration: NamedText, values: NamedText? = nil, mesh: NamedText? = nil) {
        self.configuration = configuration
        self.values = values
        self.mesh = mesh
    }
}
