import Glibc
public import PluginAPI
import Synchronization
import System
import Values

/// Templates that the server holds, which requests to /render name instead of bringing their own (`templateRef`).
///
/// A file of the folder is a template by its name without the ending; the ending says the engine: `.tmpl` and
/// `.gotmpl` are Go templates, any other is the id of an engine (`page.mustache`). Templates of one engine may call
/// each other by name. All are compiled before any is used, and a folder with one that does not compile is refused
/// whole. A file with another ending is left out, with a warning.
final class TemplateFolder: Sendable {
    /// As the metrics of reloads name it.
    static let label = "templates"
    /// Files of the folder that are read, and bytes of all of them.
    static let mostFiles = 256
    static let mostBytes = 8 << 20

    let path: String
    private let registry: PluginRegistry
    private let limits: RenderLimits
    private let allowsImpureFunctions: Bool
    private struct State {
        var templates: [String: NamedTemplate]
        /// Files that are no templates, a sentence each.
        var skipped: [String]
        /// What was read last, good or bad.
        var files: [TemplateSource]
    }
    private let state: Mutex<State>

    /// - Throws: everything that is wrong with the folder, as one text.
    init(
        _ path: String, registry: PluginRegistry, limits: RenderLimits, allowsImpureFunctions: Bool = false
    ) throws(ServiceError) {
        self.allowsImpureFunctions = allowsImpureFunctions
        self.path = path.count > 1 && path.ends(with: "/") ? String(path.dropLast()) : path
        self.registry = registry
        self.limits = limits
        do throws(TemplateFolderError) {
            let files = try Self.read(self.path)
            let compiled = try Self.compiled(files, registry, limits, allowsImpureFunctions)
            state = Mutex(
                State(templates: compiled.templates, skipped: compiled.skipped, files: files))
        } catch {
            throw ServiceError(message: error.problems.joined(separator: "\n"))
        }
    }

    var templates: [String: NamedTemplate] { state.withLock { $0.templates } }

    /// Files that are no templates, a sentence each.
    var skipped: [String] { state.withLock { $0.skipped } }

    /// Reads the folder again and takes what is there where all of it compiles.
    func reload() -> FolderReload {
        do throws(TemplateFolderError) {
            let files = try Self.read(path)
            let isNew = state.withLock { state in
                defer { state.files = files }
                return !state.files.elementsEqual(files) { $0.name == $1.name && $0.bytes == $1.bytes }
            }
            guard isNew else { return .unchanged }
            let compiled = try Self.compiled(files, registry, limits, allowsImpureFunctions)
            state.withLock { ($0.templates, $0.skipped) = compiled }
            return .loaded(compiled.templates.keys.sorted())
        } catch {
            return .refused(error.problems)
        }
    }

    /// The files in byte order of their names; those that begin with a dot are left out.
    private static func read(_ path: String) throws(TemplateFolderError) -> [TemplateSource] {
        do throws(FileError) {
            var left = mostBytes
            var files: [TemplateSource] = []
            for name in try Folder.names(in: path, atMost: mostFiles) {
                let bytes = try File.contents(of: "\(path)/\(name)", atMost: left)
                left -= bytes.count
                files.append(TemplateSource(name: name, bytes: bytes))
            }
            return files
        } catch {
            throw TemplateFolderError(error.description)
        }
    }

    /// Endings of templates of the default engine; any other ending is an engine's id.
    private static let defaultEndings = ["tmpl", "gotmpl"]

    private static func compiled(
        _ files: [TemplateSource], _ registry: PluginRegistry, _ limits: RenderLimits, _ impure: Bool
    ) throws(TemplateFolderError) -> (templates: [String: NamedTemplate], skipped: [String]) {
        var problems: [String] = []
        var skipped: [String] = []
        var names: Set<String> = []
        var sources: [String: [TemplateSource]] = [:]
        for file in files {
            let parts = file.name.split(byte: ".", omittingEmptySubsequences: false)
            let ending = parts.count < 2 ? "" : String(parts[parts.count - 1])
            let engine = defaultEndings.contains(ending) ? registry.defaultEngine : ending
            guard registry.renderer(engine) != nil, parts.count >= 2, !parts[0].isEmpty else {
                let ids = registry.renderers.map(\.description.id).joined(separator: ", .")
                skipped.append("\(file.name): is left out, expected a name that ends in .tmpl, .\(ids)")
                continue
            }
            let name = parts.dropLast().joined(separator: ".")
            guard names.insert(name).inserted else {
                problems.append("\(file.name): another file is the template \"\(name)\" already")
                continue
            }
            sources[engine, default: []].append(TemplateSource(name: name, bytes: file.bytes))
        }
        var templates: [String: NamedTemplate] = [:]
        for (engine, all) in sources.sorted(by: { $0.key < $1.key }) {
            guard let renderer = registry.renderer(engine) else { continue }
            for source in all {
                let named = NamedTemplate(
                    engine: engine, sources: TemplateSources(all, entry: source.name),
                    functionSets: renderer.description.functionSets.filter { !$0.ends(with: "-classic") },
                    allowsImpureFunctions: impure)
                var options = CompileOptions()
                options.functionSets = named.functionSets
                options.allowsImpureFunctions = impure
                options.limits = limits
                do throws(RenderError) {
                    _ = try renderer.compile(named.sources, options: options)
                    templates[source.name] = named
                } catch {
                    problems.append("\(source.name): \(error.detail)")
                }
            }
        }
        guard problems.isEmpty else { throw TemplateFolderError(problems) }
        return (templates, skipped)
    }
}

/// What the command line asks about a folder of templates.
public enum NamedTemplates {
    /// The names of the templates in the folder, all of which compile under the server's limits, and the files that are
    /// no templates, a sentence each.
    ///
    /// - Throws: everything that is wrong with it, a line each.
    public static func check(
        folder: String, registry: PluginRegistry, allowsImpureFunctions: Bool = false
    ) throws(ServiceError) -> (names: [String], skipped: [String]) {
        let found = try TemplateFolder(
            folder, registry: registry, limits: .server, allowsImpureFunctions: allowsImpureFunctions
        )
        return (found.templates.keys.sorted(), found.skipped)
    }
}

/// A template that requests may name.
public struct NamedTemplate: Sendable {
    public var engine: String
    /// It and those that it may call; the entry is its own name.
    public var sources: TemplateSources
    /// What it may call where the request names no sets.
    public var functionSets: [String]
    /// Whether it may call functions of clock, chance, certificates and network.
    public var allowsImpureFunctions: Bool

    public init(
        engine: String, sources: TemplateSources, functionSets: [String] = [],
        allowsImpureFunctions: Bool = false
    ) {
        self.engine = engine
        self.sources = sources
        self.functionSets = functionSets
        self.allowsImpureFunctions = allowsImpureFunctions
    }
}

/// Everything that is wrong with a folder of templates.
private struct TemplateFolderError: Error {
    var problems: [String]
    init(_ problem: String) { problems = [problem] }
    init(_ problems: [String]) { self.problems = problems }
}
