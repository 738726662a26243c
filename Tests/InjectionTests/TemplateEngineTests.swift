import Injection
import PluginAPI
import TestSupport
import Testing
import Values
import YAML

/// The choice of the engine for a template of an injection configuration, and the places of errors about it.
@Suite("Engines of templates")
struct TemplateEngineTests {
    private static func pod(_ templates: String) -> String {
        """
        apiVersion: v1
        kind: Pod
        metadata:
          name: front
          annotations: {inject.istio.io/templates: "\(templates)"}
        spec:
          containers:
          - name: front
            image: front:1
        """
    }

    private static let two = """
        policy: enabled
        templates:
          sidecar: |
            spec:
              containers:
              - name: istio-proxy
                image: proxy:{{ upper .ObjectMeta.Name }}
          agent:
            engine: mustache
            template: |
              spec:
                containers:
                - name: agent
                  image: agent:{{ObjectMeta.Name}}{{^ObjectMeta.Nothing}}-1{{/ObjectMeta.Nothing}}
        """

    private static func images(
        _ configuration: String, templates: String = "sidecar"
    ) throws -> [String: String] {
        let snapshot = try Snapshots.make(configuration)
        #expect(snapshot.warnings.isEmpty)
        let outcome = try Pipeline.inject(manifest: Array(pod(templates).utf8), snapshot: snapshot)
        var images: [String: String] = [:]
        for container in try YAMLReader.value(outcome.output)["spec"]?["containers"]?.array ?? [] {
            images[container["name"]?.string ?? ""] = container["image"]?.string
        }
        return images
    }

    @Test("templates of two engines are merged into one pod")
    func merged() throws {
        let want = ["front": "front:1", "istio-proxy": "proxy:FRONT", "agent": "agent:front-1"]
        let images = try Self.images(Self.two, templates: "sidecar,agent")
        #expect(images == want)
    }

    @Test(
        "a template's own engine, else the configuration's, else gotemplate",
        arguments: [
            ("", "", "p:{{ printf `go` }}", "p:go"),
            ("mustache", "", "p:{{^no}}m{{/no}}", "p:m"),
            ("mustache", "gotemplate", "p:{{ printf `go` }}", "p:go"),
            ("gotemplate", "mustache", "p:{{^no}}m{{/no}}", "p:m"),
        ])
    func chosen(_ common: String, _ own: String, _ image: String, _ want: String) throws {
        let configuration = """
            policy: enabled
            \(common.isEmpty ? "" : "engine: \(common)")
            templates:
              sidecar:
                \(own.isEmpty ? "" : "engine: \(own)")
                template: |
                  spec:
                    containers:
                    - name: istio-proxy
                      image: \(image)
            """
        #expect(try Self.images(configuration)["istio-proxy"] == want)
    }

    @Test(
        "invalid settings are refused with their place",
        arguments: [
            (
                "a:\n    engine: mustache\n    template: |\n      x\n      {{#open}}",
                "config:4:5: error: template: inject:2:1: tag \"open\" is not closed"
            ),
            ("a:\n    template: '{{'", "config:3:5: error: template: inject:1: unclosed action"),
            (
                "a:\n    template: x\n    engine: none",
                "config:4:5: error: the template engine \"none\" is not known, expected one of "
            ),
            (
                "a:\n    template: x\n    engine: [mustache]",
                "config:4:5: error: templates/a/engine is an array, expected a string"
            ),
            (
                "a:\n    template: {}",
                "config:3:5: error: templates/a/template is an object, expected a string"
            ),
            ("a:\n    engine: mustache", "config:2:3: error: templates/a has no template: of its own"),
            ("a: [1]", "config:2:3: error: templates/a is an array, expected a string or a mapping"),
        ])
    func refused(_ templates: String, _ want: String) throws {
        let error = #expect(throws: ConfigurationError.self) {
            try Snapshots.make("templates:\n  \(templates)\n")
        }
        #expect(error?.description.contains(want) == true, "\(error?.description ?? "")")
    }

    @Test("an unknown member is a warning")
    func unknown() throws {
        let snapshot = try Snapshots.make(
            "policy: enabled\ntemplates:\n  a:\n    template: x\n    engin: y\n")
        #expect(
            snapshot.warnings.map(\.description)
                == ["config:5:5: warning: the field \"engin\" is not known and is ignored"])
    }
}
