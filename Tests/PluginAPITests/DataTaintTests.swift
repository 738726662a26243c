import Testing

@testable import PluginAPI

/// The names of one member in Go, as a getter, in JSON and in proto files are the same name.
struct DataTaintTests {
    @Test(arguments: [
        ("ServiceCluster", "serviceCluster"), ("GetServiceCluster", "service_cluster"), ("_a_b_", "ab"),
        ("Get_", "_"), ("\u{212A}ind", "kind"),
        ("Gr\u{F6}\u{DF}e", "gro\u{308}\u{DF}e"), ("Get\u{E9}", "\u{C9}"),
    ])
    func areOne(_ one: String, _ other: String) {
        #expect(DataTaint.isSameName(one, other) && DataTaint.isSameName(other, one))
    }

    @Test(arguments: [
        ("Spec", "Special"), ("Spec", "Spek"), ("Get", ""), ("getSpec", "Spec"), ("a", "\u{E4}"),
        ("a", "a\u{301}"), ("", "a"),
    ])
    func areTwo(_ one: String, _ other: String) {
        #expect(!DataTaint.isSameName(one, other) && !DataTaint.isSameName(other, one))
    }

    @Test func extents() {
        let taint = DataTaint([["ProxyConfig", "serviceCluster"]])
        #expect(taint.extent(of: ["ProxyConfig"]) == .part)
        #expect(taint.extent(of: ["proxyConfig", "ServiceCluster", "x"]) == .everything)
        #expect(taint.extent(of: ["ProxyConfig", "Image"]) == .nothing)
    }
}
