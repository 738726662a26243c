import Glibc
import System
public import Values

/// Follows objects of one kind: lists them, watches them from there, and restarts whenever that ends.
///
/// | what happens | what is done |
/// | --- | --- |
/// | the watch ends, or its connection is lost | watch again from the last resourceVersion, bookmarks included |
/// | 410 Gone, as an answer or as an event | list again |
/// | any other error | report it, then retry after a pause that doubles up to 30 s, or once another watch works again |
/// | the server refuses to watch | list instead, each time |
/// | nothing arrives for 45 s | the connection is treated as lost |
public struct ObjectWatch: Sendable {
    /// An update for the receiver.
    public enum Delivery: Sendable {
        /// The complete list of existing objects.
        case all([Value])
        case changed(Value)
        case deleted(Value)
        /// The watch is open: delivered when it opens and for each bookmark.
        case alive
        /// The attempt failed; objects that were delivered before may be outdated. Delivered for each attempt.
        case failed(APIError)
    }

    public let resource: APIResource
    public let namespace: String?
    /// nil is all objects.
    public let name: String?
    /// Returns the part of an object to keep, so that long lists are not kept in full.
    let keep: @Sendable (Value) -> Value

    /// The largest number of objects; more are an error. The largest clusters have 10,000 namespaces.
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
                // The pauses are reset only after a second, so that a server that ends watches immediately is not
                // requested in a loop.
                if MonotonicClock.milliseconds - begin > 1_000 { backoff.reset() }
            } catch {
                switch error.kind {
                case .gone: version = nil
                case .stopped: continue
                // A connection that is lost after a while is the normal end of a watch.
                case .unreachable where version != nil && MonotonicClock.milliseconds - begin > 1_000:
                    backoff.reset()
                default:
                    // Without a watch, each attempt lists the objects, to stay as current as possible.
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

    /// - Parameter version: advances with the events; after an error, it is the last version that was reached.
    private func watch(
        _ client: APIClient, _ version: inout String?, _ deliver: (Delivery) -> Void
    ) throws(APIError) {
        // The time varies, so that watches that started together do not end together.
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
