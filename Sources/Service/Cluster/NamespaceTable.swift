import Injection
import Kubernetes
import Synchronization
import Values

/// The last known labels of all namespaces, and the annotations that OpenShift gives them. Reviews and pods contain
/// only the name of their namespace.
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

    /// nil until the namespaces were listed.
    private let entries = Mutex<[String: Entry]?>(nil)

    /// The watch of namespaces. It keeps only their labels, and the annotations with OpenShift's ids.
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

    /// The labels of a namespace; nil if it is not known. Its labels are then unknown, and answers report that.
    func labels(of namespace: String) -> Object? { entries.withLock { $0?[namespace]?.labels } }

    /// The annotations by name of the namespace, without namespaces that have none.
    var annotations: [String: Object] {
        entries.withLock { entries in
            (entries ?? [:]).compactMapValues { $0.annotations.isEmpty ? nil : $0.annotations }
        }
    }

    /// The Pod Security labels by name of the namespace, without namespaces that have none.
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

    /// - Returns: whether anything changed that a Snapshot depends on.
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
