import Fleet
import HTTPServer
import Injection
import System
import Values

/// POST /scan: receives running pods, and responds with those that have a wrong sidecar.
struct ScanHandler: Handler {
    let store: SnapshotStore

    /// Bodies up to that size are handled on a connection thread: a pod that was not seen before takes 0.3 ms.
    private static let quickBytes = 16 << 10
    /// The time limit of one scan, in nanoseconds.
    private static let nanoseconds: UInt64 = 20_000_000_000

    func answer(
        _ request: HTTPRequest, mayTakeLong: Bool, entry: inout LogEntry
    ) throws(RequestProblem) -> HTTPResponse? {
        let format = try request.bodyFormat([.json, .yaml])
        _ = try request.accepted([MediaType.json.essence])
        if !mayTakeLong, request.body.count > Self.quickBytes { return nil }
        let body = try BodyReader.value(of: request, format, depth: BodyReader.objectDepth)
        guard case .object(let object) = body, let type = object["kind"]?.string else {
            throw .malformed("the request has no \"kind\": expected a PodList, a List or a Pod")
        }
        guard type == "Pod" || type.ends(with: "List") && object["items"]?.array != nil else {
            throw .malformed(
                "the request is not a list of pods: found the kind \(type), expected a PodList, a List or a Pod"
            )
        }
        var options = FleetScan.Options()
        options.namespace = request.query("namespace")
        options.findsPlaces = try request.flag("explain")
        let deadline = MonotonicClock.nanoseconds + Self.nanoseconds
        options.deadline = deadline
        if let namespaces = store.configuration.cluster?.namespaces {
            options.labels = { namespaces.labels(of: $0) }
        }
        let listsAll = try request.flag("all")
        var scan = FleetScan(store.snapshot, options: options)
        var pods: [Value] = []
        let items = type == "Pod" ? [body] : object["items"]?.array ?? []
        if let index = items.firstIndex(where: { $0.object == nil }) {
            throw .malformed(
                "\"items[\(index)]\" is \(kind(of: items[index])): expected an object, such as a Pod")
        }
        for item in items {
            guard MonotonicClock.nanoseconds < deadline else {
                throw RequestProblem(
                    status: 504, code: "deadline_exceeded",
                    detail:
                        "the scan took longer than \(Self.nanoseconds / 1_000_000_000) s: send fewer pods at once"
                )
            }
            scan.add(item) { finding in
                if listsAll || finding.answer.verdict != .current { pods.append(FleetReport.json(finding)) }
            }
        }
        let summary = scan.summary
        entry.members.append(Member("pods", .int(Int64(summary.counts.total))))
        let answer: Value = [
            "pods": .array(pods), "owners": FleetReport.owners(summary, all: listsAll),
            "total": FleetReport.json(summary.counts),
        ]
        return HTTPResponse(json: answer, for: request)
    }
}
