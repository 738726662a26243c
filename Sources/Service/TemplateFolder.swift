import Glibc
public import PluginAPI
import Synchronization
import System
import Values

/// The templates that the server holds, which requests to /render name instead of including their own (`templateRef`).
///
/// Each file of the folder is a template. Its name is the file's name without the extension, which selects the engine:
/// `.tmpl` and `.gotmpl` are Go templates, any other is the id of an engine (`page.mustache`). Templates of one engine
/// may call each other by name. All are compiled before any is used, and if one does not compile, the whole folder is
/// refused. A file with another extension is skipped, with a warning.
final class TemplateFolder: Sendable {
    /// The label in the metrics of reloads.
    static let label = "templates"
    /// The largest number of files in the folder, and the largest total size in bytes.
    static let mostFiles = 256
    static let mostBytes = 8 << 20

    let path: String
    private let registry: PluginRegistry
    private let limits: RenderLimits
    private let allowsImpureFunctions: Bool
    private struct State {
        var templates: [String: NamedTemplate]
        /// The files that are not templates, a sentence each.
        var skipped: [String]
        /// The files that were last read, whether they compiled or not.
        var files: [TemplateSource]
    }
    private let state: Mutex<State>

    /// - Throws: all problems of the folder, as one text.
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

    /// The files that are not templates, a sentence each.
    var skipped: [String] { state.withLock { $0.skipped } }

    /// Reads the folder again and uses its templates if all of them compile.
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

    /// Reads the files in byte order of their names; those that begin with a dot are ignored.
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

    /// The extensions of templates of the default engine; any other is an engine's id.
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

/// The check of a folder of templates, for the command line.
public enum NamedTemplates {
    /// Returns the names of the templates in the folder, all of which compile under the server's limits, and the files
    /// that are not templates, a sentence each.
    ///
    /// - Throws: all problems of the folder, a line each.
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
    /// The template and those that it may call; the entry is its own name.
    public var sources: TemplateSources
    /// The function sets that it may call if the request names none.
    public var functionSets: [String]
    /// Whether it may call impure functions: those of time, randomness, certificates and network.
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

/// All problems of a folder of templates.
private struct TemplateFolderError: Error {
    var problems: [String]
    init(_ problem: String) { problems = [problem] }
    init(_ problems: [String]) { self.problems = problems }
}
