import PluginAPI
import Values

/// The way back from an injected workload, kept in an annotation of its pod template: a JSON patch from the workload as
/// it is now, without that annotation, to the workload as it was.
enum Provenance {
    static let annotation = "pillion.dev/way-back"

    /// The workload with the way back written into it.
    ///
    /// - Parameter metadataPath: where the pod template's metadata stands in the object.
    static func recorded(in injected: Value, from original: Value, metadataPath: [String]) -> Value {
        // A second injection keeps the first one's: that leads back to where there was none.
        let path = metadataPath + ["annotations", annotation]
        if Workload.value(at: path[...], in: original) != nil { return injected }
        let wayBack = JSONPatch.diff(from: injected, to: original)
        guard !wayBack.isEmpty else { return injected }
        var text = ByteBuffer()
        JSONPatch.write(wayBack, into: &text)
        var result = injected
        result.replaceMember(at: path[...], with: .string(text.text))
        return result
    }

    /// The workload as it was, or nil where it holds no way back.
    ///
    /// - Throws: a way back that is none, or does not fit what the workload became since.
    static func undone(_ object: Value, metadataPath: [String]) throws(InjectionError) -> Value? {
        let path = metadataPath + ["annotations"]
        guard case .object(var annotations)? = Workload.value(at: path[...], in: object),
            let text = annotations[annotation]?.string
        else { return nil }
        annotations[annotation] = nil
        var result = object
        result.replaceMember(at: path[...], with: .object(annotations))
        do {
            let operations = try JSONPatch.operations(
                JSON.read(text, limits: JSONLimits(depth: 256, bytes: 3 << 20)))
            return try JSONPatch.apply(operations, to: result)
        } catch {
            throw InjectionError(
                .patch, .patchSelfCheckFailed,
                "the annotation \(annotation) does not lead back, the workload was changed since: \(error)")
        }
    }
}
