import Glibc
import TestSupport
import Testing

/// Runs `scripts/setup` with the test's own dpkg-query and apt-get.
struct SetupTests {
    /// The packages that the script asks apt-get for if these are installed.
    private func asked(installed: [String], _ packages: [String]) -> String {
        let folder = TemporaryFolder()
        let known = installed.map { "    \($0)) printf installed;;\n" }.joined()
        let scripts = [
            "dpkg-query": "#!/bin/sh\nfor last; do :; done\ncase $last in\n\(known)    *) exit 1;;\nesac\n",
            "apt-get": "#!/bin/sh\necho \"$*\" >> \(folder.path("log"))\n", "swift": "#!/bin/sh\n",
            "id": "#!/bin/sh\necho 0\n",
        ]
        for (name, script) in scripts { chmod(folder.write(script, to: name), 0o755) }
        let result = run(
            "/bin/bash", [packageRoot + "/scripts/setup"] + packages,
            environment: ["PATH": folder.root + ":/usr/bin:/bin"])
        #expect(result.status == 0, "\(result.errors)")
        return text(of: folder.path("log"))
    }

    private static let curl = "libcurl4-gnutls-dev|libcurl4-openssl-dev|libcurl4-nss-dev"

    @Test func anyFlavourWillDo() {
        for flavour in Self.curl.split(separator: "|").map(String.init) {
            #expect(asked(installed: [flavour, "libyaml-dev"], ["libyaml-dev", Self.curl]) == "")
        }
    }

    @Test func theFirstIsInstalledWhereThereIsNone() {
        let line = asked(installed: ["libyaml-dev"], ["libyaml-dev", Self.curl])
        #expect(line == "install -y -q --no-install-recommends --no-remove libcurl4-gnutls-dev\n")
    }
}
