import Glibc
import Injection
import Synchronization
import System
import Values

/// The configuration in use, and the result of the last attempt to load one. A request takes the snapshot once and
/// keeps it. A reload replaces the snapshot; a configuration that does not compile changes only the report.
final class SnapshotStore: Sendable {
    /// The state that `GET /debug/config` reports.
    struct State: Sendable {
        var snapshot: Snapshot
        /// The warnings about the configuration in use.
        var warnings: [Diagnostic]
        /// 1 for the first configuration, incremented by each that replaces it.
        var generation: Int
        /// A digest of the files' names and bytes.
        var hash: String
        /// The time at which this generation was loaded, in seconds since 1970.
        var loadedAt: Int
        var lastAttempt: Attempt
    }

    struct Attempt: Sendable {
        var at: Int
        var digest: FilesDigest
        /// All problems, in the order of the files; empty if the attempt succeeded.
        var errors: [String]
        var isSuccess: Bool { errors.isEmpty }
    }

    /// The result of a reload. `files` are the labels of the files that differ from the last attempt.
    enum Outcome: Sendable {
        case unchanged
        case loaded(generation: Int, files: [String])
        case refused([String], files: [String])
    }

    let configuration: Configuration
    private let state: Mutex<State>

    /// Loads the first configuration.
    init(_ configuration: Configuration) throws {
        self.configuration = configuration
        let files = try configuration.read()
        let digest = FilesDigest(files, facts: configuration.cluster?.factsGeneration)
        let checked = try configuration.compile(files)
        let now = WallClock.seconds
        state = Mutex(
            State(
                snapshot: checked.snapshot, warnings: checked.warnings, generation: 1, hash: digest.text,
                loadedAt: now,
                lastAttempt: Attempt(at: now, digest: digest, errors: [])))
    }

    var snapshot: Snapshot { state.withLock { $0.snapshot } }

    var current: State { state.withLock { $0 } }

    /// Reads the files again and uses them if they compile. Files that were refused are not tried again until they
    /// change.
    func reload() -> Outcome {
        let files: InjectionFiles
        do {
            files = try configuration.read()
        } catch {
            return refuse([error.description], FilesDigest(unreadable: error.description))
        }
        let digest = FilesDigest(files, facts: configuration.cluster?.factsGeneration)
        let last = state.withLock { $0.lastAttempt.digest }
        if last == digest { return .unchanged }
        let checked: Preflight.Checked
        do {
            checked = try configuration.compile(files)
        } catch {
            return refuse(error.diagnostics.map(\.description), digest)
        }
        let now = WallClock.seconds
        let generation = state.withLock { state in
            state = State(
                snapshot: checked.snapshot, warnings: checked.warnings, generation: state.generation + 1,
                hash: digest.text, loadedAt: now,
                lastAttempt: Attempt(at: now, digest: digest, errors: []))
            return state.generation
        }
        return .loaded(generation: generation, files: digest.changes(from: last))
    }

    private func refuse(_ errors: [String], _ digest: FilesDigest) -> Outcome {
        let now = WallClock.seconds
        return state.withLock { state in
            let last = state.lastAttempt.digest
            if last == digest { return .unchanged }
            state.lastAttempt = Attempt(at: now, digest: digest, errors: errors)
            return .refused(errors, files: digest.changes(from: last))
        }
    }
}

/// Distinguishes states of the files; it is not for security. FNV-1a over each file's name and bytes.
struct FilesDigest: Sendable, Equatable {
    private let configuration: UInt64
    private let values: UInt64
    private let mesh: UInt64
    private let facts: Int

    /// - Parameter facts: a counter that increases when other settings from the cluster change.
    init(_ files: InjectionFiles, facts: Int? = nil) {
        self.facts = facts ?? 0
        configuration = Self.hash(files.configuration)
        values = Self.hash(files.values)
        mesh = Self.hash(files.mesh)
    }

    /// - Parameter unreadable: the reason why the files could not be read.
    init(unreadable: String) {
        configuration = Self.hash(NamedText(name: "", text: unreadable))
        values = 0
        mesh = 0
        facts = 0
    }

    /// 16 digits for `/debug/config`.
    var text: String {
        let both = (configuration &* 31 &+ values) &* 31 &+ mesh
        let digits = String(both, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    func changes(from other: FilesDigest) -> [String] {
        var names: [String] = []
        if configuration != other.configuration { names.append("inject") }
        if mesh != other.mesh { names.append("mesh") }
        if values != other.values { names.append("values") }
        return names
    }

    private static func hash(_ text: NamedText?) -> UInt64 {
        guard let text else { return 0 }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        for byte in text.bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return hash
    }
}
