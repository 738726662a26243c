import TestSupport
import Testing

/// Every file, type and member that the documents about the code name exists.
@Suite struct TourTests {
    private static let documents = ["docs/architecture.md", "CONTRIBUTING.md"]

    @Test(arguments: documents)
    func filesExist(document: String) {
        let terms = Document(document).terms
        let paths = terms.filter { Self.isPath($0.text) }
        #expect(paths.count > 10, "\(document) names hardly any file")
        for path in paths {
            let name = "\(packageRoot)/\(path.text)"
            let exists = contents(of: name) != nil || !entries(of: name).isEmpty
            #expect(exists, "\(document):\(path.line): there is no \(path.text)")
        }
        let known = Set(
            ["Sources", "Plugins", "Tests"].flatMap { swiftFiles(in: "\(packageRoot)/\($0)") }
                .map { String($0.split(separator: "/").last ?? "") })
        for file in terms where file.text.hasSuffix(".swift") && !file.text.contains("/") {
            let exists = known.contains(file.text) || file.text == "Package.swift"
            #expect(exists, "\(document):\(file.line): no file is called \(file.text)")
        }
    }

    @Test(arguments: documents)
    func typesExist(document: String) {
        let declared = Declarations()
        let names = Document(document).terms.filter { Self.isType($0.text) }
        #expect(names.count > 10, "\(document) names hardly any type")
        for name in names {
            let parts = name.text.split(separator: "(")[0].split(separator: ".").map(String.init)
            let isDeclared = declared.types.contains(parts[0])
            #expect(isDeclared, "\(document):\(name.line): nothing declares \(parts[0])")
            if isDeclared, parts.count > 1, let member = parts.last {
                let hasMember = declared.has(member, in: parts[0])
                #expect(hasMember, "\(document):\(name.line): \(parts[0]) has no \(member)")
            }
        }
    }

    /// Whether the text is a path in the repository, such as `Sources/Values` or `Package.swift`.
    private static func isPath(_ text: String) -> Bool {
        let tops = [
            "Sources/", "Plugins/", "Tests/", "Benchmarks/", "Fuzz/", "docs/", "deploy/", "examples/",
            "scripts/", "openapi/", ".ci/",
        ]
        guard text.allSatisfy({ $0.isLetter || $0.isNumber || "./-_".contains($0) }) else { return false }
        return tops.contains { text.hasPrefix($0) }
            || ["Package.swift", "Makefile", "COMPATIBILITY.md"].contains(text)
    }

    /// Whether the text is a type or a member of one, such as `Pipeline`, `Pipeline.review` or `PodConcern.apply(to:)`.
    private static func isType(_ text: String) -> Bool {
        guard let first = text.first, first.isUppercase, !isPath(text), !text.hasSuffix(".swift") else {
            return false
        }
        let name = text.split(separator: "(")[0]
        return name.allSatisfy { $0.isLetter || $0.isNumber || $0 == "." } && name.contains { $0.isLowercase }
    }
}

/// The types that the sources declare, and the files that declare or extend each.
private struct Declarations {
    private(set) var types: Set<String> = []
    private var files: [String: [String]] = [:]

    init() {
        for folder in ["Sources", "Plugins", "Tests"] {
            for path in swiftFiles(in: "\(packageRoot)/\(folder)") {
                let source = text(of: path)
                for line in source.split(separator: "\n") {
                    let words = line.split(whereSeparator: { !$0.isLetter && !$0.isNumber && $0 != "_" })
                    guard
                        let keyword = words.firstIndex(where: {
                            ["class", "struct", "enum", "protocol", "actor", "typealias", "extension"]
                                .contains($0)
                        }), keyword + 1 < words.count
                    else { continue }
                    let name = String(words[keyword + 1])
                    if words[keyword] != "extension" { types.insert(name) }
                    files[name, default: []].append(source)
                }
            }
        }
        // Documents also name targets, such as `Injection` and `Service`.
        for folder in ["Sources", "Plugins", "Tests"] {
            types.formUnion(entries(of: "\(packageRoot)/\(folder)"))
        }
    }

    /// Whether a file that declares or extends the type contains a declaration of that member.
    func has(_ member: String, in type: String) -> Bool {
        let forms = [
            "func \(member)", "var \(member)", "let \(member)", "case \(member)", "struct \(member)",
            "enum \(member)", "class \(member)",
        ]
        return (files[type] ?? []).contains { source in forms.contains { source.contains($0) } }
    }
}
