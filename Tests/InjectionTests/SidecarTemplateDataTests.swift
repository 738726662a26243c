import PluginAPI
import Testing
import Values

@testable import Injection

@Suite struct SidecarTemplateDataTests {
    @Test(
        arguments: [
            // annotation, proxy configuration, values, expected image
            (nil, nil, ["hub": "h", "tag": "t"], "h/proxyv2:t"),
            ("distroless", nil, ["hub": "h", "tag": "t"], "h/proxyv2:t-distroless"),
            ("debug", "distroless", ["hub": "h", "tag": "t-distroless"], "h/proxyv2:t-debug"),
            ("default", nil, ["hub": "h", "tag": "1.2-debug"], "h/proxyv2:1.2"),
            (nil, "custom", ["hub": "h", "tag": "t", "variant": "debug"], "h/proxyv2:t-custom"),
            (nil, nil, ["hub": "h", "tag": "t", "variant": "debug"], "h/proxyv2:t-debug"),
            (nil, nil, ["hub": "h", "tag": 1.2], "h/proxyv2:1.2"),
            (nil, nil, ["hub": "h", "tag": 20, "proxy": ["image": "mine"]], "h/mine:20"),
            ("", "debug", ["hub": "h", "tag": "t"], "h/proxyv2:t"),
        ] as [(String?, String?, Value, String)])
    func proxyImage(annotation: String?, imageType: String?, global: Value, expected: String) {
        let annotations = annotation.map {
            Object([Member("sidecar.istio.io/proxyImageType", .string($0))])
        }
        let proxyConfig: Value = imageType.map { ["image": ["imageType": .string($0)]] } ?? [:]
        #expect(
            ProxyImage.proxy(
                values: ["global": global], proxyConfig: proxyConfig, annotations: annotations ?? Object())
                == expected)
    }

    @Test func initImageIgnoresTheProxyConfiguration() {
        let values: Value = [
            "global": ["hub": "h", "tag": "t", "variant": "debug", "proxy_init": ["image": "init"]]
        ]
        #expect(ProxyImage.initialisation(values: values, annotations: Object()) == "h/init:t-debug")
        let annotations = Object([Member("sidecar.istio.io/proxyImageType", "distroless")])
        #expect(
            ProxyImage.initialisation(values: values, annotations: annotations)
                == "h/init:t-distroless")
    }

    @Test(
        arguments: [
            ("1000620000/10000", nil, 1_000_629_999, 1_000_629_999), ("1-9", "20/5,100/5", 9, 24),
            (nil, "7-8", 1337, 8),
            ("nonsense", "9-8", 1337, 8), (nil, nil, 1337, 1337), ("5/0", nil, 4, 4),
            ("4294967295/4294967295", nil, 4_294_967_293, 4_294_967_293), ("", "", 1337, 1337),
            ("1-9", "20/5,nonsense", 9, 1337),
        ] as [(String?, String?, Int64, Int64)])
    func openShiftIdentity(users: String?, groups: String?, user: Int64, group: Int64) {
        var annotations = Object()
        annotations["openshift.io/sa.scc.uid-range"] = users.map { .string($0) }
        annotations["openshift.io/sa.scc.supplemental-groups"] = groups.map { .string($0) }
        let ids = OpenShiftIdentity(namespaceAnnotations: annotations)
        #expect(ids.user == user)
        #expect(ids.group == group)
    }

    @Test func rootsHaveTheirTypes() {
        let classic = SidecarTemplateData.classic(
            typeMeta: [:], deploymentMeta: [:], objectMeta: ["name": "n"], spec: [:], proxyConfig: [:],
            meshConfig: [:], values: ["a": 1])
        #expect(classic.type === TypeTable.classic.templateData)
        #expect(classic.value["ObjectMeta"]?["name"] == "n")
        #expect(classic.value["Values"] == ["a": 1])
        let modern = SidecarTemplateData.modern(
            typeMeta: [:], deploymentMeta: ["name": "d"], objectMeta: [:], spec: [:], proxyConfig: [:],
            meshConfig: [:], values: [:],
            additions: SidecarTemplateData.Additions(
                revision: "r", nativeSidecars: true, proxyImage: "p", proxyInitImage: "i",
                inboundTrafficPolicyMode: "localhost"))
        #expect(modern.value["NativeSidecars"] == true)
        #expect(modern.value["ProxyUID"] == 1337)
        #expect(
            modern.value.object?.members.map(\.key) == TypeTable.modern.templateData.fields.map(\.jsonName))
    }
}
