import Injection
import Kubernetes
import Synchronization
import Values

/// Labels of all namespaces, and the annotations that OpenShift gives them, as they were last seen. A review and a pod
/// name their namespace only.
final class NamespaceTable: Sendable {
    private struct Entry: Equatable {
        var labels: Object
        var annotations: Object

        init(_ object: Value) {
            labels = object["metadata"]?["labels"]?.object ?? Object()
            annotations = object["metadata"]?["annotations"]?.object ?? Object()
        }

        static func == (left: Entry, right: Entry) -> Bool {
            left.labels.members == right.labels.members
                && left.annotations.members == right.annotations.members
        }
    }

    /// nil until they were listed.
    private let entries = Mutex<[String: Entry]?>(nil)

    /// Labels, and annotations that OpenShift's ids are in; everything else of a namespace is dropped as it comes.
    static let watch = ObjectWatch(.namespaces) { object in
        let metadata = object["metadata"] ?? .null
        var kept = Object([Member("name", metadata["name"] ?? "")])
        kept["resourceVersion"] = metadata["resourceVersion"]
        kept["labels"] = metadata["labels"]
        if let annotations = metadata["annotations"]?.object {
            kept["annotations"] = .object(
                Object(annotations.members.filter { $0.key.begins(with: "openshift.io/") }))
        }
        return ["metadata": .object(kept)]
    }

    /// nil where the namespace is not known; then its labels are unknown, and answers say so.
    func labels(of namespace: String) -> Object? { entries.withLock { $0?[namespace]?.labels } }

    /// By name, of namespaces that have any.
    var annotations: [String: Object] {
        entries.withLock { entries in
            (entries ?? [:]).compactMapValues { $0.annotations.isEmpty ? nil : $0.annotations }
        }
    }

    /// The labels about Pod Security by name, of namespaces that have any.
    var podSecurity: [String: Object] {
        entries.withLock { entries in
            (entries ?? [:]).compactMapValues { entry in
                let labels = entry.labels.members.filter {
                    $0.key.begins(with: "pod-security.kubernetes.io/enforce")
                }
                return labels.isEmpty ? nil : Object(labels)
            }
        }
    }

    /// - Returns: whether something changed that a Snapshot depends on.
    func note(_ delivery: ObjectWatch.Delivery) -> Bool {
        let before = (annotations.mapValues(\.members), podSecurity.mapValues(\.members))
        entries.withLock { entries in
            switch delivery {
            case .all(let objects):
                entries = Dictionary(objects.map { (Self.name($0), Entry($0)) }, uniquingKeysWith: { $1 })
            case .changed(let object): entries?[Self.name(object)] = Entry(object)
            case .deleted(let object): entries?[Self.name(object)] = nil
            case .failed, .alive: break
            }
        }
        return annotations.mapValues(\.members) != before.0 || podSecurity.mapValues(\.members) != before.1
    }

    private static func name(_ object: Value) -> String { object["metadata"]?["name"]?.string ?? "" }
}
