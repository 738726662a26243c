import Glibc
import TestSupport
import Testing
import Values

/// The binary with the Swift runtime linked in, from which images and packages are built. `make test` builds it first.
let releaseBinary = packageRoot + "/.build/release/pillion"
let isReleaseBuilt = access(releaseBinary, X_OK) == 0
private let mayMount =
    geteuid() == 0
    && run("/usr/bin/unshare", ["-m", "/usr/bin/mount", "-t", "tmpfs", "none", "/mnt"]).status == 0

/// Tests `scripts/rootfs`, with which the Containerfile stages the content of the image.
@Suite struct ImageTests {
    /// The list of libraries for images and packages is equal to the libraries that the code opens with dlopen.
    @Test func theListOfLibrariesIsWhole() {
        let list = text(of: packageRoot + "/deploy/libraries")
        let listed = Set(list.split { $0 == " " || $0 == "\n" }.map(String.init))
        var opened: Set<String> = []
        for module in entries(of: packageRoot + "/Sources") where module.hasPrefix("C") {
            for file in entries(of: "\(packageRoot)/Sources/\(module)") where !file.hasPrefix("include") {
                let source = text(of: "\(packageRoot)/Sources/\(module)/\(file)")
                guard source.contains("dlopen(") else { continue }
                let literals = source.split(separator: "\"", omittingEmptySubsequences: false)
                for (index, literal) in literals.enumerated() where !index.isMultiple(of: 2) {
                    let name = literal.split(separator: ".")
                    let isName = literal.hasPrefix("lib") && name.count == 3 && name[1] == "so"
                    if isName, Int(name[2]) != nil { opened.insert(String(literal)) }
                }
            }
        }
        #expect(opened == listed)
    }

    /// Runs in the staged tree alone, read-only, as the user of the manifests. An answer over TLS shows that every
    /// library is present.
    @Test(
        .enabled(if: isReleaseBuilt, "there is no release binary: make build"),
        .enabled(if: mayMount, "chroot and mount need root"))
    func runsInItsOwnTree() throws {
        let folder = TemporaryFolder()
        let root = folder.path("root")
        let staged = run(packageRoot + "/scripts/rootfs", [releaseBinary, root])
        try #require(staged.status == 0, "\(staged.errors)")
        #expect(entries(of: root + "/usr/bin") == ["pillion"])
        #expect(entries(of: root + "/etc") == ["group", "passwd", "pillion"])

        let overlay = Overlay(name: "files")
        let user = try #require(
            try overlay.object("Deployment").at("spec", "template", "spec", "securityContext", "runAsUser")?
                .int)
        #expect(text(of: packageRoot + "/deploy/Containerfile").contains("USER \(user):\(user)"))
        let pod = try RunningPod(overlay, in: root, user: Int(user))
        #expect(try pod.get("/readyz").status == 200)
        let webhook = try #require(
            try overlay.object("MutatingWebhookConfiguration")["webhooks"]?.array?.first)
        let answer = try pod.review("v1", client: webhook["clientConfig"], timeout: 5)
        #expect(answer.at("response", "patch") != nil)
        // Nothing was written.
        #expect(entries(of: root + "/tmp").isEmpty)
        // Regular expressions and hashes open more libraries.
        let template = #"{{ regexMatch "^a+$" "aaa" }} {{ sha256sum "a" | trunc 4 }}"#
        folder.write(template, to: "root/etc/pillion/config/template")
        let script = """
            mount --bind /proc \(root)/proc && exec chroot --userspec=\(user):\(user) \(root) /usr/bin/pillion \
            render -t /etc/pillion/config/template --function-set sprig
            """
        let rendered = run("/usr/bin/unshare", ["-m", "/bin/sh", "-c", script])
        #expect(rendered.output == "true ca97", "\(rendered.errors)")
    }
}
