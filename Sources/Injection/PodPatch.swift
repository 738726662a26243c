import Values

/// The patch that turns a pod as it came into the pod as it should be.
///
/// Its size follows what was injected, not the pod: lists are added to, a missing parent is created once with all that
/// is in it, and what nobody changed is not named. `managedFields` belongs to the API server and is left out.
struct PodPatch {
    let operations: [JSONPatch.Operation]
    /// The JSON text; empty where there is nothing to do.
    let bytes: [UInt8]

    init(from object: Value, to pod: Pod) {
        operations = JSONPatch.diff(from: Self.relevant(object), to: Self.relevant(pod.applied(to: object)))
        guard !operations.isEmpty else {
            bytes = []
            return
        }
        var output = ByteBuffer(capacity: 8 << 10)
        JSONPatch.write(operations, into: &output)
        bytes = output.bytes
    }

    var isEmpty: Bool { operations.isEmpty }
    var count: Int { operations.count }

    /// Metadata without managedFields, and the spec.
    private static func relevant(_ value: Value) -> Value {
        var members: [Member] = []
        if var metadata = value["metadata"] {
            if metadata["managedFields"] != nil { metadata.modifyObject { $0["managedFields"] = nil } }
            members.append(Member("metadata", metadata))
        }
        if let spec = value["spec"] { members.append(Member("spec", spec)) }
        return .object(Object(members))
    }
}

extension Pod {
    /// The object with its metadata and spec replaced by these; a part that is empty and was not there stays away.
    func applied(to value: Value) -> Value {
        var object = value.object ?? Object()
        if object["metadata"] != .object(metadata), !metadata.isEmpty || object["metadata"]?.object != nil {
            object["metadata"] = .object(metadata)
        }
        if object["spec"] != .object(spec), !spec.isEmpty || object["spec"]?.object != nil {
            object["spec"] = .object(spec)
        }
        return .object(object)
    }
}
