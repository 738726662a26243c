import TestSupport
import Testing

/// Checks which libraries the binary contains and loads, because they determine start-up time and memory.
@Suite struct LinkageTests {
    /// The binary that the other tests run, and the release binary if it was built.
    private static let binaries = [pillionBinary, releaseBinary]
        .filter { contents(of: $0) != nil }

    @Test func thereIsABinary() { #expect(!Self.binaries.isEmpty) }

    @Test(arguments: binaries)
    func noFoundation(_ path: String) throws {
        #expect(try holds(path, "libyaml"))
        // Neither as a loaded library nor as a module that is linked in ($s10Foundation…).
        for name in ["libFoundation", "$s10Foundation", "$s20FoundationEssentials"] {
            #expect(try !holds(path, name), "\(path) holds \(name)")
        }
    }

    /// The server's libraries are loaded only when it serves.
    @Test(arguments: binaries)
    func serverLibrariesAreNotLoadedAtStart(_ path: String) {
        let loaded = run("/usr/bin/ldd", [path]).output
        #expect(loaded.contains("libyaml"))
        for library in ["libmicrohttpd", "libgnutls", "libre2", "libcurl"] {
            #expect(!loaded.contains(library), "\(path) loads \(library) at its start")
        }
    }

    /// A release with the Swift runtime linked in also contains the C++ runtime, and exports fewer than 100 symbols.
    @Test(.enabled(if: Self.releaseIsStatic, "no release binary with the Swift runtime in it"))
    func releaseIsLean() {
        let release = Self.releaseBinary
        let loaded = run("/usr/bin/ldd", [release]).output
        for library in ["libstdc++", "libgcc_s"] {
            #expect(!loaded.contains(library), "\(release) loads \(library) at its start")
        }
        let exported = run("/usr/bin/nm", ["-D", "--defined-only", release]).output
        #expect(exported.split(separator: "\n").count < 100, "\(exported.prefix(2_000))")
    }

    /// More than 80 % of the functions in the link order still exist in the binary.
    @Test(.enabled(if: Self.releaseIsStatic, "no release binary with the Swift runtime in it"))
    func listOfFunctionsIsOfThisBinary() {
        let listed = text(of: packageRoot + "/Sources/pillion/link/order").split(separator: "\n")
        #expect(listed.count > 500)
        var places: [Substring: Substring] = [:]
        for line in run("/usr/bin/nm", [Self.releaseBinary]).output.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 3 { places[words[2]] = words[0] }
        }
        let known = listed.filter { places[$0] != nil }
        #expect(known.count * 10 > listed.count * 8, "run scripts/link-order, which updates the list")
    }

    private static let releaseBinary = packageRoot + "/.build/release/pillion"
    private static let releaseIsStatic =
        contents(of: releaseBinary) != nil
        && !run("/usr/bin/ldd", [releaseBinary]).output.contains("libswiftCore")

    /// libcurl is loaded only if a flag makes the server read from an API server.
    @Test(.enabled(if: TestCluster.isPossible, "python3 and openssl make the server"))
    func libcurlIsForClusters() throws {
        func isLoaded(_ arguments: [String], _ environment: [String: String]) throws -> Bool {
            let own = ["serve", "--httpPort", "0", "--port", "-1", "--monitoringPort", "-1"]
            let server = try #require(
                RunningProcess(pillionBinary, own + arguments, environment: environment))
            #expect(eventually { server.errors.contains("serving") }, "\(server.errors)")
            return text(of: "/proc/\(server.pid)/maps").contains("libcurl")
        }
        let cluster = try #require(TestCluster())
        cluster.putConfigMap("ns", "map", [("config", "policy: enabled\ntemplate: 'containers: []'\n")])
        #expect(try !isLoaded([], cluster.podEnvironment))
        #expect(try isLoaded(["--injectConfigMap", "ns/map"], cluster.podEnvironment))
    }

    /// Whether a file contains a text. grep exits with 0 if it does, and with 1 if not.
    private func holds(_ path: String, _ text: String) throws -> Bool {
        let status = run("/bin/grep", ["-q", "-a", "-F", text, path]).status
        try #require(status == 0 || status == 1)
        return status == 0
    }
}
