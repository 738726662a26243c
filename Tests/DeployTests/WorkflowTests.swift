import TestSupport
import Testing
import Values
import YAML

/// The public CI only runs make targets, so that everything it checks can be checked from a clone.
@Suite struct WorkflowTests {
    private static let folder = packageRoot + "/.github/workflows"

    private static let jobs: [(file: String, name: String, job: Value)] = entries(of: folder).flatMap {
        file in
        let value = try? YAMLReader.value(text(of: "\(folder)/\(file)"), options: YAMLOptions(strict: true))
        return (value?["jobs"]?.object?.members ?? []).map { (file, $0.key, $0.value) }
    }

    private static func steps(_ job: Value) -> [String] {
        (job["steps"]?.array ?? []).compactMap { $0["run"]?.string }
    }

    /// The workflows contain every job that a change or a release needs.
    @Test func jobsAreThere() {
        let targets = Set(
            Self.jobs.flatMap { Self.steps($0.job) }.filter { $0.hasPrefix("make ") }.map { $0.dropFirst(5) })
        for target in [
            "lint", "test", "page-test", "sanitize", "contract", "fuzz", "image-test", "deb-test",
            "chart-test", "drill",
            "docc",
        ] { #expect(targets.contains { $0.split(separator: " ").first ?? "" == target }, "\(target)") }
        let machines = Self.jobs.flatMap { $0.job.at("strategy", "matrix", "machine")?.array ?? [] }
            .compactMap(\.string)
        #expect(Set(machines) == ["ubuntu-24.04", "ubuntu-24.04-arm"])
        #expect(
            text(of: Self.folder + "/ci.yml").contains(
                "# arm64 builds and runs the same targets; nobody has tested it"))
    }

    /// The checks that CONTRIBUTING.md lists as run before a release and in the public CI are in both.
    @Test func whatTakesLongRunsInBoth() throws {
        let guide = text(of: packageRoot + "/CONTRIBUTING.md")
        let section = try #require(guide.split(separator: "### What runs when").last)
        let list = try #require(section.split(separator: "which looks for").first).replacing("\n", with: " ")
        let targets = list.split(separator: "`").filter { $0.hasPrefix("make ") }.map { $0.dropFirst(5) }
        #expect(targets.count >= 14)
        let release = text(of: packageRoot + "/scripts/release")
        let line = try #require(release.split(separator: "\n").first { $0.hasPrefix("targets=(") })
        // The release script tests the image and the package that it has built itself.
        let released = Set(line.dropFirst(9).dropLast().split(separator: " ") + ["image-test", "deb-test"])
        let published = Set(
            Self.jobs.flatMap { Self.steps($0.job) }.filter { $0.hasPrefix("make ") }
                .map { $0.split(separator: " ")[1] })
        #expect(released == Set(targets), "\(released.symmetricDifference(targets))")
        #expect(published.isSuperset(of: targets), "\(Set(targets).subtracting(published))")
    }

    /// Jobs and steps have known members only, actions have a version, and make targets exist.
    @Test func stepsAreWellFormed() {
        let makefile = text(of: packageRoot + "/Makefile")
        #expect(Self.jobs.count >= 8)
        for (file, name, job) in Self.jobs {
            let place = "\(file): \(name)"
            let known: Set = [
                "runs-on", "container", "steps", "strategy", "timeout-minutes", "needs", "if", "env",
            ]
            #expect(known.isSuperset(of: job.object?.members.map(\.key) ?? []), "\(place)")
            #expect(job["runs-on"]?.string != nil, "\(place)")
            for step in job["steps"]?.array ?? [] {
                let keys = Set(step.object?.members.map(\.key) ?? [])
                #expect(keys.isSubset(of: ["uses", "run", "with", "name", "if", "env"]), "\(place): \(keys)")
                #expect(keys.contains("uses") != keys.contains("run"), "\(place): \(keys)")
                if let action = step["uses"]?.string { #expect(action.contains("@v"), "\(place): \(action)") }
            }
            for step in Self.steps(job) where step.hasPrefix("make ") {
                let target = step.split(separator: " ")[1]
                #expect(makefile.contains("\n\(target): "), "\(place): make \(target)")
            }
        }
    }

    /// The issue forms ask for everything that is needed to reproduce a fault.
    @Test func issueFormsAskForTheInput() throws {
        let folder = packageRoot + "/.github/ISSUE_TEMPLATE"
        for file in entries(of: folder) where file != "config.yml" {
            let form = try YAMLReader.value(text(of: "\(folder)/\(file)"))
            #expect(form["name"]?.string != nil && form["description"]?.string != nil, "\(file)")
            let ids = (form["body"]?.array ?? []).compactMap { $0["id"]?.string }
            #expect(Set(ids).count == ids.count && !ids.isEmpty, "\(file)")
            if file == "wrong-answer.yml" {
                #expect(Set(ids).isSuperset(of: ["configuration", "input", "got", "expected"]))
            }
        }
    }
}
