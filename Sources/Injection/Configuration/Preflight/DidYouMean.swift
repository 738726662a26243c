import PluginAPI
import Values

/// The name that was meant, for messages of template engines about one that is not there.
enum DidYouMean {
    /// `function "toYml" not defined`: the function of the engine that is meant.
    static func function(in detail: String, of renderer: any Renderer, sets: [String]) -> String? {
        guard let head = text(in: detail, after: "function \"", before: "\" not defined") else { return nil }
        let known = renderer.functions.filter { $0.set == "built-in" || sets.contains($0.set) }.map(\.name)
        return Spelling.nearest(head, among: known).first.map { "did you mean \($0)?" }
    }

    /// `can't evaluate field ObjectMata in type *inject.SidecarTemplateData`: the field or method of that type that is
    /// meant.
    static func field(in message: String, form: PolicyConfiguration.Form) -> String? {
        guard let field = text(in: message, after: "can't evaluate field ", before: " in type "),
            let name = text(in: message, after: " in type ", before: nil),
            let type = TypeTable.of(form).type(named: String(name.drop { $0 == "*" }))
        else { return nil }
        let known = type.fields.map(\.name) + type.methods.keys.sorted()
        return Spelling.nearest(field, among: known).first.map { "did you mean .\($0)?" }
    }

    /// The text between two others, or to the end.
    private static func text(in text: String, after start: String, before end: String?) -> String? {
        guard let first = range(of: start, in: text[...]) else { return nil }
        let rest = text[first.upperBound...]
        guard let end else { return String(rest) }
        return range(of: end, in: rest).map { String(rest[..<$0.lowerBound]) }
    }

    /// Messages are short.
    private static func range(of part: String, in text: Substring) -> Range<Substring.Index>? {
        var start = text.startIndex
        while start < text.endIndex {
            if text[start...].hasPrefix(part) { return start..<text.index(start, offsetBy: part.count) }
            start = text.index(after: start)
        }
        return nil
    }
}
