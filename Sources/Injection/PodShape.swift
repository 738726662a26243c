import PluginAPI
import Values

/// Looks at the shape of a pod, and keeps what is wrong with it.
struct PodShape {
    private(set) var problems = Problems()

    /// So many are named: a list of a thousand texts is one mistake, made a thousand times.
    private static let maximumProblems = 16

    private static let containerLists = ["env", "ports", "volumeMounts"]
    private static let containerObjects = [
        "readinessProbe", "livenessProbe", "startupProbe", "lifecycle", "securityContext",
    ]

    mutating func pod(_ value: Value, at pointer: String) -> Pod {
        guard case .object(let pod) = value else {
            add("pod", at: pointer, found: value, want: "an object")
            return Pod(metadata: Object(), spec: Object())
        }
        let metadata = object("metadata", of: pod, at: pointer)
        let spec = object("spec", of: pod, at: pointer)
        for key in ["labels", "annotations"] {
            for member in object(key, of: metadata, at: pointer + "/metadata").members {
                switch member.value {
                case .string, .null: continue
                case let other:
                    let place = "\(pointer)/metadata/\(key)/\(JSONPointer.escape(member.key))"
                    add(member.key, at: place, found: other, want: "a string")
                }
            }
        }
        _ = objects("ownerReferences", of: metadata, at: pointer + "/metadata")
        for key in ["containers", "initContainers"] {
            for (index, container) in objects(key, of: spec, at: pointer + "/spec") {
                let place = "\(pointer)/spec/\(key)/\(index)"
                for list in Self.containerLists { _ = objects(list, of: container, at: place) }
                for member in Self.containerObjects { _ = object(member, of: container, at: place) }
            }
        }
        for key in ["volumes", "imagePullSecrets"] { _ = objects(key, of: spec, at: pointer + "/spec") }
        _ = object("securityContext", of: spec, at: pointer + "/spec")
        return Pod(metadata: metadata, spec: spec)
    }

    private mutating func object(_ key: String, of parent: Object, at pointer: String) -> Object {
        switch parent[key] {
        case nil, .null?: break
        case .object(let object)?: return object
        case let other?: add(key, at: "\(pointer)/\(key)", found: other, want: "an object")
        }
        return Object()
    }

    /// The objects of a list, with their numbers in it.
    private mutating func objects(
        _ key: String, of parent: Object, at pointer: String
    ) -> [(index: Int, object: Object)] {
        var objects: [(Int, Object)] = []
        switch parent[key] {
        case nil, .null?: break
        case .array(let items)?:
            for (index, item) in items.enumerated() {
                if case .object(let object) = item {
                    objects.append((index, object))
                } else {
                    add(key, at: "\(pointer)/\(key)/\(index)", found: item, want: "an object")
                }
            }
        case let other?: add(key, at: "\(pointer)/\(key)", found: other, want: "an array")
        }
        return objects
    }

    private mutating func add(_ name: String, at pointer: String, found value: Value, want: String) {
        guard problems.found.count < Self.maximumProblems else { return }
        let place = pointer.isEmpty ? "/" : pointer
        let message = "\(place): \(name) is \(value.kindName), expected \(want)"
        problems.add(InjectionError(.decode, .decodeError, message))
    }
}
