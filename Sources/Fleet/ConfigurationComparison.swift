public import Injection
import PluginAPI
public import Values

/// Compares two configurations over a corpus of pods: which edit changes which pods.
///
/// In: both configurations and the pods. Out: for each edit of a template, the pods that it changes; the same for each
/// line of a template whose output differs because of values, mesh or policy; and the edits without effect.
///
/// The effect of an edit is determined by applying it: each is applied alone to the old templates, and changes the pods
/// that then differ. If edits have an effect only together, each is reverted alone in the new templates.
public struct ConfigurationComparison {
    /// A pod of the corpus.
    public struct Subject: Sendable {
        public var name: String
        public var object: Value
        public var question: LiveQuestion

        public init(name: String, object: Value, question: LiveQuestion = LiveQuestion()) {
            self.name = name
            self.object = object
            self.question = question
        }
    }

    /// A cause of differences between pods, and the differences.
    public struct Cause: Sendable {
        public enum Kind: String, Sendable { case edit, values, decision }

        public var kind: Kind
        /// The edit; nil for another cause.
        public var edit: TemplateEdit?
        /// The template, and its line: that of the edit, or the one whose output differs.
        public var template: String
        public var line: Int
        /// The line of the configuration's file; nil if the file does not contain the template's lines unchanged.
        public var fileLine: Int?
        public var pods: [String] = []
        /// The differences of the first of the pods, at most `shown`.
        public var differences: [LiveDifference] = []
        /// The reason why the first of the pods would be refused.
        public var error: String?
    }

    /// The result.
    public struct Result: Sendable {
        public internal(set) var pods = 0
        public internal(set) var changed = 0
        public internal(set) var causes: [Cause] = []
        public internal(set) var withoutEffect: [Cause] = []
    }

    public typealias Compile = (InjectionFiles) throws -> Snapshot

    /// The largest number of differences that are kept for each cause.
    public static let shown = 5
    /// The largest number of edits: for each, the configuration is compiled once more.
    public static let maximumEdits = 200

    private let old: InjectionFiles
    private let new: InjectionFiles
    private let compile: Compile
    private let oldTemplates: ConfigurationTemplates
    private let newTemplates: ConfigurationTemplates
    private let edits: [TemplateEdit]
    /// The old texts of templates that both configurations have.
    private let oldTexts: [String: String]
    private var variants: [[Int]: Snapshot?] = [:]
    private var result = Result()

    /// - Parameter compile: compiles files with the options of the run.
    /// - Returns: nil if a configuration is not YAML.
    public init?(_ old: InjectionFiles, _ new: InjectionFiles, compile: @escaping Compile) {
        guard let before = ConfigurationTemplates(old.configuration),
            let after = ConfigurationTemplates(new.configuration)
        else { return nil }
        (self.old, self.new, self.compile) = (old, new, compile)
        (oldTemplates, newTemplates) = (before, after)
        var texts: [String: String] = [:]
        var edits: [TemplateEdit] = []
        for template in after.templates {
            guard let other = before.templates.first(where: { $0.name == template.name }) else { continue }
            texts[template.name] = other.text
            edits += TemplateEdit.between(other.text, template.text, template: template.name)
        }
        (oldTexts, self.edits) = (texts, edits)
    }

    /// Whether only templates differ.
    private var hasSameRest: Bool {
        old.values?.bytes == new.values?.bytes && old.mesh?.bytes == new.mesh?.bytes
            && oldTemplates.hasSameRest(as: newTemplates)
    }

    /// Compares the configurations over the corpus.
    ///
    /// - Throws: the errors of `compile` for the two configurations, and an error if there are too many edits.
    public mutating func run(_ corpus: [Subject]) throws -> Result {
        guard edits.count <= Self.maximumEdits else {
            throw ComparisonError(
                "the configurations differ too much: found \(edits.count) edits, expected at most \(Self.maximumEdits)"
            )
        }
        let before = try compile(old)
        let base = hasSameRest ? before : try compile(files(newTemplates.replacing(oldTexts), new))
        let after = try compile(new)
        result.causes = edits.map { cause(of: $0) }
        result.pods = corpus.count
        for subject in corpus {
            let first = trial(subject, before)
            let second = hasSameRest ? first : trial(subject, base)
            let third = trial(subject, after)
            let isChanged = !hasSameRest && note(subject, from: first, to: second)
            let hasEdits = Self.differ(second, third)
            if hasEdits { try attribute(subject, from: second, to: third) }
            if isChanged || hasEdits { result.changed += 1 }
        }
        result.withoutEffect = result.causes.filter { $0.pods.isEmpty }
        result.causes.removeAll { $0.pods.isEmpty }
        return result
    }

