import PluginAPI
import Values

/// Strategic merge of Kubernetes objects by the patch strategies and merge keys of their Go types.
enum StrategicMerge {
    /// Merges `patch` into `original`.
    ///
    /// `patch` should have been through `TypedDecoding.decode(_, .patch)`; the original may be anything and keeps
    /// what the type does not know.
    static func merge(
        _ patch: Value, into original: inout Value, as type: ObjectType
    ) throws(SchemaError) {
    }
}
