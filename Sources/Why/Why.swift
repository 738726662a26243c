// What comes in: the name of a pod or workload, and where its objects can be read (a cluster, or saved files). What goes
// out: a Diagnosis: one sentence, the evidence for it, what to do, and what could not be read. What it doesn't do:
// print, or change anything. Read Gathering next (what is read), then Examination (what follows from it).

public import Injection
public import PluginAPI

/// Answers why a pod has a sidecar, or has none.
public enum Why {
    /// What the answer depends on besides the objects.
    public struct Options: Sendable {
        /// `--webhookConfigName`; nil takes every configuration that looks like a sidecar injector's.
        public var webhookConfiguration: String?
        /// The injection configuration in place of the cluster's ConfigMaps.
        public var files: InjectionFiles?
        /// NAMESPACE/NAME of the ConfigMaps; nil finds them by the injector's flags, then by the usual names.
        public var injectConfigMap: String?
        public var meshConfigMap: String?
        /// How snapshots are made.
        public var injection = InjectionOptions()

        public init() {}
    }

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

/// Why the question cannot be answered at all.
public struct WhyError: Error, Sendable, CustomStringConvertible {
    public let message: String
    public var description: String { message }

    public init(_ message: String) { self.message = message }
}
