/// Loads engines from shared libraries.
///
/// Returns renderers for a folder's libraries, and the reason for every library that cannot be used. An invalid library
/// never stops the program. The interface is `renderer_plugin.h`. `PluginFile` checks the file, `PluginLibrary` checks
/// its exports, `LibraryRenderer` runs it in this process and `IsolatedRenderer` in a process that can be killed.
public enum DynamicRenderer {
    /// Loads every `*.so` of the folder, sorted by name.
    ///
    /// - Parameters:
    ///   - taken: ids that are already in use. A library with one of them is refused.
    ///   - isolation: the process in which renders run.
    ///   - executable: the program that `IsolatedRenderer` starts. Only tests change it.
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

/// The process in which the renders of loaded engines run (`--pluginIsolation`).
public enum PluginIsolation: String, Sendable, CaseIterable {
    /// In this process, on separate threads. An engine that respects neither sink nor poll cannot be stopped.
    case none
    /// As the engine's description requests.
    case wished
    /// In processes that are killed at the deadline. This process does not open the library either.
    case process
}

/// The reason why a library, or the folder, is not used.
public struct PluginRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    public var path: String
    public var reason: String

    public init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }

    public var description: String { "plugin \(path) is refused: \(reason)" }
}
