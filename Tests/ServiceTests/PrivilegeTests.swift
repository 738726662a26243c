import Testing

@testable import Service

/// Decides which servers accept templates with powers over the host. Istio's own configurations have some
/// (`enable-core-dump`), so a server on loopback accepts them.
@Suite struct PrivilegeTests {
    @Test(arguments: [
        (false, -1, false, true), (false, 0, false, false), (false, -1, true, false), (true, 0, true, true),
    ])
    func privilegedTemplates(_ flag: Bool, _ port: Int, _ plain: Bool, _ want: Bool) throws {
        var options = ServeOptions()
        options.injectConfig = "config"
        options.allowsPrivilegedTemplates = flag
        options.port = port
        options.allowsPlainHTTP = plain
        let configuration = Configuration(options, registry: try StandardPlugins.registry())
        #expect(configuration.allowsPrivileged == want)
    }
}
