/// Engines from shared libraries.
///
/// In: a folder. Out: renderers like those that are built in, and for every library that cannot be used the reason.
/// A bad library never stops the program. The interface is `renderer_plugin.h`; `PluginFile` checks the file,
/// `PluginLibrary` at what it exports, `LibraryRenderer` runs it in this process and `IsolatedRenderer` in one that can
/// be killed. This file does not know which engines there are; the registry does.
public enum DynamicRenderer {
    /// Loads every `*.so` of the folder, in the order of the names.
    ///
    /// - Parameters:
    ///   - taken: ids that the program has already; a library that wants one of them is refused.
    ///   - isolation: where renders run.
    ///   - executable: the program that `IsolatedRenderer` starts, this one unless a test says otherwise.
    public static func load(
        folder: String, taken: [String] = [], isolation: PluginIsolation = .wished,
        executable: String = IsolatedRenderer.thisProgram
    ) -> (renderers: [any Renderer], refusals: [PluginRefusal]) {
        let files: [String]
        do throws(PluginRefusal) {
            files = try PluginFile.libraries(in: folder)
        } catch {
            return ([], [error])
        }
        var taken = Set(taken)
        var renderers: [any Renderer] = []
        var refusals: [PluginRefusal] = []
        for path in files {
            do throws(PluginRefusal) {
                let renderer = try load(path, isolation: isolation, executable: executable)
                let id = renderer.description.id
                guard taken.insert(id).inserted else {
                    throw PluginRefusal(
                        path: path, reason: "id \"\(id)\" is taken: an id names one engine")
                }
                renderers.append(renderer)
            } catch {
                refusals.append(error)
            }
        }
        return (renderers, refusals)
    }

    /// Loads one library.
    public static func load(
        _ path: String, isolation: PluginIsolation = .wished,
        executable: String = IsolatedRenderer.thisProgram
    ) throws(PluginRefusal) -> any Renderer {
        try PluginFile.check(path)
        if isolation == .process { return try IsolatedRenderer(library: path, executable: executable) }
        let library = try PluginLibrary(path)
        if isolation == .wished, library.wantsIsolation {
            return try IsolatedRenderer(library: path, executable: executable)
        }
        return LibraryRenderer(library)
    }
}

/// Where the renders of loaded engines run. `--pluginIsolation`
public enum PluginIsolation: String, Sendable, CaseIterable {
    /// In this process, on threads of their own; one that respects neither sink nor poll cannot be stopped.
    case none
    /// As the engine's description asks.
    case wished
    /// In processes that are killed at the deadline. Nor is the library itself opened by this process.
    case process
}

/// Why a library, or the folder, is not used.
public struct PluginRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    public var path: String
    public var reason: String

    public init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }

    public var description: String { "plugin \(path) is refused: \(reason)" }
}
