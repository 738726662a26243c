import Injection
import PluginAPI
import Service
import Values

let validateVerb = Verb(
    name: "validate", summary: "check a configuration as the server does before it uses it",
    discussion: """
        Reads the files, compiles selectors and templates, applies the mesh configuration to its defaults, and tries
        the templates on pods of every kind, with and without annotations, on the host's network and not. The result
        must be YAML that fits a pod, and a pod that an API server would accept. Prints every problem with file, line
        and column.
        """,
    options: [
        Option(
            name: "injectConfig", shape: .value("FILE"), help: "the injection configuration",
            readsEnvironment: true),
        Option(name: "injectValues", shape: .value("FILE"), help: "the values", readsEnvironment: true),
        Option(
            name: "meshConfig", shape: .value("FILE"), help: "the mesh configuration", readsEnvironment: true),
        Option(
            name: "revision", shape: .value("NAME"), fallback: "", help: "the revision to serve"),
        nativeSidecarsOption, templateEnvironmentOption, impureFunctionsOption,
        Option(
            name: "templates", shape: .value("FOLDER"),
            help: "the folder of named templates of the "
                + "server",
            readsEnvironment: true),
        Option(
            name: "allow-privileged-template", shape: .flag,
            help: "let a template give pods privileged containers or the host's namespaces or paths"),
        Option(name: "strict", shape: .flag, help: "treat warnings as errors"),
    ] + taintOptions + pluginOptions,
    examples: [
        ("pillion validate --injectConfig config --injectValues values --meshConfig mesh", "before a rollout")
    ],
    run: { arguments in
        let folder = arguments.string("templates")
        guard arguments.isGiven("injectConfig") || folder != nil else {
            throw UsageError("expected an injection configuration: --injectConfig FILE")
        }
        let registry = try registry(for: arguments)
        if let folder {
            try checkTemplates(folder, registry, impure: arguments.flag("allow-impure-functions"))
        }
        guard let path = arguments.string("injectConfig") else { return .success }
        return try checkConfiguration(path, arguments, registry)
    })

private func checkTemplates(_ folder: String, _ registry: PluginRegistry, impure: Bool) throws {
    do throws(ServiceError) {
        let found = try NamedTemplates.check(
            folder: folder, registry: registry, allowsImpureFunctions: impure)
        for skipped in found.skipped { complain("\(folder): warning: \(skipped)") }
        complain("\(folder): good (\(found.names.joined(separator: ", ")))")
    } catch {
        throw Failure(error.message)
    }
}

private func checkConfiguration(
    _ path: String, _ arguments: Arguments, _ registry: PluginRegistry
) throws -> ExitStatus {
    let files = InjectionFiles(
        configuration: NamedText(name: path, bytes: try read(file: path)),
        values: try named(arguments.string("injectValues")),
        mesh: try named(arguments.string("meshConfig")))
    let options = try injectionOptions(arguments)
    let allowsPrivileged = try arguments.flag("allow-privileged-template")
    let isStrict = try arguments.flag("strict")
    do throws(ConfigurationError) {
        let checked = try Preflight.compile(
            files, registry: registry, options: options, allowsPrivileged: allowsPrivileged)
        for warning in checked.warnings { complain(warning.explanation) }
        let channels = OpenChannels.search(checked.snapshot)
        for channel in channels { complain(describe(channel, path, options.taint)) }
        guard !isStrict || checked.warnings.isEmpty && (channels.isEmpty || options.taint == .enforce) else {
            return .failure
        }
        let names = checked.snapshot.templateNames.joined(separator: ", ")
        complain("\(path): good (form \(checked.snapshot.form.rawValue), templates \(names))")
        return .success
    } catch {
        throw Failure(error.explanation)
    }
}

/// Describes an expression through which a pod's text could change what is injected. It is only a note if such pods are
/// refused.
private func describe(_ channel: OpenChannels.Channel, _ path: String, _ mode: TaintMode) -> String {
    let place = "\(channel.place.template):\(channel.place.line):\(channel.place.column ?? 1)"
    let effect = mode == .enforce ? "note: pods are refused whose" : "warning: the"
    return "\(path): \(effect) \(channel.name) holds a text such as \(JSON.text(.string(channel.example))): "
        + "template \(place) writes it as YAML; write it with quote or toJSON there"
}
