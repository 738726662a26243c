import PluginAPI
import Values

/// Suggests the intended name for messages of template engines about an unknown one.
enum DidYouMean {
    /// A suggestion for the name of a function that the engine does not have.
    static func function(_ name: String, of renderer: any Renderer, sets: [String]) -> String? {
        let known = renderer.functions.filter { $0.set == "built-in" || sets.contains($0.set) }.map(\.name)
        return Spelling.nearest(name, among: known).first.map { "did you mean \($0)?" }
    }

    /// A suggestion for a message like `can't evaluate field ObjectMata in type *inject.SidecarTemplateData`: the
    /// nearest field or method of that type.
    static func field(in message: String, form: PolicyConfiguration.Form) -> String? {
        guard let field = text(in: message, after: "can't evaluate field ", before: " in type "),
            let name = text(in: message, after: " in type ", before: nil),
            let type = TypeTable.of(form).type(named: String(name.drop { $0 == "*" }))
        else { return nil }
        let known = type.fields.map(\.name) + type.methods.keys.sorted()
        return Spelling.nearest(field, among: known).first.map { "did you mean .\($0)?" }
    }

    /// The text between two others, or up to the end.
    private static func text(in text: String, after start: String, before end: String?) -> String? {
        guard let first = text.firstRange(ofBytes: start, from: text.startIndex) else { return nil }
        guard let end else { return String(text[first.upperBound...]) }
        return text.firstRange(ofBytes: end, from: first.upperBound).map {
            String(text[first.upperBound..<$0.lowerBound])
        }
    }
}
