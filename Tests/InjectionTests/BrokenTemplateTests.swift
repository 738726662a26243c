import PluginAPI
import TestSupport
import Testing
import Values

@testable import Injection

/// Breaks lines of Istio's sidecar template of 1.32 with mistakes that people make. If the rendered text is no longer
/// YAML, the error must name the broken line. `BrokenLineTests` of ServiceTests does the same with more templates and
/// mistakes.
@Suite struct BrokenTemplateTests {
    private static let path = CaseCollection.istioConfigurations.path("config-1.32/")
    private static let indent = "    "

    private enum Breaking: CaseIterable {
        case oneColumnRight, oneColumnLeft, tab, openQuote, colonInValue, colonGone, alias

        func apply(to line: Substring) -> String? {
            let blanks = line.prefix { $0 == " " }
            let rest = line.dropFirst(blanks.count)
            guard !rest.isEmpty, !rest.hasPrefix("{{"), !rest.hasPrefix("#") else { return nil }
            switch self {
            case .oneColumnRight: return " " + line
            case .oneColumnLeft: return blanks.isEmpty ? nil : String(line.dropFirst())
            case .tab: return blanks.isEmpty ? nil : blanks.dropLast() + "\t" + rest
            case .openQuote: return value { "\"" + $0.filter { $0 != "\"" && $0 != "'" } }
            case .colonInValue: return value { $0.hasPrefix("\"") || $0.hasPrefix("{") ? nil : $0 + ": x" }
            case .colonGone: return rest.hasSuffix(":") ? String(blanks + rest.dropLast()) : nil
            case .alias: return value { _ in "*nothing" }
            }

            func value(_ change: (Substring) -> String?) -> String? {
                guard let colon = rest.firstIndex(of: ":"), !rest[..<colon].contains("{") else { return nil }
                let start = rest.index(after: colon)
                guard start < rest.endIndex, rest[start] == " " else { return nil }
                return change(rest[start...].dropFirst()).map { String(blanks + rest[...colon]) + " " + $0 }
            }
        }
    }

    @Test(.needs(.istioConfigurations))
    func theBrokenLineIsFound() throws {
        let lines = try template()
        let review = try #require(contents(of: CaseCollection.istioConfigurations.path("review-v1.json")))
        #expect(error(lines, review) == nil)
        var (found, all, turn) = (0, 0, 0)
        var missed: [String] = []
        for index in lines.indices.dropFirst() {
            for breaking in Breaking.allCases {
                guard let broken = breaking.apply(to: lines[index].dropFirst(Self.indent.count)) else {
                    continue
                }
                turn += 1
                guard turn % 7 == 0 else { continue }
                var text = lines
                text[index] = Self.indent + broken
                guard let error = error(text, review), error.code == .renderedYAMLInvalid else {
                    continue
                }
                all += 1
                if error.place?.line == index + 1 {
                    found += 1
                } else {
                    missed.append("\(index + 1) \(breaking): \(error.place?.line ?? 0)")
                }
            }
        }
        #expect(all > 100)
        #expect(Double(found) >= 0.95 * Double(all), "\(found) of \(all)\n\(missed.joined(separator: "\n"))")
    }

    /// The lines of the sidecar template in the configuration.
    private func template() throws -> [String] {
        let all = text(of: Self.path + "inject-config.yaml")
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let start = try #require(all.firstIndex(of: "  sidecar: |")) + 1
        return Array(all[start...].prefix { $0.isEmpty || $0.hasPrefix(Self.indent) })
    }

    /// The error of a review with these template lines. nil if it succeeds or the template does not compile.
    private func error(_ lines: [String], _ review: [UInt8]) -> InjectionError? {
        let configuration =
            "policy: enabled\ndefaultTemplates: [sidecar]\ntemplates:\n  sidecar: |\n"
            + lines.joined(separator: "\n") + "\n"
        var options = InjectionOptions()
        options.revision = "default"
        let snapshot = try? Snapshots.make(
            configuration, values: text(of: Self.path + "values.yaml"),
            mesh: text(of: Self.path + "mesh.yaml"),
            options: options)
        guard let snapshot else { return nil }
        var output = ByteBuffer()
        return review.withUnsafeBufferPointer {
            Pipeline.review($0, path: "/inject", snapshot: snapshot, into: &output).error
        }
    }
}
