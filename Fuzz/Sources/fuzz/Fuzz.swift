import CLibFuzzer
import Glibc

/// A fuzz target: accepts any bytes, and stops the process if a promise is broken.
typealias FuzzTarget = @Sendable (UnsafeBufferPointer<UInt8>) -> Void

/// `fuzz TARGET [CORPUS…] [-libfuzzer_option=value…]` runs one target; to add one, add a file next to this one and a
/// row to the table.
@main
enum Fuzz {
    static let targets: [(name: String, make: @Sendable () -> FuzzTarget)] = [
        ("json", { fuzzJSON }), ("yaml", { fuzzYAML }), ("patch", { fuzzPatch }),
        ("goparser", { fuzzParser() }), ("gotemplate", { fuzzTemplate("gotemplate") }),
        ("mustache", { fuzzMustache }),
        ("review", { fuzzReview }), ("manifest", { fuzzManifest }), ("charts", { fuzzCharts() }),
        ("survive", { fuzzSurvival }),
    ]

    nonisolated(unsafe) static var chosen: FuzzTarget = fuzzJSON

    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count > 1, let target = targets.first(where: { $0.name == arguments[1] }) else {
            let usage = "usage: fuzz \(targets.map(\.name).joined(separator: "|")) [corpus] [-option=value]\n"
            _ = write(STDERR_FILENO, usage, usage.utf8.count)
            exit(2)
        }
        chosen = target.make()
        var rest = ([arguments[0]] + arguments.dropFirst(2)).map { strdup($0) } + [nil]
        var count = Int32(rest.count - 1)
        rest.withUnsafeMutableBufferPointer { buffer in
            var base = buffer.baseAddress
            exit(
                LLVMFuzzerRunDriver(&count, &base) { data, size in
                    Fuzz.chosen(UnsafeBufferPointer(start: data, count: size))
                    return 0
                })
        }
    }
}
