import Injection
import Kubernetes
import PluginAPI
import Synchronization
import Values

/// The webhook configuration in the cluster, compiled once per change; `/decide` uses it instead of Istio's.
final class InstalledWebhooks: Sendable {
    private struct State {
        var object: Value?
        /// The configuration compiled by the rules of that snapshot.
        var compiled: (snapshot: ObjectIdentifier, matcher: any WebhookMatcher)?
    }
    private let state = Mutex(State())

    func note(_ delivery: ObjectWatch.Delivery) {
        state.withLock { state in
            switch delivery {
            case .all(let objects): state.object = objects.first
            case .changed(let object): state.object = object
            case .deleted: state.object = nil
            case .failed, .alive: return
            }
            state.compiled = nil
        }
    }

    /// The matcher of the configuration; nil if it is not watched, does not exist, or is not valid.
    func matcher(_ snapshot: Snapshot) -> (any WebhookMatcher)? {
        state.withLock { state in
            let id = ObjectIdentifier(snapshot)
            if let compiled = state.compiled, compiled.snapshot == id { return compiled.matcher }
            guard let object = state.object else { return nil }
            let name = object["metadata"]?["name"]?.string ?? ""
            guard let matcher = try? snapshot.webhooks(object, file: "mutatingwebhookconfiguration \(name)")
            else {
                return nil
            }
            state.compiled = (id, matcher)
            return matcher
        }
    }
}
