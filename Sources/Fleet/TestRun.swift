public import Injection
import PluginAPI
import System
public import Values
import YAML

/// Runs the cases of a configuration's test.
///
/// In: a configuration and cases. Out: for each case, whether it passed, and the differences between the result and the
/// expected one, with the line of the template that wrote them.
public struct TestRun {
    /// The result of a case.
    public enum Outcome: Sendable {
        case passed
        /// The result differs from the expected one.
        case different([LiveDifference])
        /// There is an unexpected or a different error, or an expected error is missing.
        case wrong(String)
        /// The case cannot be run.
        case problem(String)
        /// The expected result was written.
        case updated
    }

    public typealias Compile = (InjectionFiles) throws -> Snapshot

    /// The largest number of cached snapshots for cases with their own values and mesh configurations.
    private static let maximumSnapshots = 16

    private let files: InjectionFiles
    private let compile: Compile
    private let asManifest: Bool
    private var snapshots: [String: Snapshot] = [:]

    /// - Parameters:
    ///   - asManifest: whether Pods are injected as kube-inject does.
    ///   - compile: compiles files with the options of the run.
    public init(_ files: InjectionFiles, asManifest: Bool = false, compile: @escaping Compile) {
        self.files = files
        self.asManifest = asManifest
        self.compile = compile
    }

    /// Runs one case.
    ///
    /// - Parameter updates: whether the expected result is written if it differs from the actual one.
    public mutating func run(name: String, folder: String, updates: Bool = false) -> Outcome {
        do {
            let test = try TestCase(name: name, folder: folder)
            let snapshot = try snapshot(for: test)
            let outcomes = test.objects.map {
                Pipeline.trial(
                    of: $0, question: test.question, asManifest: asManifest, snapshot: snapshot)
            }
            let outcome = Self.compare(outcomes, with: test)
            if case .passed = outcome { return outcome }
            guard updates else { return outcome }
            try Self.update(test, outcomes)
            return .updated
        } catch {
            return .problem("\(error)")
        }
    }

    // MARK: Configuration

    private mutating func snapshot(for test: TestCase) throws -> Snapshot {
        let key = [test.values, test.mesh].map { $0.map { JSON.text($0) } ?? "" }.joined(separator: "\n")
        if let known = snapshots[key] { return known }
        var files = files
        files.values = try Self.overlay(files.values, test.values, name: "\(test.folder)/values.yaml")
        files.mesh = try Self.overlay(files.mesh, test.mesh, name: "\(test.folder)/mesh.yaml")
        let snapshot = try compile(files)
        if snapshots.count >= Self.maximumSnapshots { snapshots.removeAll() }
        snapshots[key] = snapshot
        return snapshot
    }

    private static func overlay(_ text: NamedText?, _ over: Value?, name: String) throws -> NamedText? {
        guard let over else { return text }
        var value = Value.object(Object())
        if let text { value = try YAMLReader.value(text.bytes) }
        lay(over, over: &value)
        return NamedText(name: name, text: JSON.text(value))
    }

    /// Overlays a value: objects are merged, everything else is replaced. The depth is limited by the YAML reader.
    private static func lay(_ over: Value, over value: inout Value) {
        guard case .object(let members) = over, case .object? = Optional(value) else {
            value = over
            return
        }
        value.modifyObject { object in
            for member in members.members {
                object.modify(member.key) { lay(member.value, over: &$0) }
            }
        }
    }

    // MARK: Comparison

    private static func compare(_ outcomes: [TrialOutcome], with test: TestCase) -> Outcome {
        let error = outcomes.lazy.compactMap(\.error).first?.description
        if let expected = test.error {
            let wanted = trimmed(expected)
            guard let error else { return .wrong("found no error, expected \(quoted(wanted))") }
            return !wanted.isEmpty && error.holds(wanted)
                ? .passed : .wrong("found the error \(quoted(trimmed(error))), expected \(quoted(wanted))")
        }
        guard let want = test.want else {
            return .wrong("found neither want.yaml nor error.txt, expected one of them; --update writes it")
        }
        if let error {
            return .wrong("found the error \(quoted(trimmed(error))), expected the pod of want.yaml")
        }
        guard outcomes.count == want.count else {
            return .wrong("found \(outcomes.count) objects, expected the \(want.count) of want.yaml")
        }
        let differences = zip(outcomes, want).enumerated().flatMap { index, pair in
            pair.0.differences(from: pair.1).map { difference in
                var difference = difference
                if want.count > 1 { difference.pointer = "#\(index + 1)" + difference.pointer }
                return difference
            }
        }
        return differences.isEmpty ? .passed : .different(differences)
    }

    private static func quoted(_ text: String) -> String { JSON.text(.string(text)) }

    private static func trimmed(_ text: String) -> String {
        let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 }
        let bytes = Array(text.utf8.drop(while: isBlank))
        let end = bytes.lastIndex { !isBlank($0) }.map { $0 + 1 } ?? 0
        return String(decoding: bytes[..<end], as: UTF8.self)
    }

    // MARK: Files

    private static func update(_ test: TestCase, _ outcomes: [TrialOutcome]) throws {
        let (want, error) = ("\(test.folder)/want.yaml", "\(test.folder)/error.txt")
        if let found = outcomes.lazy.compactMap(\.error).first {
            try File.write(Array((trimmed(found.description) + "\n").utf8), to: error)
            if test.want != nil { try File.remove(want) }
            return
        }
        let texts = outcomes.map { YAMLWriter.text($0.value, order: .asGiven) }
        try File.write(Array(texts.joined(separator: "---\n").utf8), to: want)
        if test.error != nil { try File.remove(error) }
    }

    /// Creates the folder of a case for each object with pods, without the expected result.
    ///
    /// A running pod is converted to the pod that a webhook received.
    ///
    /// - Returns: the cases' names and folders.
    public static func make(
        from objects: [Value], in root: String
    ) throws -> [(name: String, folder: String)] {
        if !Folder.exists(root) { try Folder.make(root) }
        var made: [(String, String)] = []
        for object in objects {
            guard let object = Pipeline.testObject(from: object) else { continue }
            let base = name(of: object)
            var name = base
            var number = 2
            while made.contains(where: { $0.0 == name }) {
                name = "\(base)-\(number)"
                number += 1
            }
            let folder = "\(root)/\(name)"
            guard !Folder.exists(folder) else {
                throw CaseError("\(folder): the folder exists, expected a new one: --init replaces nothing")
            }
            try Folder.make(folder)
            try File.write(
                Array(YAMLWriter.text(object, order: .asGiven).utf8), to: "\(folder)/pod.yaml")
            made.append((name, folder))
        }
        return made
    }

    /// Returns a name such as `deployment-shop-cart`, of letters, digits, dots and dashes.
    private static func name(of object: Value) -> String {
        let metadata = object["metadata"]
        let stated = metadata?["name"]?.string ?? metadata?["generateName"]?.string ?? ""
        let parts = [
            object["kind"]?.string?.lowercased() ?? "pod", metadata?["namespace"]?.string ?? "", stated,
        ]
        let text = parts.filter { !$0.isEmpty }.joined(separator: "-")
        let isPlain = { (byte: UInt8) in
            byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: ".")
        }
        let bytes = text.utf8.prefix(120).map { isPlain($0) ? $0 : UInt8(ascii: "-") }
        var name = String(decoding: bytes, as: UTF8.self)
        while name.ends(with: "-") || name.ends(with: ".") { name.removeLast() }
        return name.isEmpty ? "pod" : name
    }
}
