import GoTemplate
import Injection
import Mustache
import PluginAPI
import Policy
import Synchronization
import TestSupport
import Values
import YAML

/// One case of the recorded answers: configuration, manifest and reviews, and Istio's results.
struct RecordedCase {
    let name: String
    let folder: String
    let expected: String?
    private let suite: String
    private let settings: Value

    static func all(in suite: CaseCollection) throws -> [RecordedCase] {
        let root = suite.path
        return try entries(of: root + "/cases").map { name in
            let folder = "\(root)/cases/\(name)"
            return RecordedCase(
                name: name, folder: folder,
                expected: contents(of: folder + "/expected.yaml").map { String(decoding: $0, as: UTF8.self) },
                suite: root, settings: try JSON.read(text(of: folder + "/case.json")))
        }
    }

    func snapshot(_ flagList: String) throws -> Snapshot {
        var options = InjectionOptions()
        let flags = (settings[flagList]?.array ?? []).compactMap(\.string)
        if let index = flags.firstIndex(of: "--revision") { options.revision = flags[index + 1] }
        options.nativeSidecars = flags.contains("--nativeSidecars=true")
        for member in settings["environment"]?.object?.members ?? [] {
            options.environment[member.key] = member.value.string
        }
        let paths = ["injectConfig", "values", "mesh"].map { "\(suite)/\(settings[$0]?.string ?? "")" }
        return try Snapshots.compiled(paths, options)
    }

    func manifestProblem() throws -> String? {
        let snapshot = try snapshot("flags")
        let outcome: ManifestOutcome
        do {
            outcome = try Pipeline.inject(
                manifest: contents(of: folder + "/input.yaml") ?? [], snapshot: snapshot)
        } catch { return "error: \(error)" }
        let want = try YAMLReader.documents(Array((expected ?? "").utf8)).filter { !$0.isEmpty }.map(\.value)
        let got = try YAMLReader.documents(outcome.output).filter { !$0.isEmpty }.map(\.value)
        return ObjectComparison.difference(
            .array(want.map(ObjectComparison.normal)), .array(got.map(ObjectComparison.normal)))
    }

    func wayBackProblems() throws -> [String] {
        var problems: [String] = []
        let snapshot = try snapshot("flags")
        let input = contents(of: folder + "/input.yaml") ?? []
        // The first injection takes over another injector's parts, as Istio does, so uninjection does not restore the
        // input.
        if String(decoding: input, as: UTF8.self).contains("sidecar.istio.io/status") { return [] }
        for keepsWayBack in [false, true] {
            var options = ManifestOptions()
            options.provenance = keepsWayBack
            let once = try Pipeline.inject(manifest: input, snapshot: snapshot, options: options)
            let twice = try Pipeline.inject(manifest: once.output, snapshot: snapshot, options: options)
            if twice.output != once.output {
                let change = UnifiedDiff.text(from: once.output, to: twice.output, name: "injected twice")
                problems.append(String(decoding: change, as: UTF8.self))
            }
            guard keepsWayBack else { continue }
            let back = try Pipeline.uninject(manifest: once.output)
            for workload in back.workloads where workload.notes.contains(where: { $0.contains("not kept") }) {
                problems.append("led back, the text of \(workload.kind) \(workload.name) is not kept")
            }
            let want = try YAMLReader.documents(input).filter { !$0.isEmpty }.map(\.value)
            let got = try YAMLReader.documents(back.output).filter { !$0.isEmpty }.map(\.value)
            if want != got {
                let change = UnifiedDiff.text(from: input, to: back.output, name: "led back")
                problems.append(String(decoding: change, as: UTF8.self))
            }
        }
        var selfChecked = ReviewOptions()
        selfChecked.selfCheck = true
        for file in entries(of: folder + "/webhook") where file.hasSuffix(".review.json") {
            let review = try JSON.read(text(of: "\(folder)/webhook/\(file)"))
            let answer = try Answer(
                to: review, snapshot: try self.snapshot("serveFlags"), options: selfChecked)
            if !answer.allowed { problems.append("\(file): \(answer.message)") }
        }
        return problems
    }

