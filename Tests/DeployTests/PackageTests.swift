import Glibc
import TestSupport
import Testing
import Values

private let isDebian = access("/usr/bin/dpkg-deb", X_OK) == 0

/// Unpacks the Debian package into a folder and runs it from there.
@Suite(
    .enabled(if: isReleaseBuilt, "there is no release binary: make build"),
    .enabled(if: isDebian, "there is no dpkg-deb"))
struct PackageTests {
    /// Built and unpacked once.
    private struct Built: Sendable {
        let folder = TemporaryFolder()
        let package: String
        let problem: String

        init() {
            let built = run(packageRoot + "/scripts/deb", [releaseBinary, folder.root])
            package = built.output.split(separator: "\n").last.map(String.init) ?? ""
            let unpacked = run("/usr/bin/dpkg-deb", ["-x", package, folder.path("root")])
            problem = built.status == 0 && unpacked.status == 0 ? "" : built.errors + unpacked.errors
        }
    }

    private static let built = Built()
    private let root = built.folder.path("root")
    private let package = built.package

    init() throws { try #require(Self.built.problem.isEmpty, "\(Self.built.problem)") }

    private func field(_ name: String) -> String {
        String(run("/usr/bin/dpkg-deb", ["-f", package, name]).output.dropLast())
    }

    @Test func theControlFileSaysWhatItIs() throws {
        let version = String(run(pillionBinary, ["version", "--short"]).output.dropLast())
        #expect(field("Package") == "pillion")
        #expect(field("Version") == version)
        #expect(
            field("Architecture") == String(run("/usr/bin/dpkg", ["--print-architecture"]).output.dropLast()))
        #expect(field("Description").hasPrefix("sidecar injector for Kubernetes\n "))
        #expect(package.hasSuffix("/pillion_\(version)_\(field("Architecture")).deb"))
        #expect(try #require(Int(field("Installed-Size"))) > 1000)
    }

