public import PluginAPI
public import Values

/// Why a pod could not be injected, or a manifest not be read.
public struct InjectionError: Error, Sendable, CustomStringConvertible {
    /// The step that failed; the label of the error counters.
    public enum Stage: String, Sendable, CaseIterable {
        case decode, decide, render, parse, schema, patch, encode, deadline, overload
    }

    public var stage: Stage
    public var code: ReasonCode
    /// Istio's text where it has one.
    public var message: String
    /// The place in the injection template, where there is one.
    public var place: RenderError.Place?
    /// The place in the text that the template made.
    public var rendered: SourcePosition?
    /// The lines of the rendered text around the place.
    public var snippet: String?
    /// The template's line, with a mark below the place.
    public var source: String?
    /// What a value of the template wrote there, its beginning, and the value's place in the template.
    public var written: (value: String, by: RenderError.Place)?
    public var limit: ReachedLimit?
    /// The place in the manifest, where that is what could not be read.
    public var manifest: SourcePosition?
    /// What else was wrong with the same pod, in the order of the steps, or with the same manifest, in its order.
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

    /// The template's line and the rendered ones, with what a value wrote there; nil where no place is known.
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

    /// The message as it is, or where there are others, all of them, each on a line of its own.
    public var description: String {
        guard !others.isEmpty else { return message }
        return all.map { error in
            var text = error.message
            while text.hasSuffix("\n") { text.removeLast() }
            return text
        }.joined(separator: "\n")
    }

    /// This one and the others, none of which has others.
    public var all: [InjectionError] {
        var first = self
        first.others = []
        return [first] + others
    }
}
