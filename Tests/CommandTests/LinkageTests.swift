import TestSupport
import Testing

/// What the binary carries and loads: start-up time and memory are decided here.
@Suite struct LinkageTests {
    /// The release binary where it was built, and the one that the other tests run.
    private static let binaries = [pillionBinary, releaseBinary]
        .filter { contents(of: $0) != nil }

    @Test func thereIsABinary() { #expect(!Self.binaries.isEmpty) }

    @Test(arguments: binaries)
    func noFoundation(_ path: String) throws {
        #expect(try holds(path, "libyaml"))
        // As a library that is loaded, and as a module that is linked in ($s10Foundation…).
        for name in ["libFoundation", "$s10Foundation", "$s20FoundationEssentials"] {
            #expect(try !holds(path, name), "\(path) holds \(name)")
        }
    }

    /// The server's libraries are opened when it serves.
    @Test(arguments: binaries)
    func serverLibrariesAreNotLoadedAtStart(_ path: String) {
        let loaded = run("/usr/bin/ldd", [path]).output
        #expect(loaded.contains("libyaml"))
        for library in ["libmicrohttpd", "libgnutls", "libre2", "libcurl"] {
            #expect(!loaded.contains(library), "\(path) loads \(library) at its start")
        }
    }

    /// A release with the runtime in it brings the C++ runtime along, and exports next to nothing.
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

    /// The list of functions that short runs call still matches the binary.
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
        #expect(known.count * 10 > listed.count * 8, "run scripts/link-order, which writes the list again")
    }

    private static let releaseBinary = packageRoot + "/.build/release/pillion"
    private static let releaseIsStatic =
        contents(of: releaseBinary) != nil
        && !run("/usr/bin/ldd", [releaseBinary]).output.contains("libswiftCore")

    /// libcurl is for the API server, which is asked only where a flag says so.
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

    /// Whether a file's bytes hold a text: status 0 of grep says yes, 1 no.
    private func holds(_ path: String, _ text: String) throws -> Bool {
        let status = run("/bin/grep", ["-q", "-a", "-F", text, path]).status
        try #require(status == 0 || status == 1)
        return status == 0
    }
}
