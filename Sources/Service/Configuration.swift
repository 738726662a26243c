import Glibc
import Injection
import PluginAPI
import System
import Values

/// Reads the files that `ServeOptions` names, and compiles them.
struct Configuration: Sendable {
    /// The paths of the three files, by content; nil if none is read.
    struct Paths: Sendable, Equatable {
        var configuration: String?
        var values: String?
        var mesh: String?
        /// The names in messages of the ConfigMaps that replace files.
        var configMaps: [String] = []
        /// Whether the first of them replaces `configuration`.
        var isWatched = false
        /// Whether one of them replaces `mesh`.
        var isMeshWatched = false

        /// The labels of the existing files in the metrics.
        var labels: [String] {
            let hasValues = values != nil || isWatched
            let hasMesh = mesh != nil || isMeshWatched
            return ["inject"] + (hasMesh ? ["mesh"] : []) + (hasValues ? ["values"] : [])
        }

        var isBuiltIn: Bool { configuration == nil && !isWatched }
        var all: [String] { [configuration, values, mesh].compactMap { $0 } }
    }

    /// The largest size of one file, in bytes: that of a ConfigMap.
    static let longestFile = 1 << 20

    let paths: Paths
    var labels: [String] { paths.labels }
    let options: InjectionOptions
    let registry: PluginRegistry
    /// Whether a template may give pods privileges on the host.
    let allowsPrivileged: Bool
    let cluster: Cluster?

    init(_ options: ServeOptions, registry: PluginRegistry, cluster: Cluster? = nil) {
        self.cluster = cluster
        let isWatched = options.cluster.injectConfigMap != nil
        let configuration =
            isWatched ? nil : options.injectConfig ?? Self.existing(ServeOptions.defaultConfiguration)
        var paths = Paths(
            configuration: configuration,
            values: options.injectValues
                ?? (configuration == nil ? nil : Self.existing(ServeOptions.defaultValues)),
            mesh: options.meshConfig ?? (configuration == nil ? nil : Self.existing(ServeOptions.defaultMesh))
        )
        if options.cluster.meshConfigMap != nil { paths.mesh = nil }
        paths.configMaps = cluster?.configMaps?.names ?? []
        paths.isWatched = isWatched
        paths.isMeshWatched = options.cluster.meshConfigMap != nil
        self.paths = paths
        self.options = options.injection
        self.registry = registry
        allowsPrivileged = options.allowsPrivilegedTemplates || !options.isReachable
    }

    private static func existing(_ path: String) -> String? { File.isReadable(path) ? path : nil }

    /// Reads the current content of the files.
    func read() throws(FileError) -> InjectionFiles {
        var files = BuiltInConfiguration.files
        if paths.isWatched { files = InjectionFiles(configuration: NamedText(name: "", text: "")) }
        if let path = paths.configuration {
            files = InjectionFiles(configuration: NamedText(name: path, bytes: try Self.contents(path)))
        }
        if let path = paths.values { files.values = NamedText(name: path, bytes: try Self.contents(path)) }
        if let path = paths.mesh { files.mesh = NamedText(name: path, bytes: try Self.contents(path)) }
        try cluster?.configMaps?.replace(in: &files)
        return files
    }

    /// Compiles the files and tries the result on pods. The built-in configuration is not tried, because the tests do
    /// that.
    func compile(_ files: InjectionFiles) throws(ConfigurationError) -> Preflight.Checked {
        var options = options
        cluster?.adjust(&options)
        guard !paths.isBuiltIn else {
            let snapshot = try InjectionConfiguration.compile(files, registry: registry, options: options)
            return Preflight.Checked(snapshot: snapshot, warnings: snapshot.warnings)
        }
        return try Preflight.compile(
            files, registry: registry, options: options, allowsPrivileged: allowsPrivileged)
    }

    private static func contents(_ path: String) throws(FileError) -> [UInt8] {
        try File.contents(of: path, atMost: longestFile)
    }
}
