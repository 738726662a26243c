import PluginAPI
import TestSupport
import Testing
import Values

@testable import Injection

/// The webhook, kube-inject and `decide` (for problems of the pod's shape) report all problems of a pod together, in a
/// stable order.
@Suite("Several problems of one pod")
struct ProblemsTests {
    private static let configuration = """
        policy: enabled
        engine: literal
        defaultTemplates: [sidecar]
        templates:
          sidecar: |
            spec:
              containers:
              - name: istio-proxy
                image: proxy:1
          yaml: |
            spec: [
          schema: |
            spec:
              containers:
              - name: istio-proxy
                ports: 7
        """

    private static let folder = packageRoot + "/Tests/InjectionTests/cases/problems"

    /// NAME.json is a review, NAME.answer the expected answer.
    @Test(arguments: entries(of: folder).filter { $0.hasSuffix(".json") })
    func answers(_ file: String) throws {
        let snapshot = try Snapshots.make(Self.configuration)
        let body = text(of: "\(Self.folder)/\(file)")
        let answer = try Answer(toText: body, snapshot: snapshot)
        let problem = compareGolden(answer.golden, with: "\(Self.folder)/\(file.dropLast(5)).answer")
        #expect(problem == nil, "\(problem ?? "")")

        let all = try #require(answer.report.error).all
        let causes = answer.review["response"]?["status"]?["details"]?["causes"]?.array
        #expect(causes?.count == (all.count > 1 ? all.count : nil))
        #expect(causes?.map { $0["message"]?.string } ?? [all[0].message] == all.map(\.message))

        let object = try #require(try JSON.read(body)["request"]?["object"])
        let error = try #require(throws: InjectionError.self) {
            try Pipeline.inject(manifest: Array(JSON.text(object).utf8), snapshot: snapshot)
        }
        // Messages of kube-inject have places in the manifest.
        let want = all.map {
            "manifest:1: Pod \"front\": " + $0.message.replacing("/request/object/", with: "/")
        }
        let found = error.all.map(\.message)
        #expect(found.count == want.count)
        for (found, want) in zip(found, want) where found != want {
            // The message for a scalar without quotes has the line and the remedy.
            let place = String(want.prefix { $0 != "/" }) + want.drop { $0 != "/" }.prefix { $0 != ":" }
            #expect(found.hasPrefix(place + ": line 1: ") && found.hasSuffix("or give --quote-scalars"))
        }
        guard all[0].stage == .decode else { return }
        let decision = Pipeline.decide(object: object, snapshot: snapshot)
        #expect(
            decision.map(\.decision.message) == [
                all.map {
                    $0.message.replacing("/request/object/", with: "/")
                }.joined(separator: "\n")
            ])
    }

    @Test(
        "problems of the pod's shape are reported up to a limit", arguments: [(15, 15), (16, 16), (17, 16)])
    func limit(wrong: Int, named: Int) throws {
        let labels = Object((0..<wrong).map { Member("l\($0)", 1) })
        let pod: Value = ["metadata": ["labels": .object(labels)]]
        let error = try #require(throws: InjectionError.self) { try Pod.check(pod) }
        #expect(error.all.count == named)
    }
}
