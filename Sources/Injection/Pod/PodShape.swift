import PluginAPI
import Values

/// Checks the shape of a pod and collects the problems.
struct PodShape {
    private(set) var problems = Problems()

    /// The maximum number of problems reported: a list of a thousand strings is one mistake, repeated.
    private static let maximumProblems = 16

    private static let containerLists = ["env", "ports", "volumeMounts"]
    private static let containerObjects = [
        "readinessProbe", "livenessProbe", "startupProbe", "lifecycle", "securityContext",
    ]

    /// - Parameter pointer: the pod's pointer, evaluated only for a message.
    mutating func pod(_ value: Value, at pointer: () -> String) -> Pod {
        guard case .object(let pod) = value else {
            add("pod", at: pointer(), found: value, expected: "an object")
            return Pod(metadata: Object(), spec: Object())
        }
        let metadata = object("metadata", of: pod, at: pointer())
        let spec = object("spec", of: pod, at: pointer())
        for key in ["labels", "annotations"] {
            for member in object(key, of: metadata, at: pointer() + "/metadata").members {
                switch member.value {
                case .string, .null: continue
                case let other:
                    let place = "\(pointer())/metadata/\(key)/\(JSONPointer.escape(member.key))"
                    add(member.key, at: place, found: other, expected: "a string")
                }
            }
        }
        objects("ownerReferences", of: metadata, at: pointer() + "/metadata")
        for key in ["containers", "initContainers"] {
            for (index, item) in objects(key, of: spec, at: pointer() + "/spec").enumerated() {
                guard case .object(let container) = item else { continue }
                for list in Self.containerLists {
                    objects(list, of: container, at: "\(pointer())/spec/\(key)/\(index)")
                }
                for member in Self.containerObjects {
                    object(member, of: container, at: "\(pointer())/spec/\(key)/\(index)")
                }
            }
        }
        for key in ["volumes", "imagePullSecrets"] { objects(key, of: spec, at: pointer() + "/spec") }
        object("securityContext", of: spec, at: pointer() + "/spec")
        return Pod(metadata: metadata, spec: spec)
    }

    /// - Parameter pointer: the parent's pointer, evaluated only for a message.
    @discardableResult
    private mutating func object(
        _ key: String, of parent: Object, at pointer: @autoclosure () -> String
    ) -> Object {
        switch parent[key] {
        case nil, .null?: break
        case .object(let object)?: return object
        case let other?: add(key, at: "\(pointer())/\(key)", found: other, expected: "an object")
        }
        return Object()
    }

    /// Returns the items of a list, each of which should be an object.
    @discardableResult
    private mutating func objects(
        _ key: String, of parent: Object, at pointer: @autoclosure () -> String
    ) -> [Value] {
        switch parent[key] {
        case nil, .null?: return []
        case .array(let items)?:
            for index in items.indices {
                if case .object = items[index] { continue }
                add(key, at: "\(pointer())/\(key)/\(index)", found: items[index], expected: "an object")
            }
            return items
        case let other?:
            add(key, at: "\(pointer())/\(key)", found: other, expected: "an array")
            return []
        }
    }

    private mutating func add(_ name: String, at pointer: String, found value: Value, expected: String) {
        guard problems.found.count < Self.maximumProblems else { return }
        let place = pointer.isEmpty ? "/" : pointer
        let message = "\(place): \(name) is \(value.kindName), expected \(expected)"
        problems.add(InjectionError(.decode, .decodeError, message))
    }
}
