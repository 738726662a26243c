import Injection
import Kubernetes
import Synchronization
import Values

/// The last known LimitRanges and ResourceQuotas of all namespaces, for the forecast.
final class LimitTable: Sendable {
    /// The objects by kind, namespace and name.
    private let objects = Mutex<[String: Value]>([:])

    static let resources: [(APIResource, WatchHealth.Subject)] = [
        (.limitRanges, .limitranges), (.resourceQuotas, .resourcequotas),
    ]

    /// The watch of a resource. It keeps only what the forecast reads.
    static func watch(_ resource: APIResource) -> ObjectWatch {
        ObjectWatch(resource) { object in
            let metadata = object["metadata"] ?? .null
            var kept = Object()
            for key in ["name", "namespace", "resourceVersion"] { kept[key] = metadata[key] }
            var spec = Object()
            for key in ["limits", "hard"] { spec[key] = object["spec"]?[key] }
            return ["metadata": .object(kept), "spec": .object(spec)]
        }
    }

    var all: [Value] {
        objects.withLock { $0.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map(\.value) }
    }

    /// - Returns: whether a limit changed.
    func note(_ delivery: ObjectWatch.Delivery, of resource: APIResource) -> Bool {
        objects.withLock { objects in
            let before = objects.mapValues { $0["spec"] }
            switch delivery {
            case .all(let listed):
                objects = objects.filter { !$0.key.begins(with: resource.name + "/") }
                for object in listed { objects[Self.key(object, resource)] = object }
            case .changed(let object): objects[Self.key(object, resource)] = object
            case .deleted(let object): objects[Self.key(object, resource)] = nil
            case .failed, .alive: return false
            }
            return objects.mapValues { $0["spec"] } != before
        }
    }

    private static func key(_ object: Value, _ resource: APIResource) -> String {
        let (namespace, name) = (object["metadata"]?["namespace"], object["metadata"]?["name"])
        return "\(resource.name)/\(namespace?.string ?? "")/\(name?.string ?? "")"
    }
}
