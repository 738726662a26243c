import CRendererABI
import Glibc

/// A loaded shared library whose functions and description have been checked.
///
/// It stays open as long as the process runs. A Swift library cannot be closed, because the runtime keeps references to
/// what it registered, and the same is true of other runtimes.
final class PluginLibrary: @unchecked Sendable {
    typealias Compile =
        @convention(c) (
            UnsafePointer<pillion_template>?, UnsafePointer<pillion_reporter>?,
            UnsafeMutablePointer<UnsafeMutableRawPointer?>?
        ) -> Int32
    typealias Render =
        @convention(c) (
            UnsafeRawPointer?, UnsafePointer<pillion_data>?, UnsafePointer<pillion_limits>?,
            UnsafePointer<pillion_sink>?
        ) -> Int32
    typealias Free = @convention(c) (UnsafeMutableRawPointer?) -> Void

    let path: String
    let description: RendererDescription
    let wantsIsolation: Bool
    let compile: Compile
    let render: Render
    let free: Free

    /// The maximum number of options or function sets.
    static let mostNames = 64
    /// The maximum size of a version or a name in bytes.
    static let longestName = 63

    init(_ path: String) throws(PluginRefusal) {
        func refusal(_ reason: String) -> PluginRefusal { PluginRefusal(path: path, reason: reason) }
        guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
            throw refusal(
                "it cannot be opened: \(dlerror().map { String(cString: $0) } ?? "no reason given")")
        }
        var missing: [String] = []
        func symbol<T>(_ name: String, as type: T.Type) -> T? {
            guard let address = dlsym(handle, name) else {
                missing.append(name)
                return nil
            }
            return unsafeBitCast(address, to: type)
        }
        let version = symbol(
            "pillion_renderer_abi_version", as: (@convention(c) () -> UInt32).self)
        let id = symbol(
            "pillion_renderer_id", as: (@convention(c) () -> UnsafePointer<CChar>?).self)
        let describe = symbol(
            "pillion_renderer_describe", as: (@convention(c) () -> UnsafePointer<pillion_description>?).self)
        let compile = symbol("pillion_renderer_compile", as: Compile.self)
        let render = symbol("pillion_renderer_render", as: Render.self)
        let free = symbol("pillion_renderer_free", as: Free.self)
        // The version is checked first, because a library of another version may export different functions.
        if let version, version() != UInt32(PILLION_RENDERER_ABI_VERSION) {
            throw refusal(
                "it was built for version \(version()) of the interface, and this program speaks "
                    + "version \(PILLION_RENDERER_ABI_VERSION)")
        }
        guard let id, let describe, let compile, let render, let free, missing.isEmpty else {
            throw refusal("it does not export \(missing.joined(separator: ", "))")
        }
        guard let id = Self.text(id()) else {
            throw refusal("pillion_renderer_id answers NULL, or more than \(Self.longestName) bytes")
        }
        guard PluginRegistry.isWellFormed(id) else {
            throw refusal(
                "id \"\(id)\" is malformed: expected a lower-case letter, then lower-case letters, digits or '-'"
            )
        }
        guard let described = describe() else { throw refusal("pillion_renderer_describe answers NULL") }
        let size = UInt32(MemoryLayout<pillion_description>.size)
        guard described.pointee.struct_size >= size else {
            throw refusal("its description has \(described.pointee.struct_size) bytes, expected \(size)")
        }
        guard let version = Self.text(described.pointee.version) else {
            throw refusal("its description has no version")
        }
        guard let options = Self.names(described.pointee.options, described.pointee.option_count),
            let sets = Self.names(described.pointee.function_sets, described.pointee.function_set_count)
        else {
            throw refusal(
                "its description lists options or function sets with NULL among them, or more than \(Self.mostNames)"
            )
        }
        self.path = path
        self.compile = compile
        self.render = render
        self.free = free
        wantsIsolation = described.pointee.wants_isolation != 0
        description = RendererDescription(
            id: id, version: version, origin: .library(path: path), options: options, functionSets: sets)
    }

    /// Returns a zero-terminated string of at most `longestName` bytes, or nil.
    private static func text(_ pointer: UnsafePointer<CChar>?) -> String? {
        guard let pointer, strnlen(pointer, longestName + 1) <= longestName else { return nil }
        return String(cString: pointer)
    }

    private static func names(
        _ list: UnsafePointer<UnsafePointer<CChar>?>?, _ count: Int
    ) -> [String]? {
        if count == 0 { return [] }
        guard let list, count > 0, count <= mostNames else { return nil }
        var names: [String] = []
        for index in 0..<count {
            guard let name = text(list[index]) else { return nil }
            names.append(name)
        }
        return names
    }
}
