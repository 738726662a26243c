import Injection
import PluginAPI
import Service
import Values

let validateVerb = Verb(
    name: "validate", summary: "check a configuration as the server checks it before it is used",
    discussion: """
        Reads the files, compiles selectors and templates, lays the mesh configuration over its defaults. Every problem
        is printed, with file, line and column.
        """,
    options: [
        Option(
            name: "injectConfig", shape: .value("FILE"), help: "the injection configuration",
            readsEnvironment: true),
        Option(name: "injectValues", shape: .value("FILE"), help: "the values", readsEnvironment: true),
        Option(
            name: "meshConfig", shape: .value("FILE"), help: "the mesh configuration", readsEnvironment: true),
        Option(name: "strict", shape: .flag, help: "a warning fails too"),
    ] + pluginOptions,
    examples: [
        ("pillion validate --injectConfig config --injectValues values --meshConfig mesh", "before a rollout")
    ],
    run: { arguments in
        guard let path = arguments.string("injectConfig") else {
            throw UsageError("want an injection configuration: --injectConfig FILE")
        }
        let files = InjectionFiles(
            configuration: NamedText(name: path, bytes: try read(file: path)),
            values: try named(arguments.string("injectValues")),
            mesh: try named(arguments.string("meshConfig")))
        let snapshot = try compile(files, arguments)
        if try arguments.flag("strict"), !snapshot.warnings.isEmpty { return .failure }
        let names = snapshot.templateNames.joined(separator: ", ")
        complain("\(path): good (form \(snapshot.form.rawValue), templates \(names))")
        return .success
    })
