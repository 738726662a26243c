import Glibc
import System
public import Values

/// Follows objects of one kind: lists them, watches from there, and does so again whenever that ends.
///
/// | what happens | what is done |
/// | --- | --- |
/// | the watch ends, or its connection is cut | watch on from the last resourceVersion, bookmarks included |
/// | 410 Gone, as an answer or as an event | list again |
/// | any other error | said, then again after a pause that doubles up to 30 s |
public struct ObjectWatch: Sendable {
    /// What the receiver gets.
    public enum Delivery: Sendable {
        /// These, and no others, are there.
        case all([Value])
        case changed(Value)
        case deleted(Value)
        /// It does not work; what was delivered before may be old. Said for each attempt.
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
        while !client.stop.isRaised {
            let begin = MonotonicClock.milliseconds
            do throws(APIError) {
                if version == nil { version = try list(client, deliver) }
                try watch(client, &version, deliver)
                // A server that ends watches at once is not asked in a circle.
                if MonotonicClock.milliseconds - begin > 1_000 { backoff.reset() }
            } catch {
                switch error.kind {
                case .gone: version = nil
                case .stopped: continue
                // A connection that is cut after it held is the ordinary end of a watch.
                case .unreachable where version != nil && MonotonicClock.milliseconds - begin > 1_000:
                    backoff.reset()
                default: deliver(.failed(error))
                }
                guard client.stop.pause(milliseconds: backoff.next(after: error)) else { return }
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
        // Between four and five minutes, so that watches that began together do not end together.
        let seconds = Int.random(in: 240...300)
        var last = version ?? ""
        defer { version = last }
        try client.watch(resource, namespace: namespace, name: name, from: last, seconds: seconds) { event in
            switch event {
            case .bookmark(let reached):
                if !reached.isEmpty { last = reached }
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
