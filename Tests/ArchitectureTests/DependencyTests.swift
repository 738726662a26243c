import TestSupport
import Testing

/// A target of Package.swift as far as this test needs it.
struct PackageTarget: Equatable {
    var name: String
    var path: String
    var dependencies: [String]

    /// The targets that a manifest declares with `module`, `tests`, `.target` and `.executableTarget`.
    static func all(in manifest: String) -> [PackageTarget] {
        var found: [PackageTarget] = []
        for call in ["module(", "tests(", ".target(", ".executableTarget("] {
            for part in manifest.components(after: call) {
                let text = part.balanced
                guard let name = text.literals.first, !text.hasPrefix("_ name") else { continue }
                let list = ["needs: [", "dependencies: ["].lazy.compactMap {
                    text.components(after: $0).first
                }.first
                let usual = call == "tests(" ? "Tests/\(name)" : "Sources/\(name)"
                let path = ["path: ", "at: "].lazy.compactMap {
                    text.components(after: $0).first?.literals.first
                }
                .first
                found.append(
                    PackageTarget(
                        name: name, path: path ?? usual,
                        dependencies: list.map { String($0.prefix { $0 != "]" }).literals } ?? []))
            }
        }
        return found
    }

    /// Dependencies that no source file imports.
    func dead(imports: Set<String>) -> [String] { dependencies.filter { !imports.contains($0) } }
}

extension String {
    /// The rest of the text after each occurrence of a word.
    fileprivate func components(after word: String) -> [String] {
        var parts: [String] = []
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(word) {
                index = self.index(index, offsetBy: word.count)
                parts.append(String(self[index...]))
            } else {
                index = self.index(after: index)
            }
        }
        return parts
    }

    /// The text up to the parenthesis that closes one opened before it.
    fileprivate var balanced: String {
        var depth = 1
        return String(
            prefix { character in
                if character == "(" { depth += 1 }
                if character == ")" { depth -= 1 }
                return depth > 0
            })
    }

    /// The contents of the string literals, which must not have escapes.
    fileprivate var literals: [String] {
        split(separator: "\"", omittingEmptySubsequences: false).enumerated().compactMap { index, part in
            index % 2 == 1 ? String(part) : nil
        }
    }
}

@Suite struct DependencyTests {
    private static let manifest = text(of: "\(packageRoot)/Package.swift")

    @Test func everyDependencyIsImported() {
        let targets = PackageTarget.all(in: Self.manifest)
        #expect(targets.count > 30)
        for target in targets {
            let files = swiftFiles(in: "\(packageRoot)/\(target.path)")
            guard !files.isEmpty else { continue }
            let dead = target.dead(imports: Set(files.flatMap { importedModules(in: text(of: $0)) }))
            #expect(dead.isEmpty, "\(target.name) depends on \(dead) and imports none of it")
        }
    }

    @Test func aDeadDependencyIsFound() {
        let planted = Self.manifest.replacing(
            "module(\"System\", needs: [\"CWorkMeter\"])",
            with: "module(\"System\", needs: [\"CWorkMeter\", \"YAML\"])")
        let target = PackageTarget.all(in: planted).first { $0.name == "System" }
        #expect(target?.path == "Sources/System")
        #expect(target?.dead(imports: ["CWorkMeter", "Glibc", "Synchronization"]) == ["YAML"])
    }
}
