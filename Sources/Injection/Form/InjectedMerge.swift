import PluginAPI
import Values

/// Merges rendered pods and the user's containers strategically into a pod, with errors as `InjectionError`.
enum InjectedMerge {
    @discardableResult
    static func merge(
        _ patch: TypedDecoding.Result, into original: inout Value, as type: ObjectType
    ) throws(InjectionError) -> StrategicMerge.Effects {
        do {
            return try StrategicMerge.merge(patch, into: &original, as: type)
        } catch {
            throw InjectionError(
                .schema, .renderedSchemaInvalid,
                IstioText.overlayFailed
                    + "\(error.pointer.isEmpty ? "/" : error.pointer): \(error.message)")
        }
    }
}
