public import PluginAPI
import System
public import Values

/// The error of a pod that could not be injected or of a manifest that could not be read.
public struct InjectionError: Error, Sendable, CustomStringConvertible {
    /// The step that failed; the label of the error counters.
    public enum Stage: String, Sendable, CaseIterable {
        case decode, decide, render, parse, schema, patch, deadline, overload
    }

    public var stage: Stage
    public var code: ReasonCode
    /// Istio's sentence if Istio has the same error.
    public var message: String
    /// The place in the injection template, if known.
    public var place: RenderError.Place?
    /// The place in the rendered text.
    public var rendered: SourcePosition?
    /// The lines of the rendered text around the place.
    public var snippet: String?
    /// The template's line, with a caret under the place.
    public var source: String?
    /// The beginning of the value that was written there, and the place in the template that wrote it.
    public var written: (value: String, by: RenderError.Place)?
    public var limit: ReachedLimit?
    /// For a tainted value: the annotation or field that it came from, and the expression that wrote it.
    public var taint: (name: String, place: RenderError.Place)?
    /// The place in the manifest, if that is what could not be parsed.
    public var manifest: SourcePosition?
    /// The other problems of the same pod, in the order of the steps, or of the same manifest, in its order.
    public var others: [InjectionError] = []

    public init(
        _ stage: Stage, _ code: ReasonCode, _ message: String, place: RenderError.Place? = nil,
        rendered: SourcePosition? = nil, snippet: String? = nil, limit: ReachedLimit? = nil,
        manifest: SourcePosition? = nil
    ) {
        self.stage = stage
        self.code = code
        self.message = message
        self.place = place
        self.rendered = rendered
        self.snippet = snippet
        self.limit = limit
        self.manifest = manifest
    }

    /// Throws if the work was stopped. Called between the steps of an injection.
    static func checkStop() throws(InjectionError) {
        if let stop = WorkStop.current { throw InjectionError(stop) }
    }

    init(_ stop: WorkStop) {
        switch stop {
        case .deadline: self.init(.deadline, .deadlineExceeded, stop.sentence)
        case .memory: self.init(.render, .limitExceeded, stop.sentence)
        case .clientGone, .overload: self.init(.overload, .overloaded, stop.sentence)
        }
    }

    /// The template's line and the rendered lines, with the value that was written there; nil if no place is known.
    public var excerpt: String? {
        var lines: [String] = []
        if let source, let place { lines.append("in the template \"\(place.template)\":\n\(source)") }
        if let written {
            let place = "\(written.by.template):\(written.by.line):\(written.by.column ?? 1)"
            lines.append("\(place) wrote \(JSON.text(.string(written.value)))")
        }
        if let snippet { lines.append(source == nil ? snippet : "in what it rendered:\n\(snippet)") }
        return lines.isEmpty ? nil : lines.joined(separator: "\n")
    }

    /// The message unchanged; if there are other problems, all messages, each on its own line.
    public var description: String {
        guard !others.isEmpty else { return message }
        return all.map { error in
            var text = error.message
            while text.ends(with: "\n") { text.removeLast() }
            return text
        }.joined(separator: "\n")
    }

    /// This problem and the others, in one list.
    public var all: [InjectionError] {
        var first = self
        first.others = []
        return [first] + others
    }
}
