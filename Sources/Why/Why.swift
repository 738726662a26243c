// In: the name of a pod or workload, and the source of its objects (a cluster, or saved files). Out: a Diagnosis: one
// sentence, the evidence for it, the remedies, and what could not be read. It does not print or change anything. Read
// Gathering next (what is read), then Examination (what is concluded).

public import Injection
public import PluginAPI

/// Diagnoses why a pod has a sidecar, or has none.
public enum Why {
    /// The options of a diagnosis.
    public struct Options: Sendable {
        /// `--webhookConfigName`; nil checks every configuration that looks like a sidecar injector's.
        public var webhookConfiguration: String?
        /// The injection configuration, instead of the cluster's ConfigMaps.
        public var files: InjectionFiles?
        /// NAMESPACE/NAME of the ConfigMaps; nil finds them by the injector's flags, then by the usual names.
        public var injectConfigMap: String?
        public var meshConfigMap: String?
        /// The options for compiling snapshots.
        public var injection = InjectionOptions()

        public init() {}
    }

    /// Diagnoses the state of a pod or workload.
    ///
    /// - Throws: a `WhyError` if there is no such object.
    public static func diagnose(
        _ target: WhyTarget, from source: any EvidenceSource, registry: PluginRegistry,
        options: Options = Options()
    ) throws(WhyError) -> Diagnosis {
        var gathering = Gathering(target, source, options, registry)
        let evidence = try gathering.gather()
        var examination = Examination(evidence, registry: registry, options: options)
        return examination.diagnosis()
    }
}

/// The reason why the question cannot be answered at all.
public struct WhyError: Error, Sendable, CustomStringConvertible {
    public let message: String
    public var description: String { message }

    public init(_ message: String) { self.message = message }
}
