import Glibc
import Injection
import PluginAPI
import Service
import Values

// What several verbs need to come from typed flags to a Snapshot.

let nativeSidecarsOption = Option(
    name: "nativeSidecars", shape: .value("true|false|auto"), fallback: "false",
    help: "whether the proxy becomes an init container that stays; auto is false where no cluster is asked")

let podTemplatePathOption = Option(
    name: "podTemplatePath", shape: .list("KIND.GROUP=PATH"),
    help: "where a further kind keeps its pod template: Rollout.argoproj.io=spec.template")

let templateEnvironmentOption = Option(
    name: "template-env", shape: .list("NAME"),
    help: "an environment variable that the template function env may read; all others are empty to it")

/// What Istio's injector takes from its environment besides flags.
private let settingsOfEnvironment = ["COMPLIANCE_POLICY", "PLATFORM"]

/// The engines, or a failure that says what is wrong with the list.
func registry(for arguments: Arguments) throws -> PluginRegistry {
    do {
        return try StandardPlugins.registry()
    } catch {
        throw Failure(error.message)
    }
}

/// The file with its name, nil for none.
func named(_ path: String?) throws -> NamedText? {
    try path.map { NamedText(name: $0, bytes: try read(file: $0)) }
}

/// What snapshots are made with, from the options that verbs share.
func injectionOptions(_ arguments: Arguments) throws -> InjectionOptions {
    var options = InjectionOptions()
    options.revision = arguments.string("revision") ?? ""
    options.nativeSidecars = try arguments.choice("nativeSidecars", of: ["true", "false", "auto"]) == "true"
    options.podTemplatePaths = try arguments.list("podTemplatePath").map { text in
        guard let path = PodTemplatePath(text) else {
            throw UsageError(
                "--podTemplatePath is \"\(text)\", want KIND.GROUP=PATH such as Rollout.argoproj.io=spec.template"
            )
        }
        return path
    }
    for name in arguments.list("template-env") + settingsOfEnvironment {
        options.environment[name] = getenv(name).map { String(cString: $0) }
    }
    return options
}

/// Compiles a configuration; its warnings go to standard error, its errors end the run.
func compile(_ files: InjectionFiles, _ arguments: Arguments) throws -> Snapshot {
    var options = try injectionOptions(arguments)
    options.limits = .commandLine
    do {
        let snapshot = try InjectionConfiguration.compile(
            files, registry: registry(for: arguments), options: options)
        for warning in snapshot.warnings { complain(warning.description) }
        return snapshot
    } catch let error as ConfigurationError {
        throw Failure(error.description)
    }
}

/// The files that `-f` means: files as they are, folders as the manifests in them, in byte order.
func manifestPaths(_ given: [String], recursive: Bool) throws -> [String] {
    guard !given.isEmpty else { throw UsageError("want a manifest: -f FILE, or -f - for standard input") }
    guard given.filter({ $0 == "-" }).count <= 1 else { throw UsageError("-f - stands more than once") }
    var paths: [String] = []
    for path in given {
        guard isFolder(path) else {
            paths.append(path)
            continue
        }
        let found = try manifests(in: path, recursive: recursive, depth: 0)
        guard !found.isEmpty else { throw Failure("\(path): holds no *.yaml, *.yml or *.json") }
        paths += found
    }
    return paths
}

private func isFolder(_ path: String) -> Bool {
    var information = stat()
    return stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
}

/// Folders within folders are followed 32 deep: deeper is a circle of links.
private func manifests(in folder: String, recursive: Bool, depth: Int) throws -> [String] {
    guard let stream = opendir(folder) else { throw Failure("\(folder): \(systemMessage())") }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
            pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if !name.hasPrefix(".") { names.append(name) }
    }
    var paths: [String] = []
    for name in names.sorted() {
        let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
        if isFolder(path) {
            if recursive, depth < 32 { paths += try manifests(in: path, recursive: true, depth: depth + 1) }
        } else if [".yaml", ".yml", ".json"].contains(where: name.hasSuffix) {
            paths.append(path)
        }
    }
    return paths
}