    func reviewProblems() throws -> [String] {
        var problems: [String] = []
        for file in entries(of: folder + "/webhook") where file.hasSuffix(".review.json") {
            let review = try JSON.read(text(of: "\(folder)/webhook/\(file)"))
            let recorded = file.replacing(".review.json", with: ".pod.yaml")
            let want = try YAMLReader.value(text(of: "\(folder)/webhook/\(recorded)"))
            let answer = try Answer(to: review, snapshot: try snapshot("serveFlags"))
            guard answer.allowed else {
                problems.append("\(file): not allowed: \(answer.message)")
                continue
            }
            let pod = try JSONPatch.apply(answer.patch, to: review["request"]?["object"] ?? .null)
            if answer.patch.count > 120 { problems.append("\(file): \(answer.patch.count) operations") }
            let problem = ObjectComparison.difference(Self.compared(want), Self.compared(pod))
            if let problem { problems.append("\(file): \(problem)") }
        }
        return problems
    }

    private static func compared(_ pod: Value) -> Value {
        var pod = pod
        pod.modifyObject { pod in
            pod["apiVersion"] = nil
            pod["kind"] = nil
            pod.modify("metadata") { $0.modifyObject { $0["managedFields"] = nil } }
        }
        return ObjectComparison.normal(pod)
    }
}

/// The parsed answer to a review.
struct Answer {
    let report: ReviewReport
    let review: Value
    let allowed: Bool
    let message: String
    let patch: [JSONPatch.Operation]

    init(
        to review: Value, path: String = "/inject", snapshot: Snapshot,
        options: ReviewOptions = ReviewOptions()
    ) throws {
        try self.init(toText: JSON.text(review), path: path, snapshot: snapshot, options: options)
    }

    /// Reviews the creation of a pod in the namespace `shop`.
    init(toCreating pod: Value, snapshot: Snapshot, options: ReviewOptions = ReviewOptions()) throws {
        let review: Value = [
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": ["uid": "u", "namespace": "shop", "operation": "CREATE", "object": pod],
        ]
        try self.init(to: review, snapshot: snapshot, options: options)
    }

    init(
        toText text: String, path: String = "/inject", snapshot: Snapshot,
        options: ReviewOptions = ReviewOptions()
    ) throws {
        var output = ByteBuffer()
        report = Array(text.utf8).withUnsafeBufferPointer {
            Pipeline.review($0, path: path, snapshot: snapshot, options: options, into: &output)
        }
        self.review = try JSON.read(output.bytes)
        let response = self.review["response"]
        allowed = response?["allowed"]?.bool ?? false
        message = response?["status"]?["message"]?.string ?? ""
        let bytes = response?["patch"]?.string.flatMap { Base64.decode($0) } ?? []
        patch = bytes.isEmpty ? [] : try JSONPatch.operations(try JSON.read(bytes))
    }
}

/// Snapshots for tests, each compiled once.
enum Snapshots {
    static let registry: PluginRegistry = {
        do {
            return try PluginRegistry(
                renderers: [GoTemplateRenderer(), MustacheRenderer(), LiteralRenderer()],
                decisions: [PolicyPlugin()])
        } catch {
            preconditionFailure("\(error)")
        }
    }()

    private static let known = Mutex<[String: Snapshot]>([:])

    /// The snapshot of a set of files and options, compiled once.
    static func compiled(_ paths: [String], _ options: InjectionOptions) throws -> Snapshot {
        let key =
            "\(paths) \(options.revision) \(options.nativeSidecars) \(options.environment) \(options.taint)"
        if let snapshot = known.withLock({ $0[key] }) { return snapshot }
        let snapshot = try compiledAnew(paths, options)
        known.withLock { $0[key] = snapshot }
        return snapshot
    }

    private static func compiledAnew(_ paths: [String], _ options: InjectionOptions) throws -> Snapshot {
        let named = paths.map { NamedText(name: $0, bytes: contents(of: $0) ?? []) }
        return try InjectionConfiguration.compile(
            InjectionFiles(configuration: named[0], values: named[1], mesh: named[2]), registry: registry,
            options: options)
    }

    static func bench(_ version: String, taint: TaintMode = .enforce) throws -> Snapshot {
        let folder = CaseCollection.istioConfigurations.path("config-\(version)")
        var options = InjectionOptions()
        options.taint = taint
        options.revision = "default"
        return try compiled(["inject-config", "values", "mesh"].map { "\(folder)/\($0).yaml" }, options)
    }

    /// The snapshot of a configuration that is written in a test.
    static func make(
        _ configuration: String, values: String = "{}", mesh: String = "{}",
        options: InjectionOptions = InjectionOptions()
    ) throws -> Snapshot {
        try InjectionConfiguration.compile(
            InjectionFiles(
                configuration: NamedText(name: "config", text: configuration),
                values: NamedText(name: "values", text: values), mesh: NamedText(name: "mesh", text: mesh)),
            registry: registry, options: options)
    }
}
