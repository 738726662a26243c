import PluginAPI
import Values

/// The strategic merge of what templates and users wrote into a pod, with errors as the pipeline has them.
enum InjectedMerge {
    static func merge(
        _ patch: TypedDecoding.Result, into original: inout Value, as type: ObjectType
    ) throws(InjectionError) {
        do {
            try StrategicMerge.merge(patch, into: &original, as: type)
        } catch {
            throw InjectionError(
                .schema, .renderedSchemaInvalid,
                IstioText.overlayFailed
                    + "\(error.pointer.isEmpty ? "/" : error.pointer): \(error.message)")
        }
    }
}
