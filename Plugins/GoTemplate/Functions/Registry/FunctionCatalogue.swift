public import PluginAPI

/// Describes the function sets as plain data, which `GET /functions` and `pillion render --functions` list.
public enum FunctionCatalogue {
    /// Describes every function of the sets, in the order of the sets and by name within a set.
    public static func descriptions(of sets: [FunctionSet]) -> [FunctionDescription] {
        sets.flatMap { set in
            set.functions.sorted { GoText.isLess($0.name, $1.name) }.map { describe($0, in: set) }
        }
    }

    private static func describe(_ function: TemplateFunction, in set: FunctionSet) -> FunctionDescription {
        let (template, output) = function.example
        return FunctionDescription(
            name: function.name, set: set.name, signature: function.signatureText, isPure: function.isPure,
            example: template.isEmpty ? nil : .init(template: template, output: output), origin: set.origin,
            summary: function.summary)
    }
}

extension GoTemplateRenderer {
    public var functions: [FunctionDescription] { FunctionCatalogue.descriptions(of: functionSets) }
}
