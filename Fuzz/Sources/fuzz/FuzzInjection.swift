import Glibc
import Injection
import PluginAPI
import Service
import Values
import YAML

/// A configuration that injects into everything, by a template without logic.
private let snapshot: Snapshot = {
    let configuration = """
        policy: enabled
        template: |
          initContainers:
          - name: istio-init
            image: init
          containers:
          - name: istio-proxy
            image: proxy
            args: [a, b]
          volumes:
          - name: envoy
            emptyDir: {}

        """
    do {
        return try InjectionConfiguration.compile(
            InjectionFiles(configuration: NamedText(name: "config", text: configuration)),
            registry: StandardPlugins.registry(), options: InjectionOptions())
    } catch {
        let problem = "the configuration does not compile: \(error)\n"
        _ = write(STDERR_FILENO, problem, problem.utf8.count)
        exit(2)
    }
}()

/// Any body is answered by a review in JSON, whose patch can be applied to the object it is for.
func fuzzReview(_ bytes: UnsafeBufferPointer<UInt8>) {
    var output = ByteBuffer()
    _ = Pipeline.review(bytes, path: "/inject", snapshot: snapshot, into: &output)
    guard let answer = try? output.withBytes({ try JSON.read($0) }), let response = answer["response"],
        response["allowed"]?.bool != nil
    else { preconditionFailure("no review: \(output.text)") }
    guard let patch = response["patch"]?.string else { return }
    guard let decoded = Base64.decode(patch), let operations = try? JSONPatch.operations(JSON.read(decoded)),
        let object = (try? JSON.read(bytes))?["request"]?["object"],
        (try? JSONPatch.apply(operations, to: object)) != nil
    else { preconditionFailure("a patch that cannot be applied: \(patch)") }
}

/// Any manifest is injected or refused; what comes out can be read again, is left alone by a second injection and can
/// be taken back.
func fuzzManifest(_ bytes: UnsafeBufferPointer<UInt8>) {
    let manifest = Array(bytes)
    _ = try? Pipeline.uninject(manifest: manifest)
    guard let outcome = try? Pipeline.inject(manifest: manifest, snapshot: snapshot), outcome.changed else {
        return
    }
    precondition(
        (try? YAMLReader.documents(outcome.output)) != nil,
        "cannot be read again: \(String(decoding: outcome.output, as: UTF8.self))")
    _ = try? Pipeline.inject(manifest: outcome.output, snapshot: snapshot)
    _ = try? Pipeline.uninject(manifest: outcome.output)
}
