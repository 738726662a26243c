import Glibc
import PluginAPI
import System
import TestSupport
import Values

/// Compiles variants of `engines/engine.c` in a folder that only this user can write to.
final class EngineBuilder: Sendable {
    let folder = TemporaryFolder()

    static let compiler: String? = ["/usr/bin/cc", "/usr/bin/clang", "/opt/swift/usr/bin/clang"].first {
        access($0, X_OK) == 0
    }

    /// Compiles the engine with that mutation and returns its path. An empty mutation keeps all rules.
    func build(_ mutation: String = "") -> String {
        let path = folder.path("engine\(mutation).so")
        let source = "\(packageRoot)/Tests/PluginAPITests/engines/engine.c"
        var arguments = [
            "-std=gnu99", "-O0", "-fPIC", "-shared", "-I", "\(packageRoot)/Sources/CRendererABI/include",
        ]
        if !mutation.isEmpty { arguments.append("-D\(mutation)") }
        _ = run(Self.compiler ?? "cc", arguments + [source, "-o", path])
        chmod(path, 0o755)
        return path
    }
}

/// The path of an example engine, which the package builds next to the program.
func example(_ name: String) -> String {
    let folder = pillionBinary.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
        separator: "/")
    return "\(folder)/lib\(name).so"
}

/// Renders a text with an engine: the output, or the error.
func render(
    _ renderer: any Renderer, _ text: String, until deadline: UInt64? = nil
) -> (output: String, error: RenderError?) {
    var output = ByteBuffer()
    do throws(RenderError) {
        var options = CompileOptions()
        options.limits.deadline = deadline
        let template = try renderer.compile(
            TemplateSources(TemplateSource(name: "main", text: text)), options: options)
        var limits = RenderLimits.server
        limits.deadline = deadline
        try template.render(TemplateData(["name": "x"]), limits: limits, into: &output)
        return (output.text, nil)
    } catch {
        return (output.text, error)
    }
}

/// The monotonic time that many milliseconds from now, in nanoseconds.
func deadline(in milliseconds: UInt64) -> UInt64 { MonotonicClock.nanoseconds + milliseconds * 1_000_000 }
