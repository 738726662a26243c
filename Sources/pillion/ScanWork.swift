import Fleet
import Injection
import Kubernetes
import PluginAPI
import System
import Values

/// One run of `pillion scan`.
struct ScanWork {
    private let arguments: Arguments
    private let cluster: ClusterConfiguration
    private let paths: [String]
    private let format: String
    private let listsAll: Bool
    private let snapshot: Snapshot
    private let namespaceLabels: [String: Object]
    private let progress: Progress
    /// The largest number of problems of a stream that are printed; further ones are counted.
    private static let shownProblems = 20

    init(_ arguments: Arguments) throws {
        self.arguments = arguments
        paths = arguments.list("filename")
        guard paths.filter({ $0 == "-" }).count <= 1 else { throw UsageError("-f - is given more than once") }
        format = arguments.choice("output") ?? "table"
        progress = Progress(isOff: format == "json" && standardOutput.isTerminal)
        listsAll = try arguments.flag("all")
        cluster = ClusterConfiguration(arguments)
        snapshot = try compile(
            try cluster.files(), arguments, nativeSidecars: cluster.nativeSidecars())
        namespaceLabels = try injectionOptions(arguments).namespaceLabels
    }

    func run() throws -> ExitStatus {
        var options = FleetScan.Options()
        options.namespace = arguments.string("namespace")
        options.path = arguments.string("injectPath") ?? options.path
        options.findsPlaces = try arguments.flag("template-lines")
        options.webhook = try givenWebhooks()
        options.namespaces = namespaceLabels
        let isCluster = paths.isEmpty
        if isCluster, options.webhook == nil { options.webhook = try clusterWebhooks() }
        var scan = FleetScan(snapshot, options: options)
        var output = PodOutput(format, all: listsAll)
        var problems = 0
        if isCluster {
            problems += try readCluster(&scan, &output)
        } else {
            for path in paths { problems += try readStream(path, &scan, &output) }
        }
        return finish(scan.summary, &output, problems: problems)
    }

    // MARK: Streams

    /// - Returns: the number of objects that could not be read.
    private func readStream(
        _ path: String, _ scan: inout FleetScan, _ output: inout PodOutput
    ) throws -> Int {
        let name = path == "-" ? "standard input" : path
        var stream = ObjectStream(name: name)
        var problems = 0
        func take(_ part: ObjectStream.Part) {
            scan.add(part) {
                output.add($0)
            } problem: { message in
                problems += 1
                guard problems <= Self.shownProblems else { return }
                progress.end()
                complain(message)
            }
            progress.pods(scan.summary.counts.total)
        }
        do {
            try File.forEachPiece(
                of: path == "-" ? nil : path, failure: { Failure($0.description) as any Error }
            ) {
                try stream.read($0, take)
            }
            try stream.end(take)
        } catch let error as StreamError {
            progress.end()
            complain(error.description)
            problems += 1
        }
        if problems > Self.shownProblems {
            complain("\(name): \(problems - Self.shownProblems) further objects cannot be read")
        }
        return problems
    }

    // MARK: The cluster

    /// - Returns: 1 if some pods could not be read.
    private func readCluster(_ scan: inout FleetScan, _ output: inout PodOutput) throws -> Int {
        let only = arguments.string("namespace")
        do throws(APIError) {
            let client = try cluster.client(Self.limits)
            do throws(APIError) {
                _ = try client.list(.namespaces, name: only, mayMove: true) { (page) throws(APIError) in
                    for namespace in page { scan.add(Self.typed(namespace, "Namespace")) { _ in } }
                }
            } catch {
                complain("labels of namespaces are not known: \(error.message)")
            }
            _ = try client.list(.pods, namespace: only, mayMove: true) { (page) throws(APIError) in
                for pod in page {
                    scan.add(Self.typed(pod, "Pod")) { output.add($0) }
                    progress.pods(scan.summary.counts.total)
                }
            }
        } catch {
            let count = scan.summary.counts.total
            guard count > 0 else { throw Failure(error.message) }
            progress.end()
            complain("\(error.message); the first \(count) pods were read")
            return 1
        }
        return 0
    }

    /// The limits allow a million pods in pages of 100: a page is about 1 MB of JSON, and five times that as Values.
    private static let limits: APILimits = {
        var limits = APILimits.commandLine
        (limits.pageItems, limits.pages) = (100, 10_000)
        return limits
    }()

