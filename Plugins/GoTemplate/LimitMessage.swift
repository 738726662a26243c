import PluginAPI

/// The sentences for limits that were reached: which one, its value, and the flag that raises it.
enum LimitMessage {
    /// - Parameter head: what stands before the sentence: the place as Go writes it.
    static func error(
        _ name: String, _ value: Int, _ flag: String, head: String, place: RenderError.Place?
    ) -> RenderError {
        RenderError(
            kind: .limit, detail: head + sentence(name, value, flag), place: place,
            limit: .init(name: name, value: value, flag: flag))
    }

    static func sentence(_ name: String, _ value: Int, _ flag: String) -> String {
        let what =
            switch name {
            case "steps": "the template takes more than \(value) steps"
            case "outputBytes": "the output is longer than \(value) bytes"
            case "depth": "templates call each other more than \(value) deep"
            case "rangeItems": "a range has more than \(value) rounds"
            case "functionBytes": "a function would build more than \(value) bytes"
            case "regexBytes": "a regular expression is longer than \(value) bytes"
            case "sourceBytes": "the template source is longer than \(value) bytes"
            case "nesting": "blocks and parentheses nest more than \(value) deep"
            case "nodes": "the template has more than \(value) nodes"
            default: "more than \(value) of \(name)"
            }
        return "\(what) (limit \(name), set by \(flag))"
    }
}
