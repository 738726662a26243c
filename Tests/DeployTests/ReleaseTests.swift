import Glibc
import TestSupport
import Testing

/// Runs the checks of a release in a copy of the repository's files: each passes, and fails if a fault is planted.
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

    /// With a fault, a dry run fails before it builds anything, and restores the tree.
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

    private static let packers = ["umoci", "dpkg-deb", "kubectl", "valgrind"]
    private static let canPack =
        isReleaseBuilt
        && run("/bin/sh", ["-c", packers.map { "command -v \($0)" }.joined(separator: " && ")]).status == 0

    /// A dry run of the current version with the release binary of this checkout and with planted measurements.
    private func dryRun(baseline: String, measured: String) -> ProcessResult {
        _ = bash("mkdir ../bin")
        folder.write(baseline, to: "copy/Benchmarks/baseline")
        folder.write(measured, to: "copy/Benchmarks/measured")
        folder.write("#!/bin/sh\ncat Benchmarks/measured\n", to: "copy/scripts/bench-instructions")
        folder.write(
            "#!/bin/sh\nmkdir -p .build/release && ln -sf \(releaseBinary) .build/release/pillion\n",
            to: "bin/make")
        return bash(
            """
            chmod +x ../bin/make && git add -A && git -c user.name=t -c user.email=t@localhost commit -qm planted &&
            PATH=\(folder.path("bin")):$PATH scripts/release --dry-run "$(scripts/version)"
            """)
    }

    private func expectNothingChanged() {
        #expect(bash("git status --porcelain && git tag && git log --format=%s").output == "planted\nall\n")
    }

    private static let table =
        "              plain     unseen    seen\nbuilt-in    1,000,000    500,000    40,000\n"

    @Test(
        .enabled(
            if: canPack,
            "there is no release binary, or one of umoci, dpkg-deb, kubectl and valgrind is missing"))
    func dryRunFailsOnASlowerReview() {
        let slower = dryRun(baseline: Self.table, measured: Self.table.replacing("40,000", with: "41,000"))
        #expect(slower.status == 1)
        #expect(slower.output.contains("built-in seen: 41,000 instructions, up from 40,000 (+2.5%)"))
        #expect(slower.errors.contains("release: the check benchmark fails"), "\(slower.errors)")
        #expect(entries(of: copy + "/.build") == ["release"])
        expectNothingChanged()
    }

    @Test(
        .enabled(
            if: canPack,
            "there is no release binary, or one of umoci, dpkg-deb, kubectl and valgrind is missing"))
    func dryRunMakesTheWholeFolder() {
        let made = dryRun(baseline: Self.table, measured: Self.table)
        #expect(made.status == 0, "\(made.errors)")
        expectNothingChanged()
        let version = bash("scripts/version").output.dropLast()
        let architecture = run("/usr/bin/dpkg", ["--print-architecture"]).output.dropLast()
        let result = copy + "/.build/release-\(version)"
        let expected = [
            "pillion-\(version)-\(architecture).image.tar", "pillion-\(version)-auto.yaml",
            "pillion-\(version)-cert-manager.yaml", "pillion-\(version)-files.yaml",
            "pillion-\(version)-revision.yaml",
            "pillion-\(version).image-digest", "pillion-\(version).spdx.json", "pillion-\(version).tar.gz",
            "pillion-\(version).tgz", "pillion_\(version)_\(architecture).deb",
        ]
        #expect(Set(entries(of: result)) == Set(expected + ["SHA256SUMS"]))
        #expect(run("/usr/bin/sha256sum", ["--check", "--strict", "SHA256SUMS"], in: result).status == 0)
        #expect(text(of: result + "/SHA256SUMS").split(separator: "\n").count == expected.count)
        // The digest is that of the manifest in the image's index.
        let digest = text(of: result + "/pillion-\(version).image-digest").dropLast().split(separator: ":")
        let hashed = run(
            "/bin/bash",
            ["-c", "tar -xOf \"$0\" blobs/sha256/$1 | sha256sum", expected[0], String(digest.last ?? "")],
            in: result)
        #expect(hashed.output.split(separator: " ").first == digest.last, "\(hashed.errors)")
    }

    /// A release with stubs for builds and checks, which print their names: checks its commit and tag, and what stops
    /// it.
    @Test(
        .enabled(
            if: canPack,
            "there is no release binary, or one of umoci, dpkg-deb, kubectl and valgrind is missing"))
    func aReleaseIsCommittedAndTagged() throws {
        let canSign = access("/usr/bin/gpg", X_OK) == 0
        let made = bash("mkdir ../bin ../gpg && chmod 700 ../gpg")
        try #require(made.status == 0, "\(made.errors)")
        folder.write(
            """
            #!/bin/sh
            echo "$2" >> ../made
            mkdir -p .build/release && printf '#!/bin/sh\\necho %s\\n' "$(scripts/version)" > .build/release/pillion
            chmod +x .build/release/pillion
            [ "$2" != "$FAILING" ]
            """, to: "bin/make")
        for stub in ["image", "deb", "sbom", "image-test", "deb-test"] {
            folder.write("#!/bin/sh\n", to: "copy/scripts/\(stub)")
        }
        folder.write("#!/bin/sh\ncp \"$1\" \"$2\"\n", to: "copy/scripts/strip")
        folder.write(
            "#!/bin/sh\ncat <<TABLE\nof a folder\n\(Self.table)TABLE\n", to: "copy/scripts/bench-instructions"
        )
        folder.write(Self.table, to: "copy/Benchmarks/baseline")
        let committed = bash(
            """
            chmod +x ../bin/make && git config user.name t && git config user.email t@localhost &&
            git add -A && git commit -qm planted
            """)
        try #require(committed.status == 0, "\(committed.errors)")
        func release(failing: String = "", _ arguments: String = "") -> ProcessResult {
            bash(
                """
                export FAILING=\(failing) GNUPGHOME=\(folder.path("gpg")) PATH=\(folder.path("bin")):$PATH
                scripts/release \(arguments) 7.8.9
                """)
        }

        let without = release()
        #expect(without.errors.contains("release: SECURITY.md has no contact"), "\(without.errors)")
        expectNothingChanged()
        _ = bash(
            "sed -i s/FILL-IN/security@example.org/ SECURITY.md && git commit -q --all --amend -m planted")
        let stopped = release(failing: "drill")
        #expect(
            stopped.status == 1 && stopped.errors.contains("release: the check drill fails"),
            "\(stopped.errors)")
        expectNothingChanged()

        var key = ""
        if canSign {
            let script = "gpg --homedir ../gpg --batch --passphrase '' --quick-generate-key t@localhost"
            let generated = bash(script)
            try #require(generated.status == 0, "\(generated.errors)")
            key = "--key t@localhost"
        }
        _ = bash("rm ../made")
        let result = release(key)
        try #require(result.status == 0, "\(result.output)\(result.errors)")
        #expect(
            bash("git status --porcelain && git log --format=%s").output == "Release 7.8.9\nplanted\nall\n")
        #expect(bash("git tag && git cat-file -t v7.8.9").output == "v7.8.9\ntag\n")
        #expect(bash("scripts/version").output == "7.8.9\n")
        #expect(bash("grep -m 1 '^## ' CHANGELOG.md").output.hasPrefix("## 7.8.9, 2"))
        let targets = text(of: folder.path("made")).split(separator: "\n")
        #expect(
            targets.first == "build"
                && Set(targets).isSuperset(of: ["test", "sanitize", "drill", "contract", "fuzz"]))
        #expect(
            bash(
                "tar -xOzf .build/release-7.8.9/*.tar.gz --wildcards '*/CHANGELOG.md' | grep -c '^## 7.8.9, 2'"
            )
            .output == "1\n")
        if canSign {
            let verified = bash(
                """
                export GNUPGHOME=\(folder.path("gpg")) && git tag --verify v7.8.9 &&
                gpg --verify .build/release-7.8.9/SHA256SUMS.asc .build/release-7.8.9/SHA256SUMS
                """)
            #expect(verified.status == 0, "\(verified.errors)")
            _ = bash("gpgconf --homedir ../gpg --kill all")
        }
        #expect(release().errors.hasPrefix("release: v7.8.9 is released"))
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

    /// `scripts/strip` removes what depends on the checkout's folder, except one thing: the code that checks that a
    /// closure did not escape contains the length of its file's path. So these files set another path with
    /// `#sourceLocation`.
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

    /// The chart's archive has the content of the folder, and packing it again gives the same bytes.
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
