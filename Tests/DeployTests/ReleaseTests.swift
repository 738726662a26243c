import Glibc
import TestSupport
import Testing

/// What a release is checked for, in a copy of the repository's files: each check passes, and fails on what was planted.
@Suite(.enabled(if: access("/usr/bin/git", X_OK) == 0, "there is no git"))
struct ReleaseTests {
    private let folder = TemporaryFolder()
    private var copy: String { folder.path("copy") }

    init() throws {
        let script = """
            mkdir copy && cd "$0" && git ls-files -z -- ':!Tests/Conformance' | xargs -0 cp --no-dereference --parents -t "$OLDPWD/copy" &&
            cd "$OLDPWD/copy" && git init -q && git add -A &&
            git -c user.name=t -c user.email=t@localhost commit -qm all
            """
        let copied = run("/bin/bash", ["-c", script, packageRoot], in: folder.root)
        try #require(copied.status == 0, "\(copied.errors)")
    }

    private func bash(_ script: String) -> ProcessResult { run("/bin/bash", ["-c", script], in: copy) }

    @Test func versionIsInOnePlace() {
        #expect(bash("scripts/version --check").errors == "")
        let version = bash("scripts/version").output
        #expect(version == run(pillionBinary, ["version", "--short"]).output)

        _ = bash("echo 'Use the image pillion:0.0.7.' >> docs/run.md && git add -A")
        let other = bash("scripts/version --check")
        #expect(other.status == 1)
        #expect(other.errors.hasPrefix("version: docs/run.md:"))
        #expect(other.errors.hasSuffix(": found 0.0.7, expected \(version)"))

        _ = bash("git checkout -q HEAD . && echo \"Since $(scripts/version).\" >> docs/policy.md")
        let stray = bash("scripts/version --check")
        #expect(stray.status == 1)
        #expect(stray.errors.contains("docs/policy.md:"), "\(stray.errors)")

        _ = bash(
            "git checkout -q HEAD . && sed -i 's/newTag: .*/newTag: latest/' deploy/kustomize/base/kustomization.yaml"
        )
        let gone = bash("scripts/version --check").errors
        #expect(gone.hasPrefix("version: deploy/kustomize/base/kustomization.yaml: found no "), "\(gone)")
    }

    @Test func versionChangesEverywhere() {
        _ = bash("scripts/version 7.8.9")
        #expect(bash("scripts/version --check").errors == "")
        #expect(bash("git diff --name-only | wc -l").output == "15\n")
        #expect(bash("git grep -l 'version.*7[.]8[.]9' | grep -c .").status == 0)
    }

    /// A dry run is refused before anything is built, and puts the tree back.
    @Test(arguments: [
        ("echo 'pillion:0.0.7' >> docs/run.md", "found 0.0.7, expected 7.8.9"),
        ("sed -i 's/^## \\(.*\\), unreleased/## \\1/' CHANGELOG.md", "expected \"## 7.8.9, "),
        ("printf '\\n## 0.0.1, unreleased\\n' >> CHANGELOG.md", "\"## 0.0.1, unreleased\" has no date"),
        ("sed -i '/^First release/d; /^- /d; /^  /d' CHANGELOG.md", "nothing is listed for this version"),
    ])
    func dryRunFailsOn(_ plant: String, _ message: String) {
        let planted = bash("\(plant) && git -c user.name=t -c user.email=t@localhost commit -qam planted")
        #expect(planted.status == 0, "\(planted.errors)")
        let result = bash("scripts/release --dry-run 7.8.9")
        #expect(result.status == 1)
        #expect(result.errors.contains(message), "\(result.errors)")
        #expect(bash("git status --porcelain").output == "")
        #expect(!bash("scripts/version").output.hasPrefix("7"))
    }

    @Test func releaseNeedsACleanTreeAndALaterVersion() {
        #expect(
            bash("scripts/release --dry-run 0.0.1").errors.hasPrefix(
                "release: 0.0.1 is before the current version"))
        #expect(
            bash("scripts/release --dry-run v1").errors.hasPrefix(
                "release: the version is not valid: found 'v1'"))
        _ = bash("echo >> README.md")
        #expect(
            bash("scripts/release --dry-run 7.8.9").errors.hasPrefix("release: the working tree has changes"))
    }

    /// `scripts/strip` removes what depends on the checkout's folder, but for one thing: the check that a closure did not
    /// escape has the length of its file's path in it, unless the file gives another one.
    @Test func noPathIsCompiledIn() {
        let listed = run(
            "/usr/bin/git",
            [
                "-C", packageRoot, "grep", "-l", "withoutActuallyEscaping(", "--", "Sources/*.swift",
                "Plugins/*.swift",
            ])
        let files = listed.output.split(separator: "\n")
        #expect(!files.isEmpty)
        for file in files {
            #expect(text(of: "\(packageRoot)/\(file)").contains("#sourceLocation(file:"), "\(file)")
        }
    }

    @Test func slowerReviewsAreFound() {
        let results = "              plain     unseen    seen\nbuilt-in    1,000,000    500,000    40,000\n"
        folder.write(results, to: "results")
        folder.write(results, to: "copy/Benchmarks/baseline")
        #expect(bash("scripts/bench-baseline --results ../results").status == 0)
        folder.write(results.replacing("500,000", with: "515,000"), to: "results")
        let slower = bash("scripts/bench-baseline --results ../results")
        #expect(slower.status == 1)
        #expect(slower.output.contains("built-in unseen: 515,000 instructions, up from 500,000 (+3.0%)"))
    }

    /// The chart's archive has what the folder has, and is the same whenever it is packed.
    @Test func chartArchive() {
        let digests = bash("for n in 1 2; do sha256sum < $(scripts/chart out$n); done").output.split(
            separator: "\n")
        #expect(digests.count == 2 && digests.first == digests.last)
        let names = bash("tar -tzf out1/*.tgz").output.split(separator: "\n").map(String.init)
        #expect(names.first == "pillion/Chart.yaml")
        #expect(names.contains("pillion/templates/deployment.yaml") && names.contains("pillion/values.yaml"))
        #expect(!names.contains { $0.contains("presets/") })
    }
}
