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
        var metadata = object["metadata"]
        if metadata?["managedFields"] != nil { metadata?.modifyObject { $0["managedFields"] = nil } }
        var newMetadata = pod.metadata
        newMetadata["managedFields"] = nil
        let spec = object["spec"]
        operations = JSONPatch.diff(
            from: Self.parts(metadata, spec),
            to: Self.parts(Self.changed(metadata, to: newMetadata), Self.changed(spec, to: pod.spec)))
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

    /// A part that is empty and was not there stays away.
    private static func changed(_ old: Value?, to new: Object) -> Value? {
        new.isEmpty && old?.object == nil ? old : .object(new)
    }

    private static func parts(_ metadata: Value?, _ spec: Value?) -> Value {
        var members: [Member] = []
        if let metadata { members.append(Member("metadata", metadata)) }
        if let spec { members.append(Member("spec", spec)) }
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