    /// Adds the kind to an item of a list, which does not have one.
    private static func typed(_ object: Value, _ kind: String) -> Value {
        var object = object
        object.modifyObject { $0["kind"] = .string(kind) }
        return object
    }

    /// Returns the webhook configurations of injectors: those with a webhook whose path has the component `inject`,
    /// such as `/inject`.
    private func clusterWebhooks() throws -> (any WebhookMatcher)? {
        var found: [Value] = []
        do throws(APIError) {
            _ = try cluster.client().list(.mutatingWebhookConfigurations) { (page) throws(APIError) in
                found += page.filter(Self.isInjectors).map { Self.typed($0, "MutatingWebhookConfiguration") }
            }
        } catch {
            complain("webhook configurations are not known: \(error.message)")
        }
        return found.isEmpty ? nil : try compiled(found, file: "the cluster's webhook configurations")
    }

    private static func isInjectors(_ configuration: Value) -> Bool {
        (configuration["webhooks"]?.array ?? []).contains { webhook in
            let client = webhook["clientConfig"]
            let path = client?["service"]?["path"]?.string ?? client?["url"]?.string ?? ""
            return path.begins(with: "/inject") || path.contains("/inject/") || path.ends(with: "/inject")
        }
    }

    private func givenWebhooks() throws -> (any WebhookMatcher)? {
        guard let path = arguments.string("webhookConfig") else { return nil }
        return try compiled(values(ofFile: path), file: path)
    }

    private func compiled(_ documents: [Value], file: String) throws -> any WebhookMatcher {
        do throws(WebhookConfigurationError) {
            return try snapshot.webhooks(documents.count == 1 ? documents[0] : .array(documents), file: file)
        } catch {
            throw Failure(error.message)
        }
    }

    // MARK: The result

    private func finish(_ summary: FleetSummary, _ output: inout PodOutput, problems: Int) -> ExitStatus {
        progress.end()
        output.finish(summary)
        if format == "table" {
            standardOutput.write(FleetReport.table(summary, all: listsAll))
            standardOutput.write(FleetReport.total(summary) + "\n")
        } else if format == "restart" {
            standardOutput.write(FleetReport.restarts(summary))
        }
        if summary.withoutLabels > 0 {
            let subject = summary.withoutLabels == 1 ? "1 pod is" : "\(summary.withoutLabels) pods are"
            complain(
                "\(subject) in namespaces whose labels are not known: the policy alone decided "
                    + "(--namespaceFile, or Namespaces before the pods)")
        }
        if summary.others > 0 {
            complain(summary.others == 1 ? "1 object is not a pod" : "\(summary.others) objects are not pods")
        }
        if problems > 0 { return .failure }
        let counts = summary.counts
        switch arguments.choice("fail-on") {
        case "never": return .success
        case "broken": return counts[.broken] > 0 ? .negative : .success
        default: return counts.isAllCurrent ? .success : .negative
        }
    }
}

/// Prints the pods of `-o json` as they are found.
private struct PodOutput: ~Copyable {
    private let isJSON: Bool
    private let all: Bool
    private var isFirst = true
    private var buffer = ByteBuffer(capacity: 2 * writeBytes)

    /// The number of bytes that are written at once.
    private static let writeBytes = 64 << 10

    init(_ format: String, all: Bool) {
        isJSON = format == "json"
        self.all = all
    }

    mutating func add(_ finding: PodFinding) {
        guard isJSON, all || finding.answer.verdict != .current else { return }
        buffer.append(isFirst ? "{\"pods\": [\n" : ",\n")
        isFirst = false
        JSON.write(FleetReport.json(finding), into: &buffer)
        if buffer.count >= Self.writeBytes { flush() }
    }

    mutating func finish(_ summary: FleetSummary) {
        guard isJSON else { return }
        if isFirst { buffer.append("{\"pods\": [") }
        buffer.append("],\n\"owners\": ")
        JSON.write(FleetReport.owners(summary, all: all), into: &buffer)
        buffer.append(",\n\"total\": ")
        JSON.write(FleetReport.json(summary.counts), into: &buffer)
        buffer.append("}\n")
        flush()
    }

    private mutating func flush() {
        standardOutput.write(buffer.bytes)
        buffer.truncate(to: 0)
    }
}
