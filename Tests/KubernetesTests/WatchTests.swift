import Glibc
import Synchronization
import System
import TestSupport
import Testing
import Values

@testable import Kubernetes

/// Watches objects through everything that ends a watch.
@Suite(.enabled(if: TestCluster.isPossible, "python3 and openssl make the server"), .timeLimit(.minutes(10)))
struct WatchTests {
    /// A watch on a thread of its own, and what it delivered.
    private final class Follower: Sendable {
        let client: APIClient
        private let told = Mutex<[String]>([])
        private let thread = Mutex<Thread?>(nil)

        init(_ cluster: TestCluster, _ watch: ObjectWatch, _ change: (inout APILimits) -> Void = { _ in })
            throws
        {
            var limits = APILimits()
            limits.firstPause = 5
            limits.longestPause = 100
            change(&limits)
            let access = try #require(
                try ClusterAccess.ofPod(environment: Environment(cluster.podEnvironment)))
            client = APIClient(access, limits: limits)
            thread.withLock { $0 = Thread { self.run(watch) } }
        }

        private func run(_ watch: ObjectWatch) {
            watch.run(client) { delivery in
                let line: String? =
                    switch delivery {
                    case .alive: nil
                    case .all(let objects): "all " + objects.map(Self.brief).joined(separator: " ")
                    case .changed(let object): "changed " + Self.brief(object)
                    case .deleted(let object): "deleted " + Self.brief(object)
                    case .failed(let error): "failed \(error.kind.rawValue)"
                    }
                told.withLock { told in if let line { told.append(line) } }
            }
        }

        private static func brief(_ object: Value) -> String {
            (object["metadata"]?["name"]?.string ?? "") + "=" + (object["data"]?["mesh"]?.string ?? "")
        }

        var lines: [String] { told.withLock { $0 } }
        func has(_ line: String) -> Bool { eventually { lines.contains(line) } }

