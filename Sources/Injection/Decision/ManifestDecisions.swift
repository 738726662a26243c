public import PluginAPI
public import Values
import YAML

/// The decisions for the workloads of a manifest, and the manifest after edits.
public struct ManifestDecisions: Sendable {
    /// One answer and the document that it is about.
    public struct Answer: Sendable {
        /// The index of the document in the manifest.
        public var document: Int
        /// The line on which it begins, from 1.
        public var line: Int
        public var answer: DecisionAnswer
        /// Whether the trace and the counterfactuals were requested.
        public var isDetailed: Bool
        /// The lines of the values in the manifest that the rules matched, by `TraceStep.source`.
        public var lines: [String: Int]
        /// The edits of each counterfactual, in the order of `answer.counterfactuals`.
        public var edits: [[DecisionEdit]]
    }

    /// Selects one workload.
    public enum Detail: Sendable, Equatable {
        /// The first of the manifest.
        case first
        case workload(document: Int, pointer: String)
    }

    public var answers: [Answer]
    /// The manifest's text after the edits, with its comments, order and quotes.
    public var manifest: [UInt8]
}

/// One edit of a counterfactual, with the place that it changes.
public enum DecisionEdit: Sendable, Equatable {
    case manifest(ManifestEdit)
    /// The namespace of objects that name none.
    case namespace(String)
    /// A label of the namespace; nil removes it.
    case namespaceLabel(String, String?)
    /// The default policy of the injection configuration.
    case policy(String)
}

/// Edits the documents of a manifest and collects them, so that they can be decided together.
struct ManifestEdits: ManifestChange {
    let edits: [ManifestEdit]
    let options: ManifestOptions
    var reports: [WorkloadReport] = []
    var problems: [InjectionError] = []
    private(set) var documents: [(value: Value, document: Int, line: Int)] = []

    init(_ edits: [ManifestEdit], options: ManifestOptions) {
        self.edits = edits
        self.options = options
    }

    mutating func change(_ value: Value, document: Int, line: Int) throws(InjectionError) -> Value? {
        var result = value
        for edit in edits where edit.document == document { edit.apply(to: &result) }
        documents.append((result, document, line))
        return result
    }
}

extension Pipeline {
    /// Decides for every workload of a manifest, after editing it. Namespaces in the manifest provide the labels for
    /// the objects in them if `namespaceLabels` is nil.
    ///
    /// - Parameters: as those of `decide`, and
    ///   - detail: the one workload whose trace, lines and edits are requested; nil requests all.
    public static func decide(
        manifest: [UInt8], edits: [ManifestEdit] = [], namespace: String? = nil,
        namespaceLabels: Object? = nil, webhook: (any WebhookMatcher)? = nil, explain: Bool = false,
        forecast: Bool = false, detail: ManifestDecisions.Detail? = nil, snapshot: Snapshot
    ) throws(InjectionError) -> ManifestDecisions {
        var options = ManifestOptions()
        options.namespace = namespace
        var run = ManifestEdits(edits, options: options)
        let outcome = try Manifest(
            manifest, format: .auto, name: options.name, values: Pipeline.maximumValues
        )
        .changed(by: &run)
        let namespaces = NamespaceLabels(run.documents.map(\.value))
        // No workload has this pointer.
        let unmatched = "/"
        let places = Self.places(in: outcome.output, ofDocuments: run.documents.map(\.line))
        var answers: [ManifestDecisions.Answer] = []
        for (index, (value, document, line)) in run.documents.enumerated() {
            var question = DecisionQuestion(
                namespace: namespace, namespaceLabels: namespaceLabels, namespaces: namespaces.labels,
                webhook: webhook, explain: explain, forecasts: forecast, snapshot: snapshot)
            switch detail {
            case nil: break
            case .workload(document, let pointer)?: question.explained = pointer
            case .workload?: question.explained = unmatched
            case .first?:
                let isFirst = !answers.contains { $0.answer.isWorkload }
                let first = isFirst ? question.workloads(in: value).first : nil
                question.explained = first.map(\.pointer) ?? unmatched
            }
            answers += question.answers(about: value).map { answer in
                var place: (document: Int, pointer: JSONPointer)?
                if namespaceLabels == nil, let known = namespaces.places[answer.namespace] {
                    place = (run.documents[known.document].document, known.pointer)
                }
                let edits = answer.counterfactuals.map { counterfactual in
                    counterfactual.edits.map { $0.located(answer, document: document, labels: place) }
                }
                return ManifestDecisions.Answer(
                    document: document, line: line, answer: answer,
                    isDetailed: question.explained.map { $0 == answer.pointer } ?? true,
                    lines: Self.lines(of: answer, in: places.indices.contains(index) ? places[index] : [:]),
                    edits: edits)
            }
        }
        return ManifestDecisions(answers: answers, manifest: outcome.output)
    }

