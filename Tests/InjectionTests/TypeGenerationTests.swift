import TestSupport
import Testing

private let hasPyYAML = run("/usr/bin/env", ["python3", "-c", "import yaml"]).status == 0

/// `make types`: tables of types from facts about the published Go types.
@Suite(.enabled(if: hasPyYAML, "python3 with PyYAML makes the tables"))
struct TypeGenerationTests {
    private static let files = ["classic.types", "modern.types", "classic.mesh.json", "modern.mesh.json"]

    private func made(from schema: String) -> (result: ProcessResult, folder: TemporaryFolder) {
        let folder = TemporaryFolder()
        let program = "\(packageRoot)/Sources/CAssets/generate/types.py"
        return (run("/usr/bin/env", ["python3", program, schema, folder.root]), folder)
    }

    /// A schema with one of each: merge keys, named scalar types, maps, wrappers, an enumeration, a oneof.
    @Test func smallSchema() {
        let cases = "\(packageRoot)/Tests/InjectionTests/cases/types"
        let (result, folder) = made(from: "\(cases)/schema")
        #expect(result.status == 0, "\(result.errors)")
        for name in Self.files {
            #expect(compareGolden(text(of: folder.path(name)), with: "\(cases)/\(name)") == nil)
        }
    }

    @Test(.needs(.goTypes)) func embeddedTablesAreOfTheSchema() {
        let (result, folder) = made(from: CaseCollection.goTypes.path)
        #expect(result.status == 0, "\(result.errors)")
        for name in Self.files {
            let embedded = contents(of: "\(packageRoot)/Sources/CAssets/data/\(name)")
            #expect(
                contents(of: folder.path(name)) == embedded,
                "\(name): expected the table that make types creates")
        }
    }

    @Test func missingFile() {
        let (result, _) = made(from: "/no/such/folder")
        #expect(result.status == 1)
        let file = "/no/such/folder/mesh-config-types.json"
        #expect(result.errors == "types: \(file) cannot be read: No such file or directory\n")
    }
}