    /// The bill of materials lists the package's binary with its digest, and each dependency of the package.
    @Test func billOfMaterials() throws {
        let bill = try JSON.read(text(of: root + "/usr/share/doc/pillion/pillion.spdx.json"))
        #expect(bill["spdxVersion"]?.string == "SPDX-2.3")
        let packages = try #require(bill["packages"]?.array)
        let digest = run("/usr/bin/sha256sum", [root + "/usr/bin/pillion"]).output.split(separator: " ").first
        let own = packages.first { $0["name"]?.string == "pillion" }
        #expect(own?["checksums"]?.array?.first?["checksumValue"]?.string == digest.map(String.init))
        let names = Set(packages.compactMap { $0["name"]?.string })
        let depends = field("Depends").split(separator: ",").compactMap { $0.split(separator: " ").first }
        for name in depends where name != "passwd" { #expect(names.contains(String(name)), "\(name)") }
        #expect(names.contains("swift"))
        let identifiers = packages.compactMap { $0["SPDXID"]?.string }
        #expect(Set(identifiers).count == identifiers.count)
        let related = (bill["relationships"]?.array ?? []).compactMap { $0["relatedSpdxElement"]?.string }
        #expect(Set(related) == Set(identifiers).subtracting(["SPDXRef-pillion"]))
    }

    /// The dependencies include the package of each library that the binary links or opens, and the system's package
    /// manager can satisfy each of them in the required version.
    @Test func librariesAreDependedOn() throws {
        let depends = field("Depends").split(separator: ",").map { $0.split(separator: " ").map(String.init) }
        let names = Set(depends.compactMap(\.first))
        #expect(names.isSuperset(of: ["libc6", "libyaml-0-2", "passwd"]))
        for line in text(of: packageRoot + "/deploy/libraries").split(separator: "\n") {
            let library = line.split(separator: " ")[0]
            let owner = run("/usr/bin/dpkg", ["-S", "*/\(library)"]).output.split(separator: ":").first
            #expect(names.contains(String(try #require(owner))), "\(library)")
        }
        for dependency in depends where dependency.count == 3 {
            let installed = run("/usr/bin/dpkg-query", ["-W", "-f", "${Version}", dependency[0]]).output
            let wanted = String(dependency[2].dropLast())
            let fits = run("/usr/bin/dpkg", ["--compare-versions", installed, "ge", wanted]).status
            #expect(fits == 0, "\(dependency)")
        }
    }

    @Test func filesAreWhereTheyBelong() throws {
        for path in [
            "/usr/share/doc/pillion/copyright", "/usr/share/doc/pillion/changelog.gz",
            "/usr/share/man/man1/pillion.1.gz", "/usr/share/bash-completion/completions/pillion",
            "/usr/share/zsh/vendor-completions/_pillion", "/usr/share/fish/vendor_completions.d/pillion.fish",
            "/etc/default/pillion", "/usr/include/pillion/renderer_plugin.h",
            "/usr/share/doc/pillion/examples/envoy/config.yaml",
            "/usr/share/doc/pillion/examples/engines/Dollar/dollar.c",
        ] { #expect(contents(of: root + path)?.isEmpty == false, "\(path)") }
        let manual = run("/bin/zcat", [root + "/usr/share/man/man1/pillion.1.gz"]).output
        #expect(manual.contains(".SH NAME\npillion"))
        // Upgrades keep an administrator's changes.
        let conffiles = run("/usr/bin/dpkg-deb", ["-I", package, "conffiles"]).output
        #expect(
            conffiles.split(separator: "\n") == [
                "/etc/default/pillion", "/etc/pillion/config", "/etc/pillion/mesh", "/etc/pillion/values",
            ])
        for script in ["postinst", "prerm", "postrm"] {
            let text = run("/usr/bin/dpkg-deb", ["-I", package, script]).output
            #expect(run("/bin/sh", ["-n"], input: text).status == 0, "\(script)")
        }
        // Everything belongs to root, and no one else may write it.
        let listing = run("/usr/bin/dpkg-deb", ["-c", package]).output.split(separator: "\n")
        for line in listing {
            #expect(line.contains(" root/root "), "\(line)")
            #expect(line.dropFirst(8).first == "-", "\(line)")
        }
    }

    /// A server started with the unit's command line and the package's files answers.
    @Test func theUnitsCommandRuns() throws {
        let unit = text(of: root + "/usr/lib/systemd/system/pillion.service")
        let command = try #require(unit.split(separator: "\n").first { $0.hasPrefix("ExecStart=") })
        let words = command.dropFirst("ExecStart=".count).split(separator: " ").map(String.init)
        #expect(words.last == "$PILLION_OPTIONS")
        #expect(text(of: root + "/etc/default/pillion").contains("\nPILLION_OPTIONS="))
        let arguments = words.dropFirst().dropLast().map { $0.replacing("=/etc/", with: "=\(root)/etc/") }
        // Unchanged except for the ports, which may be in use.
        let (port, monitoring) = try (#require(freePort()), #require(freePort()))
        let server = try #require(
            RunningProcess(
                root + words[0], arguments + ["--httpPort=\(port)", "--monitoringPort=\(monitoring)"]))
        try #require(waitUntilListening(port), "\(server.errors)")
        let client = try #require(HTTPClient(port: UInt16(port)))
        let pod =
            #"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": []}}"#
        let answer = try #require(
            client.request(
                "POST", "/inject", headers: [("Content-Type", "application/json")], body: Array(pod.utf8)))
        #expect(answer.status == 200)
        #expect(
            answer.text.contains(#""image":"busybox:1.36""#)
                || answer.text.contains(#""image": "busybox:1.36""#))
        #expect(server.end() == 0)

        // With the package's commented-out flags for HTTPS.
        let ready = try #require(
            text(of: root + "/etc/default/pillion").split(separator: "\n").first {
                $0.hasPrefix("#PILLION_OPTIONS=")
            })
        let flags = ready.dropFirst("#PILLION_OPTIONS=".count).filter { $0 != "\"" }.split(separator: " ").map
        {
            String($0).replacing("/etc/pillion/tls", with: testCertificates)
        }
        #expect(flags.count == 2)
        let https = try #require(freePort())
        let secure = try #require(
            RunningProcess(
                root + words[0],
                arguments + flags + ["--port=\(https)", "--httpPort=-1", "--monitoringPort=-1"]))
        #expect(waitUntilListening(https), "\(secure.errors)")
    }

    @Test(.enabled(if: access("/usr/bin/systemd-analyze", X_OK) == 0, "there is no systemd-analyze"))
    func systemdTakesTheUnit() {
        // The same unit with the path of the unpacked binary.
        let folder = TemporaryFolder()
        let original = text(of: root + "/usr/lib/systemd/system/pillion.service")
        let unit = folder.write(
            original.replacing("=/usr/bin/pillion ", with: "=\(root)/usr/bin/pillion "), to: "pillion.service"
        )
        let verified = run("/usr/bin/systemd-analyze", ["verify", "--man=no", unit])
        let complaints = (verified.output + verified.errors).split(separator: "\n").filter {
            $0.contains("pillion.service")
        }
        #expect(complaints.isEmpty, "\(complaints)")
        // The exposure level, from 0 (best) to 10, is at most 2.0.
        let security = run(
            "/usr/bin/systemd-analyze", ["security", "--offline=yes", "--threshold=20", "--no-pager", unit])
        #expect(security.status == 0, "\(security.output.suffix(400))\(security.errors)")
    }

    /// The installed configuration passes strict validation.
    @Test func theConfigurationIsValid() {
        let etc = root + "/etc/pillion"
        let result = run(
            root + "/usr/bin/pillion",
            [
                "validate", "--strict", "--injectConfig", etc + "/config", "--injectValues", etc + "/values",
                "--meshConfig", etc + "/mesh",
            ])
        #expect(result.status == 0, "\(result.errors)")
    }
}
