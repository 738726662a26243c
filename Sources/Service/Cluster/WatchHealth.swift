import Kubernetes
import Metrics
import Synchronization
import System
import Values

/// The state of each watch of the cluster, for `/debug/config` and the metrics.
final class WatchHealth: Sendable {
    /// The subject of a watch, as in the metrics.
    enum Subject: String, CaseIterable, Sendable {
        case inject, mesh, namespaces, limitranges, resourcequotas, secret, webhook
    }

    private struct State {
        var subject: Subject
        var what: String
        var isConnected = false
        /// The time of the last sign of life, in seconds since 1970; nil before the first.
        var lastEvent: Int?
        var problem: String?
    }

    private struct Gauges {
        var connected: GaugeFamily
        var lastEvent: GaugeFamily
    }

    private let states = Mutex<[State]>([])
    private let gauges = Mutex<Gauges?>(nil)

    func register(in registry: MetricsRegistry) {
        let label = MetricLabel("watch", Subject.allCases.map(\.rawValue))
        let connected = registry.gauges(
            "sidecar_injection_watch_connected", "Whether the watch at the API server is open.",
            labels: [label])
        let lastEvent = registry.gauges(
            "sidecar_injection_watch_last_event_timestamp_seconds",
            "Time of the watch's last sign of life, in seconds since 1970.", labels: [label])
        gauges.withLock { $0 = Gauges(connected: connected, lastEvent: lastEvent) }
    }

    func begin(_ subject: Subject, _ what: String) {
        states.withLock { $0.append(State(subject: subject, what: what)) }
        gauges.withLock { $0?.connected(subject.rawValue).set(0) }
    }

    func note(_ delivery: ObjectWatch.Delivery, of subject: Subject) {
        let now = WallClock.seconds
        let isConnected: Bool? =
            switch delivery {
            case .alive, .changed, .deleted: true
            case .failed: false
            // A list does not show whether the watch is open.
            case .all: nil
            }
        states.withLock { states in
            guard let index = states.firstIndex(where: { $0.subject == subject }) else { return }
            states[index].isConnected = isConnected ?? states[index].isConnected
            if case .failed(let error) = delivery {
                states[index].problem = error.message
            } else {
                states[index].lastEvent = now
                if isConnected == true { states[index].problem = nil }
            }
        }
        gauges.withLock { gauges in
            if let isConnected { gauges?.connected(subject.rawValue).set(isConnected ? 1 : 0) }
            if isConnected != false { gauges?.lastEvent(subject.rawValue).set(Double(now)) }
        }
    }

    /// The states for `/debug/config`.
    var json: Value {
        .array(
            states.withLock { $0 }.map { state in
                var object = Object([
                    Member("watch", .string(state.subject.rawValue)), Member("of", .string(state.what)),
                    Member("connected", .bool(state.isConnected)),
                ])
                if let last = state.lastEvent { object["lastEvent"] = .string(Timestamp.text(seconds: last)) }
                if let problem = state.problem { object["problem"] = .string(problem) }
                return .object(object)
            })
    }
}
