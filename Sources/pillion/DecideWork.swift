import Injection
import PluginAPI
import Values

/// The objects in the manifests of a command line, and the decision about each.
struct DecidedObjects {
    struct Answer {
        var file: String
        /// The line of the object's document, from 1.
        var line: Int
        var answer: DecisionAnswer
    }

    /// A file that could not be read.
    struct Problem {
        var file: String
        var position: SourcePosition?
        var message: String
    }

    var paths: [String] = []
    var answers: [Answer] = []
    var problems: [Problem] = []

    /// The answers about objects with pods.
    var workloads: [DecisionAnswer] { answers.map(\.answer).filter(\.isWorkload) }

    /// Whether an API server would refuse an injected pod.
    var hasForecast: Bool { workloads.contains(where: \.isForecastRefused) }

    /// - Parameter failOn: `skip`, `error` or `never`. A file that cannot be read is a failure in any case.
    func status(failOn: String) -> ExitStatus {
        if !problems.isEmpty { return .failure }
        if failOn == "never" { return .success }
        let workloads = workloads
        if workloads.contains(where: { $0.decision.reason.kind == .error }) { return .failure }
        return failOn == "error" || workloads.allSatisfy(\.decision.inject) ? .success : .negative
    }
}

/// Reads the objects of a command line and decides about each.
struct DecideWork {
    private let snapshot: Snapshot
    private let explain: Bool
    private let forecast: Bool
    private let paths: [String]
    private let namespace: String?
    /// The labels of the namespace on the command line; nil if none were given.
    private let labels: Object?
    private let webhook: (any WebhookMatcher)?

    init(_ arguments: Arguments, _ snapshot: Snapshot, explain: Bool) throws {
        self.snapshot = snapshot
        self.explain = explain
        forecast = arguments.choice("forecast") != "off"
        paths = try ManifestPaths(arguments).paths
        namespace = arguments.string("namespace")
        let pairs = try arguments.pairs("namespace-labels")
        labels =
            arguments.isGiven("namespace-labels")
            ? Object(pairs.map { Member($0.key, .string($0.value)) }) : nil
        webhook = try Self.webhooks(arguments, snapshot)
    }

    private static func webhooks(_ arguments: Arguments, _ snapshot: Snapshot) throws -> (any WebhookMatcher)?
    {
        guard let path = arguments.string("webhookConfig") else { return nil }
        let documents = try values(ofFile: path)
        do throws(WebhookConfigurationError) {
            return try snapshot.webhooks(documents.count == 1 ? documents[0] : .array(documents), file: path)
        } catch {
            throw Failure(error.message)
        }
    }

    func run() throws -> DecidedObjects {
        var found = DecidedObjects()
        found.paths = paths
        var documents: [(file: String, document: ManifestDocument)] = []
        for path in paths {
            let file = path == "-" ? "standard input" : path
            do {
                for document in try Pipeline.documents(of: read(file: path), name: file) {
                    documents.append((file, document))
                }
            } catch let error as InjectionError {
                complain(error.message)
                found.problems.append(
                    DecidedObjects.Problem(file: file, position: error.manifest, message: error.message))
            } catch let error as Failure {
                complain(error.message)
                found.problems.append(DecidedObjects.Problem(file: file, message: error.message))
            }
        }
        let namespaces = NamespaceLabels(documents.map(\.document.value))
        for (file, document) in documents {
            let answers = Pipeline.decide(
                object: document.value, namespace: namespace, namespaceLabels: labels,
                namespaces: namespaces.labels, webhook: webhook, explain: explain, forecast: forecast,
                snapshot: snapshot)
            found.answers += answers.map {
                DecidedObjects.Answer(file: file, line: document.line, answer: $0)
            }
        }
        return found
    }
}
