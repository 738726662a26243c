import Injection
import PluginAPI
import TestSupport
import Testing
import Values
import YAML

/// An injection keeps the manifest's text where values do not change: comments, quotes, order and layout.
@Suite("Manifest text")
struct ManifestTextTests {
    static let configuration = """
        policy: enabled
        engine: literal
        template: |
          rewriteAppHTTPProbe: true
          initContainers:
          - name: istio-init
            image: init:1
          containers:
          - name: istio-proxy
            image: proxy:1
          volumes:
          - name: istio-envoy
            emptyDir: {}
        """

    static let folder = packageRoot + "/Tests/InjectionTests/cases/manifests"

    /// The input is NAME.yaml or NAME.json; the expected result is NAME.injected.yaml or NAME.injected.json.
    @Test(arguments: entries(of: folder).filter { !$0.contains(".injected.") })
    func texts(_ file: String) throws {
        let snapshot = try Snapshots.make(Self.configuration, mesh: "sdsUdsPath: \"\"")
        let input = contents(of: "\(Self.folder)/\(file)") ?? []
        let outcome = try Pipeline.inject(manifest: input, snapshot: snapshot)
        let golden = "\(Self.folder)/\(file.dropLast(5)).injected\(file.suffix(5))"
        let problem = compareGolden(String(decoding: outcome.output, as: UTF8.self), with: golden)
        #expect(problem == nil, "\(problem ?? "")")
        let again = try Pipeline.inject(manifest: outcome.output, snapshot: snapshot)
        #expect(!again.changed, "a second injection changes it")
    }
}
