import Injection
import System
import Values
import YAML

/// One case of a configuration's test: a folder.
///
/// | file | what |
/// | --- | --- |
/// | `pod.yaml` | the object that is injected: a Pod as a webhook sees it, or another object with a pod template |
/// | `want.yaml` | the object that is expected |
/// | `error.txt` | or the error that is expected: a part of its text |
/// | `values.yaml`, `mesh.yaml` | overlaid on those of the configuration, optional |
/// | `namespace.yaml` | the Namespace, of which name and labels are used, optional |
public struct TestCase: Sendable {
    public let name: String
    public let folder: String
    let objects: [Value]
    let want: [Value]?
    let error: String?
    let values: Value?
    let mesh: Value?
    var question = LiveQuestion()

    /// The largest size of one file of a case, in bytes.
    private static let fileBytes = 4 << 20
    /// The largest number of cases in one run.
    static let maximumCases = 100_000
    /// The largest depth of folders within folders.
    private static let maximumDepth = 8

    /// Finds the cases below a folder, by name: all folders with a `pod.yaml`.
    public static func folders(in root: String) throws(CaseError) -> [(name: String, folder: String)] {
        var found: [(String, String)] = []
        try collect(root, "", depth: 0, &found)
        return found
    }

    private static func collect(
        _ folder: String, _ name: String, depth: Int, _ found: inout [(String, String)]
    ) throws(CaseError) {
        guard found.count < maximumCases else {
            throw CaseError("\(folder): found more than \(maximumCases) cases, expected at most that")
        }
        do throws(FileError) {
            if File.isReadable("\(folder)/pod.yaml") {
                found.append((name.isEmpty ? String(folder.split(byte: "/").last ?? ".") : name, folder))
            }
            guard depth < maximumDepth else { return }
            let names = try Folder.names(in: folder) { Folder.exists("\(folder)/\($0)") }
            for inner in names {
                let path = name.isEmpty ? inner : "\(name)/\(inner)"
                do throws(CaseError) {
                    try collect("\(folder)/\(inner)", path, depth: depth + 1, &found)
                } catch { throw FileError(path: folder, reason: error.description) }
            }
        } catch {
            throw CaseError(error.description)
        }
    }

    /// Reads a case.
    public init(name: String, folder: String) throws(CaseError) {
        self.name = name
        self.folder = folder
        objects = try Self.documents("\(folder)/pod.yaml") ?? []
        want = try Self.documents("\(folder)/want.yaml")
        error = try Self.text("\(folder)/error.txt").map { String(decoding: $0, as: UTF8.self) }
        values = try Self.documents("\(folder)/values.yaml")?.first
        mesh = try Self.documents("\(folder)/mesh.yaml")?.first
        guard !objects.isEmpty else { throw CaseError("\(folder)/pod.yaml: holds no object") }
        guard want == nil || error == nil else {
            throw CaseError("\(folder): found want.yaml and error.txt, expected one of them")
        }
        if let namespace = try Self.documents("\(folder)/namespace.yaml")?.first {
            let name = namespace["metadata"]?["name"]?.string ?? ""
            if !name.isEmpty { question.namespace = name }
            if case .object(var labels)? = namespace["metadata"]?["labels"] {
                labels["kubernetes.io/metadata.name"] = .string(question.namespace)
                question.namespaceLabels = labels
            }
        }
    }

    /// The objects as a corpus for comparing configurations.
    public var subjects: [ConfigurationComparison.Subject] {
        objects.enumerated().map { index, object in
            ConfigurationComparison.Subject(
                name: objects.count == 1 ? name : "\(name)#\(index + 1)", object: object, question: question)
        }
    }

    private static func text(_ path: String) throws(CaseError) -> [UInt8]? {
        guard File.isReadable(path) else { return nil }
        do throws(FileError) {
            return try File.contents(of: path, atMost: fileBytes)
        } catch {
            throw CaseError(error.description)
        }
    }

    private static func documents(_ path: String) throws(CaseError) -> [Value]? {
        guard let bytes = try text(path) else { return nil }
        do throws(YAMLError) {
            return try YAMLReader.documents(bytes).filter { !$0.isEmpty }.map(\.value)
        } catch {
            throw CaseError("\(path): the file is not YAML: \(error)")
        }
    }
}

/// The reason why a case cannot be read or written.
public struct CaseError: Error, Sendable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}