    private func files(_ configuration: NamedText, _ side: InjectionFiles) -> InjectionFiles {
        InjectionFiles(configuration: configuration, values: side.values, mesh: side.mesh)
    }

    private func trial(_ subject: Subject, _ snapshot: Snapshot) -> TrialOutcome {
        Pipeline.trial(of: subject.object, question: subject.question, snapshot: snapshot)
    }

    private static func differ(_ one: TrialOutcome, _ other: TrialOutcome) -> Bool {
        if (one.error == nil) != (other.error == nil) { return true }
        if let error = one.error { return error.description != other.error?.description }
        return !other.differences(from: one, findsPlaces: false).isEmpty
    }

    // MARK: Edits

    private func cause(of edit: TemplateEdit) -> Cause {
        let source = edit.isRemoval ? oldTemplates : newTemplates
        let first = source.templates.first { $0.name == edit.template }?.firstLine
        return Cause(
            kind: .edit, edit: edit, template: edit.template, line: edit.line,
            fileLine: first.map { $0 + edit.line - 1 })
    }

    /// The new configuration with only some of the edits; nil if it does not compile.
    private mutating func variant(_ chosen: [Int]) -> Snapshot? {
        if let known = variants[chosen] { return known }
        var texts = oldTexts
        for (name, text) in oldTexts {
            texts[name] = TemplateEdit.applied(
                chosen.map { edits[$0] }.filter { $0.template == name }, to: text)
        }
        let snapshot = try? compile(files(newTemplates.replacing(texts), new))
        variants[chosen] = snapshot
        return snapshot
    }

    private mutating func attribute(
        _ subject: Subject, from before: TrialOutcome, to after: TrialOutcome
    ) throws {
        var responsible: [Int] = []
        for index in edits.indices {
            guard let alone = variant([index]).map({ trial(subject, $0) }) else { continue }
            // An edit that is refused alone depends on another one.
            if alone.error != nil, after.error == nil { continue }
            if Self.differ(before, alone) { responsible.append(index) }
        }
        let together = variant(responsible).map { trial(subject, $0) }
        if together.map({ Self.differ($0, after) }) ?? true {
            for index in edits.indices where !responsible.contains(index) {
                let others = edits.indices.filter { $0 != index }
                guard let without = variant(others).map({ trial(subject, $0) }) else {
                    responsible.append(index)
                    continue
                }
                if Self.differ(without, after) { responsible.append(index) }
            }
        }
        for index in responsible { note(subject, edit: index, from: before, to: after) }
    }

    private mutating func note(
        _ subject: Subject, edit index: Int, from before: TrialOutcome, to after: TrialOutcome
    ) {
        result.causes[index].pods.append(subject.name)
        guard result.causes[index].pods.count == 1 else { return }
        let alone = variant([index]).map { trial(subject, $0) }
        let shown = alone.flatMap { $0.error == nil ? $0 : nil } ?? after
        result.causes[index].error = shown.error?.description
        guard shown.error == nil else { return }
        result.causes[index].differences = Array(
            shown.differences(from: before, findsPlaces: false).prefix(Self.shown))
    }

    // MARK: Values, mesh, policy

    /// Records the differences with other causes than templates.
    ///
    /// - Returns: whether anything differs.
    private mutating func note(
        _ subject: Subject, from before: TrialOutcome, to after: TrialOutcome
    ) -> Bool {
        guard Self.differ(before, after) else { return false }
        if before.isInjected != after.isInjected || after.error != nil || before.error != nil {
            add(
                subject, Cause(kind: .decision, template: "", line: 0), [],
                after.error?.description ?? after.message)
            return true
        }
        var groups: [(place: String, cause: Cause, differences: [LiveDifference])] = []
        for difference in after.differences(from: before) {
            let line = difference.place?.line ?? 0
            let template = difference.place.map { $0.template } ?? ""
            let place = "\(template):\(line)"
            if let index = groups.firstIndex(where: { $0.place == place }) {
                groups[index].differences.append(difference)
            } else {
                groups.append((place, Cause(kind: .values, template: template, line: line), [difference]))
            }
        }
        for group in groups { add(subject, group.cause, group.differences, nil) }
        return true
    }

    private mutating func add(
        _ subject: Subject, _ cause: Cause, _ differences: [LiveDifference], _ error: String?
    ) {
        let index =
            result.causes.firstIndex {
                $0.kind == cause.kind && $0.template == cause.template && $0.line == cause.line
            } ?? result.causes.count
        if index == result.causes.count { result.causes.append(cause) }
        result.causes[index].pods.append(subject.name)
        guard result.causes[index].pods.count == 1 else { return }
        result.causes[index].differences = Array(differences.prefix(Self.shown))
        result.causes[index].error = error
    }
}

/// The reason why two configurations cannot be compared.
public struct ComparisonError: Error, Sendable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}
