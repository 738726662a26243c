import PluginAPI
import Values

/// Injects the fixtures with a Snapshot and collects the problems.
struct PreflightRun {
    let snapshot: Snapshot
    let allowsPrivileged: Bool

    private struct Problem {
        var code: String
        var message: String
        var remedy: String?
        /// The first fixture that has this problem.
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
    private var rendersNothing = 0

    init(snapshot: Snapshot, allowsPrivileged: Bool) {
        self.snapshot = snapshot
        self.allowsPrivileged = allowsPrivileged
    }

    mutating func attempt(_ fixture: PreflightFixture) {
        let subject = InjectionSubject(
            pod: fixture.pod, form: snapshot.form, namespace: "default", isReview: true)
        subject.isTrial = true
        do throws(InjectionError) {
            let injected = try PodInjection.inject(subject, snapshot: snapshot)
            if subject.hasRenderedNothing { rendersNothing += 1 }
            for note in subject.templateNotes {
                add(
                    Problem(
                        code: note.kind.rawValue, message: note.message, fixture: fixture.name,
                        line: note.line, isWarning: note.kind != .valueMissing))
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

    /// The maximum number of problems that are reported: nobody reads more.
    private static let mostProblems = 50

    func findings(of fixtures: Int, in places: TemplatePlaces) -> [Diagnostic] {
        var problems = problems
        if rendersNothing == fixtures {
            problems.append(
                Problem(
                    code: ReasonCode.nothingRendered.rawValue,
                    message: "the templates render to nothing, so that no sidecar is injected",
                    remedy:
                        "look at the conditions in the templates; a label that only some pods have is a good reason",
                    fixture: "", count: fixtures, isWarning: true))
        }
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
