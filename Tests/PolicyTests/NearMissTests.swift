import Testing

@testable import Policy

struct NearMissTests {
    @Test(
        "keys that are probably meant",
        arguments: [
            "sidecar.istio.io/injct", "sidecar.istio.io/inejct", "sidecar.istio.io/injects",
            "sidecar.istio.io/Inject",
            "sidecar.isto.io/inject", "sidecars.istio.io/inject", "sidecar.istio.oi/inject",
            "idecar.istio.io/inject",
            "sidecar.istio/inject", "istio.io/inject", "sidecar.istio.io/injection",
            "sidecar.istio.io/enabled",
        ])
    func near(_ key: String) { #expect(isNearMiss(key)) }

    @Test(
        "the key itself, its neighbours, and what has nothing to do with it",
        arguments: [
            "sidecar.istio.io/inject", "sidecar.istio.io/status", "sidecar.istio.io/logLevel",
            "sidecar.istio.io/proxyCPU",
            "status.sidecar.istio.io/port", "inject.istio.io/templates", "istio.io/rev", "", "app",
            "app.kubernetes.io/name", "app.kubernetes.io/version", "prometheus.io/scrape",
        ])
    func far(_ key: String) { #expect(!isNearMiss(key)) }
}
