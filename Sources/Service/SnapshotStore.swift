import Glibc
import Injection
import Synchronization
import Values

/// The configuration that requests are answered by, and how it came to be. A request takes the snapshot once and
/// keeps it; a reload puts a new one in its place, and a state that does not compile changes nothing but the report.
final class SnapshotStore: Sendable {
    /// What `GET /debug/config` says.
    struct State: Sendable {
        var snapshot: Snapshot
        /// 1 for the first configuration; one more for each that was put in its place.
        var generation: Int
        /// A digest of the files' names and bytes.
        var hash: String
        /// When this generation was loaded, in seconds since 1970.
        var loadedAt: Int
        var lastAttempt: Attempt
    }

    struct Attempt: Sendable {
        var at: Int
        var hash: String
        /// Every problem that was found, in the order of the files; empty where the attempt was a success.
        var errors: [String]
        var isSuccess: Bool { errors.isEmpty }
    }

    /// How a reload ended.
    enum Outcome: Sendable {
        case unchanged
        case loaded(generation: Int)
        case refused([String])
    }

    let configuration: Configuration
    private let state: Mutex<State>

    /// Loads the first configuration.
    init(_ configuration: Configuration) throws {
        self.configuration = configuration
        let files = try configuration.read()
        let snapshot = try configuration.compile(files)
        let now = time(nil)
        let hash = Self.digest(files)
        state = Mutex(
            State(
                snapshot: snapshot, generation: 1, hash: hash, loadedAt: now,
                lastAttempt: Attempt(at: now, hash: hash, errors: [])))
    }

    var snapshot: Snapshot { state.withLock { $0.snapshot } }

    var current: State { state.withLock { $0 } }

    /// Reads the files again and takes them where they compile.
    func reload() -> Outcome {
        let files: InjectionFiles
        do {
            files = try configuration.read()
        } catch {
            return refuse([error.description], hash: error.description)
        }
        let hash = Self.digest(files)
        if state.withLock({ $0.lastAttempt.hash == hash }) { return .unchanged }
        let snapshot: Snapshot
        do {
            snapshot = try configuration.compile(files)
        } catch {
            return refuse(error.diagnostics.map(\.description), hash: hash)
        }
        let now = time(nil)
        let generation = state.withLock { state in
            state = State(
                snapshot: snapshot, generation: state.generation + 1, hash: hash, loadedAt: now,
                lastAttempt: Attempt(at: now, hash: hash, errors: []))
            return state.generation
        }
        return .loaded(generation: generation)
    }

    /// What was refused once is not tried again until it changes.
    private func refuse(_ errors: [String], hash: String) -> Outcome {
        let now = time(nil)
        return state.withLock { state in
            if state.lastAttempt.hash == hash { return .unchanged }
            state.lastAttempt = Attempt(at: now, hash: hash, errors: errors)
            return .refused(errors)
        }
    }

    /// FNV-1a over names and bytes: it tells states apart, it protects nothing.
    private static func digest(_ files: InjectionFiles) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func add(_ bytes: some Sequence<UInt8>) {
            for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            hash = (hash ^ 0xff) &* 0x100_0000_01b3
        }
        for text in [files.configuration, files.values, files.mesh] {
            add((text?.name ?? "").utf8)
            add(text?.bytes ?? [])
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
