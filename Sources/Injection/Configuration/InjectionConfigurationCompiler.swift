import PluginAPI
import Values
import YAML

/// Compiles the configuration that `InjectionConfigurationReader` has read.
struct InjectionConfigurationCompiler {
    private let files: InjectionFiles
    private let registry: PluginRegistry
    private let options: InjectionOptions
    private var reader: InjectionConfigurationReader
    /// The cache of the output of all templates together.
    private let memory: OutputMemory

    init(
        _ files: InjectionFiles, registry: PluginRegistry, options: InjectionOptions
    ) throws(ConfigurationError) {
        self.files = files
        self.registry = registry
        self.options = options
        memory = OutputMemory(bytes: options.cacheBytes / CacheCounters.kinds, options.cacheCounters.outputs)
        reader = try InjectionConfigurationReader(files.configuration)
    }

    mutating func compile() throws(ConfigurationError) -> Snapshot {
        let isModern = reader.has("templates")
        let form: PolicyConfiguration.Form = isModern ? .modern : .classic
        let templateText = reader.text("template")
        let engine = reader.text("engine")
        var templates: [String: Snapshot.Template] = [:]
        if isModern {
            for named in reader.templates() {
                templates[named.name] = template(
                    named.text, engine: named.engine.isEmpty ? engine : named.engine, form: form,
                    at: named.pointer, engineAt: named.enginePointer)
            }
            if reader.isEmpty("templates") {
                reader.add(
                    Diagnostic(
                        .error, code: "template_missing", at: reader.location("/templates"),
                        "templates: holds no template, so that nothing can be injected",
                        remedy: "write the template of the sidecar under templates:, with a name"))
            }
            if reader.has("template") {
                reader.add(
                    Diagnostic(
                        .warning, code: "template_ignored", at: reader.location("/template"),
                        "there are templates: too, and template: is ignored"))
            }
        } else if reader.has("template") {
            templates[Snapshot.classicName] = template(
                templateText, engine: engine, form: form, at: "/template", engineAt: "/template")
        } else {
            reader.add(
                Diagnostic(
                    .error, code: "template_missing", at: reader.location(""),
                    "there is neither template: nor templates:, so that nothing can be injected",
                    remedy: "write the template of the sidecar under template:"))
        }
        let defaultTemplates = reader.texts("defaultTemplates") ?? ["sidecar"]
        let aliases = reader.listMap("aliases")
        let injectedAnnotations = reader.textMap("injectedAnnotations")
        let policies = self.policies(form)
        let values = readValues()
        let mesh = readMesh(form)
        guard let policies, let mesh,
            !reader.diagnostics.contains(where: { $0.severity == .error })
        else { throw ConfigurationError(reader.diagnostics) }
        return Snapshot(
            Snapshot.Parts(
                form: form, warnings: reader.diagnostics, options: options, policy: policies.configuration,
                decisions: policies.own, manifestDecisions: policies.manifest, templates: templates,
                defaultTemplates: defaultTemplates,
                aliases: aliases, injectedAnnotations: injectedAnnotations, values: values, mesh: mesh,
                templateHash: SHA256.hex(templateText)))
    }

    // MARK: Policy

    private mutating func policies(
        _ form: PolicyConfiguration.Form
    ) -> (configuration: PolicyConfiguration, own: any DecisionEngine, manifest: any DecisionEngine)? {
        guard let rules = registry.decisionPlugin else {
            reader.add(
                Diagnostic(
                    .error, code: "plugin_missing", at: reader.location("/policy"),
                    "no decision plugin is registered"))
            return nil
        }
        let never = reader.list("neverInjectSelector")
        let always = reader.list("alwaysInjectSelector")
        var lines: [String: Int] = [:]
        lines["policy"] = reader.line("/policy")
        for (key, list) in [("neverInjectSelector", never), ("alwaysInjectSelector", always)] {
            for index in list.indices { lines["\(key)/\(index)"] = reader.line("/\(key)/\(index)") }
        }
        let configuration = PolicyConfiguration(
            form: form, policy: reader.text("policy"), neverInjectSelector: never,
            alwaysInjectSelector: always,
            file: files.configuration.name, lines: lines, revision: options.revision)
        let own = rules.compile(configuration)
        for warning in own.warnings {
            reader.add(
                Diagnostic(
                    .warning, code: warning.code.rawValue, at: reader.location(warning.pointer),
                    warning.message,
                    remedy: warning.remedy))
        }
        let enabled = PolicyConfiguration(form: form, policy: "enabled", file: "kube-inject")
        return (configuration, own.engine, rules.compile(enabled).engine)
    }

    // MARK: Templates

