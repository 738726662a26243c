import Values

/// The JSON patch from the original pod to the injected pod.
///
/// Its size is proportional to what was injected, not to the pod: it adds to lists, creates a missing parent once with
/// everything in it, and does not mention unchanged parts. It ignores `managedFields`, which belongs to the API server.
struct PodPatch {
    let operations: [JSONPatch.Operation]
    /// The JSON text; empty if nothing changes.
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

    /// An empty part that was absent remains absent.
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