    /// The positions of the values of each document, by JSON pointer; empty for a text that is not YAML.
    private static func places(in text: [UInt8], ofDocuments lines: [Int]) -> [[String: SourcePosition]] {
        guard text.count <= locatedBytes,
            let documents = try? YAMLReader.documents(text, options: YAMLOptions(positions: true))
        else { return [] }
        let found = documents.filter { !$0.isEmpty }
        return found.count == lines.count ? found.map { $0.positions ?? [:] } : []
    }

    /// The maximum size of a text whose positions are recorded: they take as much memory as the values.
    private static let locatedBytes = 1 << 20

    private static func lines(
        of answer: DecisionAnswer, in places: [String: SourcePosition]
    ) -> [String: Int] {
        var lines: [String: Int] = [:]
        for step in answer.decision.trace {
            guard let source = step.source, source.begins(with: "/") else { continue }
            // If the value itself has no position, the nearest one around it is used.
            var pointer = answer.pointer + source
            while places[pointer] == nil, let slash = pointer.lastIndex(ofByte: "/"),
                slash > pointer.startIndex
            {
                pointer = String(pointer[..<slash])
            }
            if let place = places[pointer] { lines[source] = place.line }
        }
        return lines
    }
}

extension Counterfactual.Edit {
    /// Returns the edit with its place.
    ///
    /// - Parameter labels: the place of the namespace's labels in the manifest; nil if they are not in it.
    fileprivate func located(
        _ answer: DecisionAnswer, document: Int, labels: (document: Int, pointer: JSONPointer)?
    ) -> DecisionEdit {
        func pod(_ tokens: [String], _ value: String?) -> DecisionEdit {
            .manifest(
                ManifestEdit(
                    document: document, pointer: JSONPointer(answer.podPath + tokens),
                    value: value.map { .string($0) }))
        }
        func label(_ key: String, _ value: String?) -> DecisionEdit {
            guard let labels else { return .namespaceLabel(key, value) }
            return .manifest(
                ManifestEdit(
                    document: labels.document, pointer: labels.pointer.appending(key),
                    value: value.map { .string($0) }))
        }
        switch self {
        case .setAnnotation(let key, let value): return pod(["metadata", "annotations", key], value)
        case .removeAnnotation(let key): return pod(["metadata", "annotations", key], nil)
        case .setLabel(let key, let value): return pod(["metadata", "labels", key], value)
        case .removeLabel(let key): return pod(["metadata", "labels", key], nil)
        case .hostNetwork(let flag):
            return .manifest(
                ManifestEdit(
                    document: document, pointer: JSONPointer(answer.podPath + ["spec", "hostNetwork"]),
                    value: flag ? true : nil))
        case .namespace(let name):
            guard let path = answer.namespacePath else { return .namespace(name) }
            return .manifest(
                ManifestEdit(document: document, pointer: JSONPointer(path), value: .string(name)))
        case .setNamespaceLabel(let key, let value): return label(key, value)
        case .removeNamespaceLabel(let key): return label(key, nil)
        case .policy(let text): return .policy(text)
        }
    }
}
