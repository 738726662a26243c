import TestSupport
import Testing

/// What the binary carries and loads: start-up time and memory are decided here.
@Suite struct LinkageTests {
    /// The release binary where it was built, and the one that the other tests run.
    private static let binaries = [pillionBinary, packageRoot + "/.build/release/pillion"]
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

    /// Whether a file's bytes hold a text: status 0 of grep says yes, 1 no.
    private func holds(_ path: String, _ text: String) throws -> Bool {
        let status = run("/bin/grep", ["-q", "-a", "-F", text, path]).status
        try #require(status == 0 || status == 1)
        return status == 0
    }
}