        func stop() {
            client.stop.raise()
            thread.withLock { $0 }?.join()
        }
    }

    private let cluster: TestCluster
    private let one = ObjectWatch(.configMaps, namespace: "istio-system", name: "istio")

    init() throws { cluster = try #require(TestCluster()) }

    private func put(_ mesh: String) { cluster.putConfigMap("istio-system", "istio", [("mesh", mesh)]) }

    @Test func changesAreDelivered() throws {
        put("1")
        cluster.putConfigMap("istio-system", "other", [("mesh", "x")])
        let follower = try Follower(cluster, one)
        defer { follower.stop() }
        #expect(follower.has("all istio=1"))
        put("2")
        #expect(follower.has("changed istio=2"))
        cluster.putConfigMap("istio-system", "other", [("mesh", "y")])
        cluster.remove("configmaps", "istio-system", "istio")
        #expect(follower.has("deleted istio=2"))
        put("3")
        #expect(follower.has("changed istio=3"))
        #expect(!follower.lines.contains { $0.contains("other") })
    }

    @Test func survivesACutConnection() throws {
        put("1")
        let follower = try Follower(cluster, one)
        defer { follower.stop() }
        #expect(follower.has("all istio=1"))
        cluster.cut()
        put("2")
        #expect(follower.has("changed istio=2"))
        // Resumed, not listed again.
        #expect(follower.lines.count { $0.hasPrefix("all") } == 1)
    }

    /// Lists again after 410 Gone, as a status or as an event.
    @Test(arguments: [true, false])
    func listsAgainAfterGone(_ asEvent: Bool) throws {
        cluster.set(["goneAsEvent": .bool(asEvent), "bookmarks": false])
        put("1")
        let follower = try Follower(cluster, one)
        defer { follower.stop() }
        #expect(follower.has("all istio=1"))
        put("2")
        #expect(follower.has("changed istio=2"))
        cluster.forget()
        #expect(follower.has("all istio=2"))
        put("3")
        #expect(follower.has("changed istio=3"))
        #expect(!follower.lines.contains("failed gone"))
    }

    /// Bookmarks raise the version from which a watch resumes, past forgotten events.
    @Test func bookmarksMoveTheWatchOn() throws {
        put("1")
        let follower = try Follower(cluster, one)
        defer { follower.stop() }
        #expect(follower.has("all istio=1"))
        // Events of other objects raise the version without an event for this watch.
        for number in 0..<5 { cluster.put("namespaces", nil, ["metadata": ["name": .string("n\(number)")]]) }
        usleep(600_000)
        _ = cluster.takeLog()
        cluster.cut()
        let version = { (entry: Value) -> Int in
            let path = entry["path"]?.string ?? ""
            let mark = "resourceVersion="
            return path.firstRange(of: mark).flatMap { Int(path[$0.upperBound...].prefix { $0.isNumber }) }
                ?? 0
        }
        let resumed = eventually { cluster.takeLog().requests.contains { version($0) >= 106 } }
        #expect(resumed)
    }

    @Test func survivesARestart() throws {
        put("1")
        let follower = try Follower(cluster, one)
        defer { follower.stop() }
        #expect(follower.has("all istio=1"))
        cluster.restart(seconds: 0.5)
        put("2")
        #expect(follower.has("changed istio=2"))
        #expect(follower.lines.contains("failed unreachable"))
    }

    @Test func survivesARotatedToken() throws {
        put("1")
        let follower = try Follower(cluster, one)
        defer { follower.stop() }
        #expect(follower.has("all istio=1"))
        cluster.setTokens(["second": "system:serviceaccount:pillion:pillion"])
        cluster.cut()
        #expect(follower.has("failed unauthorized"))
        cluster.folder.write("second", to: "token")
        put("2")
        #expect(follower.has("changed istio=2"))
    }

    @Test func saysWhatIsForbiddenAndGoesOn() throws {
        put("1")
        cluster.setRules([])
        let follower = try Follower(cluster, one)
        defer { follower.stop() }
        #expect(follower.has("failed forbidden"))
        cluster.setRules([["apiGroups": [""], "resources": ["configmaps"], "verbs": ["list", "watch"]]])
        #expect(follower.has("all istio=1"))
    }

    /// If only `list` is allowed, changes are found by listing.
    @Test func listsWhereWatchingIsForbidden() throws {
        put("1")
        cluster.setRules([["apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]]])
        let follower = try Follower(cluster, one)
        defer { follower.stop() }
        #expect(follower.has("all istio=1"))
        #expect(follower.has("failed forbidden"))
        put("2")
        #expect(follower.has("all istio=2"))
    }

    /// The connection stays open, but nothing arrives.
    @Test func noticesASilentCut() throws {
        put("1")
        let follower = try Follower(cluster, one) {
            $0.watchSeconds = 1...1
            $0.watchGraceSeconds = 1
        }
        defer { follower.stop() }
        #expect(follower.has("all istio=1"))
        cluster.set(["silent": true])
        #expect(follower.has("failed timeout"))
        put("2")
        cluster.set(["silent": false])
        #expect(follower.has("changed istio=2"))
        let limits = APILimits.server
        #expect(limits.watchSeconds.upperBound + limits.watchGraceSeconds <= 45)
    }

    /// A pause of a minute ends early when another watch of the same client works again.
    @Test func oneSuccessWakesTheOthers() throws {
        put("1")
        var limits = APILimits()
        (limits.firstPause, limits.longestPause) = (60_000, 60_000)
        let access = try #require(try ClusterAccess.ofPod(environment: Environment(cluster.podEnvironment)))
        let client = APIClient(access, limits: limits)
        let seen = Mutex<[String]>([])
        cluster.setRules([])
        let waiting = Thread {
            one.run(client) { delivery in
                let word =
                    switch delivery {
                    case .failed: "failed"
                    case .all: "all"
                    default: ""
                    }
                seen.withLock { $0.append(word) }
            }
        }
        #expect(eventually { seen.withLock { $0.contains("failed") } })
        cluster.setRules([["apiGroups": [""], "resources": ["configmaps"], "verbs": ["list", "watch"]]])
        client.recovery.wakeOthers(than: WakePipe())
        #expect(eventually { seen.withLock { $0.contains("all") } })
        client.stop.raise()
        waiting?.join()
    }

    @Test func anEventThatIsTooLong() throws {
        put("1")
        let follower = try Follower(cluster, one) { $0.objectBytes = 20_000 }
        defer { follower.stop() }
        #expect(follower.has("all istio=1"))
        put(String(repeating: "x", count: 30_000))
        #expect(follower.has("failed malformed"))
    }

    @Test func manyObjects() throws {
        for number in 0..<30 { cluster.put("namespaces", nil, ["metadata": ["name": .string("n\(number)")]]) }
        let all = ObjectWatch(.namespaces) { ["metadata": ["name": $0["metadata"]?["name"] ?? .null]] }
        let follower = try Follower(cluster, all) { $0.pageItems = 7 }
        defer { follower.stop() }
        #expect(eventually { follower.lines.first?.split(separator: " ").count == 31 })
        cluster.put("namespaces", nil, ["metadata": ["name": "late"]])
        #expect(follower.has("changed late="))
    }

    @Test func moreObjectsThanAreFollowed() throws {
        for number in 0..<6 { cluster.put("namespaces", nil, ["metadata": ["name": .string("n\(number)")]]) }
        let enough = try Follower(cluster, ObjectWatch(.namespaces, mostObjects: 6)) { $0.pageItems = 4 }
        #expect(eventually { enough.lines.first?.hasPrefix("all") == true })
        enough.stop()
        let follower = try Follower(cluster, ObjectWatch(.namespaces, mostObjects: 5)) { $0.pageItems = 4 }
        #expect(follower.has("failed malformed"))
        follower.stop()
    }

    @Test func endsAtOnce() throws {
        put("1")
        cluster.set(["bookmarks": false])
        let follower = try Follower(cluster, one)
        #expect(follower.has("all istio=1"))
        usleep(200_000)
        let begin = MonotonicClock.milliseconds
        follower.stop()
        #expect(MonotonicClock.milliseconds - begin < 5_000)
    }

    @Test func linesOfPieces() {
        func lines(_ pieces: [String], longest: Int) -> (lines: [String], isOverfull: Bool) {
            var splitter = LineSplitter(longest: longest)
            var found: [String] = []
            for piece in pieces {
                let goesOn = Array(piece.utf8).withUnsafeBufferPointer { bytes in
                    splitter.split(bytes) { line in
                        found.append(String(decoding: line, as: UTF8.self))
                        return true
                    }
                }
                if !goesOn { break }
            }
            return (found, splitter.isOverfull)
        }
        #expect(lines(["a", "b\nc\n", "\n", "d"], longest: 10).lines == ["ab", "c"])
        #expect(!lines(["1234", "5\n"], longest: 5).isOverfull)
        #expect(lines(["1234", "56\n"], longest: 5).isOverfull)
        #expect(lines(["1234", "56"], longest: 5).isOverfull)
        #expect(lines(["123456\n"], longest: 5) == ([], true))
    }
}
