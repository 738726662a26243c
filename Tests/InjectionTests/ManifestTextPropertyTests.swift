import Injection
import PluginAPI
import TestSupport
import Testing
import Values

#if canImport(Glibc)
    import Glibc
#endif

/// Properties of any manifest: lines of unchanged values and all comments stay, a second injection changes nothing, and
/// uninjection with provenance is exact.
///
/// `MANIFESTS=100000` checks 100,000 manifests; the default takes a few seconds.
@Suite("Properties of manifest text")
struct ManifestTextPropertyTests {
    private static let count = Int(getenv("MANIFESTS").map { String(cString: $0) } ?? "") ?? 400
    private static let values = "sidecarInjectorWebhook: {rewriteAppHTTPProbe: true}"

    @Test(arguments: [ManifestTextTests.configuration, WayBackTests.modern])
    func hold(_ configuration: String) throws {
        let snapshot = try Snapshots.make(configuration, values: Self.values, mesh: "sdsUdsPath: \"\"")
        var problems = 0
        for number in 0..<Self.count where problems < 5 {
            let manifest = GeneratedManifest(number)
            if let problem = try problem(of: manifest, snapshot) {
                problems += 1
                Issue.record(
                    "manifest \(number): \(problem)\n\(String(decoding: manifest.bytes, as: UTF8.self))")
            }
        }
    }

    private func problem(of manifest: GeneratedManifest, _ snapshot: Snapshot) throws -> String? {
        let injected = try Pipeline.inject(manifest: manifest.bytes, snapshot: snapshot)
        if injected.workloads.allSatisfy({ !$0.injected }) { return "nothing is injected" }
        let text = Self.text(injected.output)
        for comment in manifest.comments where !text.contains(comment) {
            return "\(comment) is lost in\n\(text)"
        }
        let notes: [String] = injected.workloads.flatMap(\.notes)
        if let note = notes.first(where: { $0.contains("written again") }) {
            return "\(note):\n\(text)"
        }
        if !manifest.isJSON, let line = Self.lost(from: Self.text(manifest.bytes), in: text) {
            return "the line \(line) is lost in\n\(text)"
        }
        let twice = try Pipeline.inject(manifest: injected.output, snapshot: snapshot)
        if twice.output != injected.output {
            return "injected twice, it changes:\n\(text)\n\(Self.text(twice.output))"
        }
        var options = ManifestOptions()
        options.provenance = true
        let recorded = try Pipeline.inject(manifest: manifest.bytes, snapshot: snapshot, options: options)
        let back = try Pipeline.uninject(manifest: recorded.output)
        if back.output != manifest.bytes { return "the way back is not exact:\n\(Self.text(back.output))" }
        return nil
    }

    private static func text(_ bytes: [UInt8]) -> String {
        guard let encoding = TextEncoding(markIn: bytes), let text = try? encoding.decode(bytes) else {
            return String(decoding: bytes, as: UTF8.self)
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Texts in lines that an injection may change: probes, empty collections, flow style, and a block at the end of
    /// the text.
    private static let touched = [
        "httpGet", "tcpSocket", "port", "path", "annotations", "labels", "initContainers", "imagePullSecrets",
        "securityContext", "{", "[", "|",
    ]

    /// The first line of the input that is missing from the output, in order.
    private static func lost(from input: String, in output: String) -> Substring? {
        // "\r\n" is one character.
        let input = input.replacing("\r\n", with: "\n")
        var lines = output.replacing("\r\n", with: "\n").split(separator: "\n")[...]
        for line in input.split(separator: "\n") {
            // A changed line may occur again further on. Blank lines may go with the probe around them, and comments,
            // which are checked separately, may get the indentation of the text that replaces it.
            let text = line.drop(while: \.isWhitespace)
            if text.isEmpty || text.hasPrefix("#") || touched.contains(where: { line.contains($0) }) {
                continue
            }
            guard let index = lines.firstIndex(of: line) else { return line }
            lines = lines[(index + 1)...]
        }
        return nil
    }
}
