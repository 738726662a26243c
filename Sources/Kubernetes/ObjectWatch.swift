import Glibc
import System
public import Values

/// Follows objects of one kind: lists them, watches from there, and does so again whenever that ends.
///
/// | what happens | what is done |
/// | --- | --- |
/// | the watch ends, or its connection is cut | watch on from the last resourceVersion, bookmarks included |
/// | 410 Gone, as an answer or as an event | list again |
/// | any other error | reported, then again after a pause that doubles up to 30 s, or once another watch works again |
/// | the server refuses to watch | list in place of it, each time |
/// | nothing comes for 45 s | the connection counts as cut |
public struct ObjectWatch: Sendable {
    /// What the receiver gets.
    public enum Delivery: Sendable {
        /// These, and no others, are there.
        case all([Value])
        case changed(Value)
        case deleted(Value)
        /// The watch is open, or still open: at its begin and for each bookmark.
        case alive
        /// It does not work; what was delivered before may be old. Reported for each attempt.
        case failed(APIError)
    }

    public let resource: APIResource
    public let namespace: String?
    /// nil is all of them.
    public let name: String?
    /// What is kept of each object of a list, so that long lists are not held whole.
    let keep: @Sendable (Value) -> Value

    /// Objects that are followed; more are an error. The largest clusters have 10,000 namespaces.
    let mostObjects: Int

    public init(
        _ resource: APIResource, namespace: String? = nil, name: String? = nil,
        mostObjects: Int = 100_000, keep: @escaping @Sendable (Value) -> Value = { $0 }
    ) {
        self.resource = resource
        self.namespace = namespace
        self.name = name
        self.keep = keep
        self.mostObjects = mostObjects
    }

    /// Follows until the client's stop signal is raised.
    public func run(_ client: APIClient, deliver: (Delivery) -> Void) {
        var version: String?
        var backoff = Backoff(first: client.limits.firstPause, longest: client.limits.longestPause)
        let nudge = WakePipe()
        client.recovery.join(nudge)
        defer { client.recovery.leave(nudge) }
        var hasFailed = false
        while !client.stop.isRaised {
            let begin = MonotonicClock.milliseconds
            do throws(APIError) {
                if version == nil { version = try list(client, deliver) }
                try watch(client, &version) { delivery in
                    if hasFailed, case .alive = delivery {
                        hasFailed = false
                        client.recovery.wakeOthers(than: nudge)
                    }
                    deliver(delivery)
                }
                // A server that ends watches at once is not asked in a circle.
                if MonotonicClock.milliseconds - begin > 1_000 { backoff.reset() }
            } catch {
                switch error.kind {
                case .gone: version = nil
                case .stopped: continue
                // A connection that is cut after it held is the ordinary end of a watch.
                case .unreachable where version != nil && MonotonicClock.milliseconds - begin > 1_000:
                    backoff.reset()
                default:
                    // Without a watch, each attempt lists: that is what can still be known.
                    if error.isRefusal { version = nil }
                    hasFailed = true
                    deliver(.failed(error))
                }
                let pause = backoff.next(after: error)
                guard client.stop.pause(milliseconds: pause, orUntil: nudge) else { return }
                continue
            }
            if MonotonicClock.milliseconds - begin <= 1_000 {
                client.stop.pause(milliseconds: backoff.next())
            }
        }
    }

    private func list(_ client: APIClient, _ deliver: (Delivery) -> Void) throws(APIError) -> String {
        var kept: [Value] = []
        let version = try client.list(resource, namespace: namespace, name: name) { items throws(APIError) in
            guard kept.count + items.count <= mostObjects else {
                throw APIError(
                    .malformed, "cannot list \(resource.name): there are more than \(mostObjects)")
            }
            for item in items where name == nil || item["metadata"]?["name"]?.string == name {
                kept.append(keep(item))
            }
        }
        deliver(.all(kept))
        return version
    }

    /// - Parameter version: moves on with the events; nil after 410.
    private func watch(
        _ client: APIClient, _ version: inout String?, _ deliver: (Delivery) -> Void
    ) throws(APIError) {
        // Not all the same, so that watches that began together do not end together.
        let seconds = Int.random(in: client.limits.watchSeconds)
        var last = version ?? ""
        defer { version = last }
        try client.watch(
            resource, namespace: namespace, name: name, from: last, seconds: seconds,
            opened: { deliver(.alive) }
        ) { event in
            switch event {
            case .bookmark(let reached):
                if !reached.isEmpty { last = reached }
                deliver(.alive)
            case .changed(let object):
                last = object["metadata"]?["resourceVersion"]?.string ?? last
                deliver(.changed(keep(object)))
            case .deleted(let object):
                last = object["metadata"]?["resourceVersion"]?.string ?? last
                deliver(.deleted(keep(object)))
            }
            return !client.stop.isRaised
        }
    }
}
