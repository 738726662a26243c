import Injection
import PluginAPI
import Values

extension ManifestOutcome {
    /// The response to `POST /inject?explain=true`: the injected manifest, the decision about each workload, and the
    /// origin of each line.
    var explanation: Value {
        [
            "output": .string(String(decoding: text, as: UTF8.self)),
            "workloads": .array(workloads.map(\.explanation)), "origins": .array(origins.map(\.json)),
        ]
    }
}

extension WorkloadReport {
    fileprivate var explanation: Value {
        [
            "kind": .string(kind), "name": .string(name), "namespace": .string(namespace),
            "document": .int(Int64(document)), "pointer": .string(pointer), "line": .int(Int64(line)),
            "decision": [
                "inject": .bool(injected), "reason": .string(reason.rawValue), "message": .string(message),
            ],
            "warnings": .array(warnings.map { .string($0) }),
            "notes": .array(notes.filter { !warnings.contains($0) }.map { .string($0) }),
        ]
    }
}

extension LineOrigin {
    fileprivate var json: Value {
        let author: Value =
            switch by {
            case .template(let place):
                [
                    "template": .string(place.template), "line": .int(Int64(place.line)),
                    "column": .int(Int64(place.column ?? 1)),
                ]
            case .step(let name): ["step": .string(name)]
            }
        return ["lines": [.int(Int64(lines.lowerBound)), .int(Int64(lines.upperBound))], "by": author]
    }
}
