import PluginAPI
import Values

/// The record of how to undo an injection, in an annotation of the pod template: a JSON patch from the injected
/// workload, without that annotation, to the original workload. The first workload of a document also records how to
/// restore the document's own text: `{"patch": […], "text": {…}}` (`TextWayBack`).
enum Provenance {
    static let annotation = "pillion.dev/way-back"

    /// Returns the workload with the record added.
    ///
    /// - Parameter metadataPath: the path to the pod template's metadata in the object.
    static func recorded(in injected: Value, from original: Value, metadataPath: [String]) -> Value {
        // A second injection keeps the record of the first, which leads back to the workload without any injection.
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

    private static let limits = JSONLimits(depth: 256, bytes: 3 << 20)

    /// Returns the original workload; nil if it has no record.
    ///
    /// - Throws: if the record is not valid, or does not fit because the workload was changed since.
    static func undone(_ object: Value, metadataPath: [String]) throws(InjectionError) -> Value? {
        let path = metadataPath + ["annotations"]
        guard case .object(var annotations)? = Workload.value(at: path[...], in: object),
            let text = annotations[annotation]?.string
        else { return nil }
        annotations[annotation] = nil
        var result = object
        result.replaceMember(at: path[...], with: .object(annotations))
        do {
            let record = try JSON.read(text, limits: limits)
            return try JSONPatch.apply(JSONPatch.operations(record["patch"] ?? record), to: result)
        } catch {
            throw InjectionError(
                .patch, .patchSelfCheckFailed,
                "the annotation \(annotation) does not lead back, the workload was changed since: \(error)")
        }
    }

    // MARK: Text

    /// The path of an annotation with a record that is in one document and not in the other.
    static func place(in value: Value, notIn other: Value? = nil) -> [PathStep]? {
        var path: [PathStep] = []
        return search(value, other, &path) ? path : nil
    }

    private static func search(_ value: Value, _ other: Value?, _ path: inout [PathStep]) -> Bool {
        switch value {
        case .object(let object):
            if object[annotation]?.string != nil, other?[annotation] == nil {
                path.append(.member(annotation))
                return true
            }
            for member in object.members {
                path.append(.member(member.key))
                if search(member.value, other?[member.key], &path) { return true }
                path.removeLast()
            }
        case .array(let items):
            for (index, item) in items.enumerated() {
                path.append(.item(index))
                if search(item, other?[index], &path) { return true }
                path.removeLast()
            }
        default: break
        }
        return false
    }

    /// Returns the edited text, with the record of how to restore the previous text in the annotation at that place. If
    /// that cannot be recorded, returns the edited text without it.
    ///
    /// - Parameters:
    ///   - value: the new value of the document; its annotation has the patch for the values.
    ///   - edit: edits the text to a value.
    static func edited(
        _ bytes: [UInt8], to value: Value, place: [PathStep], isJSON: Bool,
        _ edit: (Value) -> ManifestText.Edited?
    ) -> ManifestText.Edited? {
        guard let patch = value.value(at: place[...])?.string.flatMap({ try? JSON.read($0, limits: limits) })
        else {
            return edit(value)
        }
        var marked = value
        marked.replace(at: place[...], with: .string(TextWayBack.placeholder))
        guard var edited = edit(marked),
            let record = TextWayBack.recorded(edited.edits, of: bytes, in: edited.text),
            let text = TextWayBack.replace(
                TextWayBack.placeholder, by: TextWayBack.ascii(["patch": patch, "text": record]),
                in: edited.text, isJSON: isJSON)
        else { return edit(value) }
        edited.text = text
        return edited
    }

    /// Returns the document's original text; nil if only its values were recorded.
    static func restored(_ bytes: [UInt8], saying value: Value, isJSON: Bool) -> [UInt8]? {
        guard let place = place(in: value), let annotation = value.value(at: place[...])?.string,
            let record = try? JSON.read(annotation, limits: limits), let text = record["text"],
            let marked = TextWayBack.replace(
                annotation, by: TextWayBack.placeholder, in: bytes, isJSON: isJSON)
        else { return nil }
        return TextWayBack.restored(text, from: marked)
    }
}
