public import PluginAPI
import Values

/// A configuration tried on pods before it is used: what compiles may still fail on every pod that comes.
///
/// In: a Snapshot. Out: what goes wrong when its templates are rendered over a matrix of pods (`PreflightFixtures`)
/// and merged into them. `pillion validate` prints it; the server refuses a configuration with an error among it.
///
/// | what goes wrong | severity |
/// | --- | --- |
/// | the templates fail on every pod | error |
/// | they fail on some: a template may mean to refuse a pod | warning |
/// | what they print is no YAML or does not fit a pod | error |
/// | the pod that comes out would be refused by an API server (`PodCheck`) | error |
/// | it gives containers the host's powers (`Privileges`) | error, unless that is allowed |
/// | members that no pod has, which are left out | warning |
public enum Preflight {
    /// What a configuration became that may be used.
    public struct Checked: Sendable {
        public var snapshot: Snapshot
        /// What should be said although it can be used: of the files, then of the pods that it was tried on.
        public var warnings: [Diagnostic]

        public init(snapshot: Snapshot, warnings: [Diagnostic]) {
            self.snapshot = snapshot
            self.warnings = warnings
        }
    }

    /// Compiles the files and tries the result.
    ///
    /// - Throws: a `ConfigurationError` with every problem that was found, warnings among them.
    public static func compile(
        _ files: InjectionFiles, registry: PluginRegistry, options: InjectionOptions = InjectionOptions(),
        allowsPrivileged: Bool = false
    ) throws(ConfigurationError) -> Checked {
        let snapshot = try InjectionConfiguration.compile(files, registry: registry, options: options)
        let found = findings(snapshot, in: files.configuration, allowsPrivileged: allowsPrivileged)
        let all = snapshot.warnings + found
        guard !found.contains(where: { $0.severity == .error }) else { throw ConfigurationError(all) }
        return Checked(snapshot: snapshot, warnings: all)
    }

    /// - Parameter allowsPrivileged: whether a template may give a pod what only the host should have.
    /// - Returns: every problem once, errors first. Locations name the file, and its template's line where that can
    ///   be told.
    public static func findings(
        _ snapshot: Snapshot, in configuration: NamedText, allowsPrivileged: Bool = false
    ) -> [Diagnostic] {
        guard !snapshot.templateNames.isEmpty else { return [] }
        var run = PreflightRun(snapshot: snapshot, allowsPrivileged: allowsPrivileged)
        let fixtures = PreflightFixtures.all(snapshot.form)
        for fixture in fixtures { run.attempt(fixture) }
        // What these pods left in the cache no request asks for.
        snapshot.memory.blocks.removeAll()
        return run.findings(of: fixtures.count, in: TemplatePlaces(snapshot, configuration))
    }
}

/// The fixtures on their way through a Snapshot.
private struct PreflightRun {
    let snapshot: Snapshot
    let allowsPrivileged: Bool

    private struct Problem {
        var code: String
        var message: String
        var remedy: String?
        /// The first fixture that showed it.
        var fixture: String
        var count = 1
        /// The line of the template, from 1.
        var line: Int?
        var excerpt: String?
        var isRendering = false
        var isWarning = false
    }
    private var problems: [Problem] = []
    private var failures = 0

    init(snapshot: Snapshot, allowsPrivileged: Bool) {
        self.snapshot = snapshot
        self.allowsPrivileged = allowsPrivileged
    }

    mutating func attempt(_ fixture: PreflightFixture) {
        var subject = InjectionSubject(
            pod: fixture.pod, form: snapshot.form, namespace: "default", isReview: true)
        do throws(InjectionError) {
            let injected = try PodInjection.inject(&subject, snapshot: snapshot)
            for note in subject.templateNotes {
                add(Problem(code: "field_unknown", message: note, fixture: fixture.name, isWarning: true))
            }
            for finding in PodCheck.findings(injected, before: fixture.pod) {
                add(Problem(code: finding.code, message: finding.message, fixture: fixture.name))
            }
            guard !allowsPrivileged else { return }
            for message in Privileges.gained(by: injected, over: fixture.pod) {
                add(
                    Problem(
                        code: "template_privileged", message: message,
                        remedy: "take that out, or serve with --allow-privileged-template",
                        fixture: fixture.name))
            }
        } catch {
            failures += 1
            let isRendering = error.stage == .render || error.stage == .deadline
            add(
                Problem(
                    code: error.code.rawValue, message: error.message,
                    remedy: DidYouMean.field(in: error.message, form: snapshot.form),
                    fixture: fixture.name, line: error.place?.line, excerpt: error.excerpt,
                    isRendering: isRendering))
        }
    }

    private mutating func add(_ problem: Problem) {
        let known = problems.firstIndex { $0.code == problem.code && $0.message == problem.message }
        if let known {
            problems[known].count += 1
        } else if problems.count < Self.mostProblems {
            problems.append(problem)
        }
    }

    /// Nobody reads more.
    private static let mostProblems = 50

    func findings(of fixtures: Int, in places: TemplatePlaces) -> [Diagnostic] {
        let all = problems.map { problem in
            let isWarning = problem.isWarning || problem.isRendering && failures < fixtures
            let extent =
                problem.count == fixtures
                ? "every pod" : "\(problem.count) of \(fixtures) pods, first with \(problem.fixture)"
            return Diagnostic(
                isWarning ? .warning : .error, code: problem.code, at: places.location(problem.line),
                "tried on \(extent): \(problem.message)", remedy: problem.remedy, excerpt: problem.excerpt)
        }
        return all.filter { $0.severity == .error } + all.filter { $0.severity == .warning }
    }
}

/// Where the lines of a template stand in the configuration's file.
struct TemplatePlaces {
    private let file: String
    /// The line of the file, from 1, that holds the template's first; nil where it does not stand there line by line.
    private var firstLine: Int?

    init(_ snapshot: Snapshot, _ configuration: NamedText) {
        file = configuration.name
        // An error names no template; where several are merged it may be any of them.
        let names = snapshot.form == .classic ? [Snapshot.classicName] : snapshot.defaultTemplates
        guard names.count == 1, let source = snapshot.templates[names[0]]?.source else { return }
        let template = Self.lines(source)
        let lines = Self.lines(configuration.bytes)
        guard let first = template.first, !first.isEmpty, template.count <= lines.count else { return }
        firstLine = (0...(lines.count - template.count)).first { start in
            lines[start] == first && lines[start..<(start + template.count)].elementsEqual(template)
        }.map { $0 + 1 }
    }

    func location(_ line: Int?) -> SourceLocation {
        guard let line, let firstLine else { return SourceLocation(file, nil) }
        return SourceLocation(file, SourcePosition(line: firstLine + line - 1, column: 1))
    }

    /// Without what indents them and what ends the text.
    private static func lines(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        var lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines.map { $0.drop { $0 == 0x20 } }
    }
}
