import Injection
import Values

/// The difference between two texts of a manifest as JSON patches (RFC 6902), one for each document that changed.
enum InjectedPatches {
    /// - Returns: `[{document, line, kind, name, patch}]`; `document` counts documents that are not empty, from 0;
    ///   `line` is that in the old text.
    static func json(from old: [UInt8], to new: [UInt8]) throws(InjectionError) -> ByteBuffer {
        let before = try Pipeline.documents(of: old, name: "manifest")
        let after = try Pipeline.documents(of: new, name: "injected manifest")
        var body = ByteBuffer(capacity: 16 << 10)
        body.append("[")
        var isFirst = true
        for (number, (before, after)) in zip(before, after).enumerated() where before.value != after.value {
            if !isFirst { body.append(",") }
            isFirst = false
            let object = before.value
            let head: Value = [
                "document": .int(Int64(number)), "line": .int(Int64(before.line)),
                "kind": .string(object["kind"]?.string ?? ""),
                "name": .string(object["metadata"]?["name"]?.string ?? ""),
            ]
            JSON.write(head, into: &body)
            // The patch is written directly, instead of the closing brace.
            body.truncate(to: body.count - 1)
            body.append(",\"patch\":")
            JSONPatch.write(JSONPatch.diff(from: object, to: after.value), into: &body)
            body.append("}")
        }
        body.append("]\n")
        return body
    }
}
