import Kubernetes
import Values

/// The object that the question is about: `web`, `pod/web`, `deploy/web`.
public struct WhyTarget: Sendable, Equatable {
    /// A kind that has pods, with the names that kubectl accepts for it.
    public enum Kind: String, Sendable, CaseIterable {
        case pod = "Pod"
        case deployment = "Deployment"
        case statefulSet = "StatefulSet"
        case daemonSet = "DaemonSet"
        case replicaSet = "ReplicaSet"
        case job = "Job"
        case cronJob = "CronJob"

        public var names: [String] {
            switch self {
            case .pod: ["pod", "pods", "po"]
            case .deployment: ["deployment", "deployments", "deploy"]
            case .statefulSet: ["statefulset", "statefulsets", "sts"]
            case .daemonSet: ["daemonset", "daemonsets", "ds"]
            case .replicaSet: ["replicaset", "replicasets", "rs"]
            case .job: ["job", "jobs"]
            case .cronJob: ["cronjob", "cronjobs", "cj"]
            }
        }

        var resource: APIResource {
            switch self {
            case .pod: .pods
            case .deployment: .deployments
            case .statefulSet: .statefulSets
            case .daemonSet: .daemonSets
            case .replicaSet: .replicaSets
            case .job: .jobs
            case .cronJob: .cronJobs
            }
        }
    }

    public var kind: Kind
    public var name: String
    public var namespace: String

    public init(kind: Kind, name: String, namespace: String) {
        self.kind = kind
        self.name = name
        self.namespace = namespace
    }

    /// - Throws: if the text names no such object.
    public init(_ text: String, namespace: String) throws(WhyError) {
        let parts = text.split(byte: "/", omittingEmptySubsequences: false).map(String.init)
        let word = parts.count == 2 ? parts[0].lowercased() : "pod"
        guard parts.count <= 2, let name = parts.last, ObjectReference.isName(name) else {
            throw WhyError(
                "\"\(text)\" is not the name of an object: expected POD or KIND/NAME, such as deploy/web")
        }
        // `deployments.apps` is the same kind.
        let plain = word.split(byte: ".").first.map(String.init) ?? word
        guard let kind = Kind.allCases.first(where: { $0.names.contains(plain) }) else {
            let known = Kind.allCases.map { $0.names[0] }.joined(separator: ", ")
            throw WhyError("\"\(word)\" is not a kind that has pods: expected one of \(known)")
        }
        self.init(kind: kind, name: name, namespace: namespace)
    }

    var description: String { "\(kind.rawValue) \(namespace)/\(name)" }
}
