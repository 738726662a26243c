import Testing
import Values

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

    @Test("the band gives what the whole table would, up to the limit")
    func band() {
        var dice = PropertyTests.Dice(state: 7)
        for _ in 0..<600 {
            let left = String((0..<dice.roll(9)).map { _ in dice.pick(["a", "b", "c"] as [Character]) })
            let right = String((0..<dice.roll(9)).map { _ in dice.pick(["a", "b", "c"] as [Character]) })
            let limit = 1 + dice.roll(3)
            #expect(
                editDistance(left, right, limit: limit) == min(wholeTable(left, right), limit + 1),
                "\(left) \(right) \(limit)")
        }
    }

    private func wholeTable(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        var table = Array(repeating: Array(repeating: 0, count: right.count + 1), count: left.count + 1)
        for i in 0...left.count {
            for j in 0...right.count {
                if i == 0 || j == 0 {
                    table[i][j] = i + j
                    continue
                }
                var cost = table[i - 1][j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1)
                cost = min(cost, table[i - 1][j] + 1, table[i][j - 1] + 1)
                if i > 1, j > 1, left[i - 1] == right[j - 2], left[i - 2] == right[j - 1] {
                    cost = min(cost, table[i - 2][j - 2] + 1)
                }
                table[i][j] = cost
            }
        }
        return table[left.count][right.count]
    }
}