    private mutating func template(
        _ text: String, engine: String, form: PolicyConfiguration.Form, at pointer: String,
        engineAt enginePointer: String
    ) -> Snapshot.Template? {
        let id = engine.isEmpty ? registry.defaultEngine : engine
        guard let renderer = registry.renderer(id) else {
            let known = registry.renderers.map(\.description.id).joined(separator: ", ")
            reader.add(
                Diagnostic(
                    .error, code: "engine_unknown", at: reader.location(enginePointer),
                    "the template engine \"\(id)\" is not known, expected one of \(known)"))
            return nil
        }
        var compile = CompileOptions()
        compile.functionSets = form == .classic ? ["injection-classic"] : ["sprig", "injection"]
        compile.environment = options.environment
        compile.allowsImpureFunctions = options.allowsImpureFunctions
        // An injection template renders YAML, so engines with automatic escaping escape for YAML.
        compile.escape = .yaml
        compile.limits = options.limits
        compile.memory = memory
        compile.taint = options.taint == .off ? nil : TaintSource.all
        compile.dataType = form == .classic ? TypeTable.classic.templateData : TypeTable.modern.templateData
        if form == .classic, Self.hasBrackets(text) {
            (compile.leftDelimiter, compile.rightDelimiter) = ("[[", "]]")
        }
        // Istio gives every injection template this name, which is part of its messages.
        let source = TemplateSource(name: "inject", text: text)
        do {
            let compiled = try renderer.compile(TemplateSources(source), options: compile)
            if options.taint == .enforce, !options.allowsOpaqueEngines, !compiled.tracksOrigins {
                reader.add(
                    Diagnostic(
                        .error, code: "engine_opaque", at: reader.location(enginePointer),
                        "the template engine \"\(id)\" does not say which output comes from a pod, so that a pod's text "
                            + "could change what is injected",
                        remedy: "use gotemplate or mustache, or allow it with --opaque-engines allow"))
            }
            return Snapshot.Template(compiled: compiled, source: source.bytes)
        } catch {
            reader.add(
                Diagnostic(
                    .error, code: error.kind.rawValue, at: reader.location(pointer), error.detail,
                    remedy: error.unknownFunction.flatMap {
                        DidYouMean.function($0, of: renderer, sets: compile.functionSets)
                    }))
            return nil
        }
    }

    /// Whether a template uses the delimiters of Istio 1.0 and 1.1, as in `[[ .Spec ]]`, and not the current ones.
    private static func hasBrackets(_ text: String) -> Bool {
        !text.contains("{{") && text.contains("[[") && text.contains("]]")
    }

    // MARK: Values and mesh configuration

    private mutating func readValues() -> Value {
        guard let text = files.values else { return .object(Object()) }
        do {
            let value = try YAMLReader.value(text.bytes)
            switch value {
            case .object: return Self.fractions(value)
            case .null: return .object(Object())
            default:
                reader.add(
                    Diagnostic(
                        .error, code: "type_invalid", at: SourceLocation(text.name),
                        "the values are \(value.kindName), expected a mapping"))
            }
        } catch {
            reader.add(
                Diagnostic(
                    .error, code: "yaml_invalid", at: SourceLocation(text.name, error.position),
                    "the values are not YAML: \(error.message)"))
        }
        return .object(Object())
    }

    /// Istio parses its values as JSON into Go's `any`, in which every number is a float64: templates print 1000650000
    /// as 1.00065e+09, and can compare it only with floats.
    private static func fractions(_ value: Value) -> Value {
        switch value {
        case .int(let number): .double(Double(number))
        case .array(let items): .array(items.map(fractions))
        case .object(let object): .object(Object(object.members.map { Member($0.key, fractions($0.value)) }))
        default: value
        }
    }

    private mutating func readMesh(_ form: PolicyConfiguration.Form) -> MeshConfiguration? {
        guard let text = files.mesh else { return MeshConfiguration.defaults(form) }
        let document: YAMLDocument?
        do {
            let documents = try YAMLReader.documents(text.bytes, options: YAMLOptions(positions: true))
            document = documents.first { !$0.isEmpty }
        } catch {
            reader.add(
                Diagnostic(
                    .error, code: "yaml_invalid", at: SourceLocation(text.name, error.position),
                    "the mesh configuration is not YAML: \(error.message)"))
            return nil
        }
        let place = { (pointer: String) in SourceLocation(text.name, document?.positions?[pointer]) }
        do {
            let mesh = try MeshConfiguration.compile(document?.value ?? .null, form: form)
            for warning in mesh.warnings {
                reader.add(
                    Diagnostic(.warning, code: "mesh_warning", at: place(warning.pointer), warning.message))
            }
            return mesh
        } catch {
            for problem in error.errors {
                reader.add(
                    Diagnostic(.error, code: "mesh_invalid", at: place(problem.pointer), problem.message))
            }
            return nil
        }
    }
}
