import PluginAPI
import Values

/// The name that was meant, for messages of template engines about one that is not there.
enum DidYouMean {
    /// The function of the engine that is meant by one that it does not have.
    static func function(_ name: String, of renderer: any Renderer, sets: [String]) -> String? {
        let known = renderer.functions.filter { $0.set == "built-in" || sets.contains($0.set) }.map(\.name)
        return Spelling.nearest(name, among: known).first.map { "did you mean \($0)?" }
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
        guard let first = text.firstRange(ofBytes: start, from: text.startIndex) else { return nil }
        guard let end else { return String(text[first.upperBound...]) }
        return text.firstRange(ofBytes: end, from: first.upperBound).map {
            String(text[first.upperBound..<$0.lowerBound])
        }
    }
}
